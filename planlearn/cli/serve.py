"""`planlearn serve`: the player as a local page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planlearn.cli.app import command


@command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1; 0 for any that is free.")] = 8765,
    adapter: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="A trained adapter's (or whole model's) folder: the page can then ask the model.")
    ] = None,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
) -> None:
    """Judge plans and chains in a local page while you type, and see where they fail.

    Answers on 127.0.0.1 alone, to its own page alone; Ctrl-C ends it.

    \b
    The page:
      planlearn serve --open
    With a model to ask:
      planlearn serve --adapter data/adapters/blocksworld-nano
    """
    from planlearn.serve.run import serve as run

    def ready(address: str) -> None:
        typer.echo(f"planlearn is at {address} (Ctrl-C ends it)")
        if open_page:
            import webbrowser

            webbrowser.open(address)

    run(port, adapter=adapter, ready=ready)
