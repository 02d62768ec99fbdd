"""`planlearn faults`: the catalogue of what can be wrong with a plan or a chain."""

from __future__ import annotations

from typing import Annotated

import typer

from planlearn.cli.app import command


@command()
def faults(
    kind: Annotated[str | None, typer.Argument(help="A kind of fault, e.g. precondition.")] = None,
) -> None:
    """List the kinds of fault, or explain one: what it means, why it fails, the smallest example."""
    from planlearn.feedback import page_text, summary
    from val_bridge import FaultKind

    if kind is not None:
        typer.echo(page_text(kind).rstrip("\n"))
        return
    width = max(len(known.value) for known in FaultKind)
    for known in FaultKind:
        typer.echo(f"{known.value:{width}}  {summary(known.value)}")
