"""`planlearn faults`: the catalogue of what can be wrong with a plan, a chain, a domain or a problem."""

from __future__ import annotations

from typing import Annotated

import typer

from planlearn.cli.app import command


@command()
def faults(
    kind: Annotated[str | None, typer.Argument(help="A kind of fault, e.g. precondition.")] = None,
) -> None:
    """List the kinds of fault, or explain one: what it means, why it fails, the smallest example."""
    from planlearn.feedback import KINDS, page_text, summary

    if kind is not None:
        typer.echo(page_text(kind).rstrip("\n"))
        return
    width = max(map(len, KINDS))
    for known in KINDS:
        typer.echo(f"{known:{width}}  {summary(known)}")
