"""`planlearn check-chain`: does every state of a state-action-state chain follow, and if not, which fact is wrong."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from planlearn.cli.app import command, report, sentence
from planlearn.cli.check import EXIT_CODES, named_task
from planlearn.errors import PlanlearnError
from val_bridge import (
    Call,
    ParsedChain,
    SourceError,
    Task,
    Verdict,
    chain_answer,
    check_chain as judge,
    no_chain_answer,
    read_chain,
)  # fmt: skip
from val_bridge.check.plan import unreadable
from val_bridge.pddl.read import read_utf8


class States(StrEnum):
    """What a chain's states say."""

    COMPLETE = "complete"
    FLUENT = "fluent"
    CHANGES = "changes"


class JudgeFrom(StrEnum):
    CLAIMED = "claimed"
    CORRECT = "correct"


@command()
def check_chain(
    domain: Annotated[str, typer.Argument(help="A domain file, or the name of a domain that planlearn carries.")],
    problem: Annotated[Path, typer.Argument(help="A problem file.")],
    chain: Annotated[Path, typer.Argument(help="A JSON list of states and actions, or planlearn's own chain text.")],
    states: Annotated[
        States, typer.Option(help="What states of a JSON chain say: all facts, all but the static ones, or changes.")
    ] = States.COMPLETE,
    judge_from: Annotated[
        JudgeFrom, typer.Option(help="Judge each step from the claimed state before it, or from the correct one.")
    ] = JudgeFrom.CLAIMED,
    lenient: Annotated[bool, typer.Option(help="Skip and list lines of a chain text that cannot be read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Judge a state-action-state chain: the first step that fails, with every wrong fact and its cause.

    Exit code: 0 valid, 1 invalid, 2 unreadable, 3 internal error.
    """
    skipped: tuple[str, ...] = ()
    try:
        task = named_task(domain, problem)
        try:
            parsed, skipped = _parsed(read_utf8(chain, "plan_syntax"), str(chain), task, states, lenient)
            verdict = judge(task, parsed, complete=states is not States.FLUENT, judge_from=judge_from.value)
        except SourceError as error:
            if error.kind != "plan_syntax":
                raise
            verdict = unreadable(error)
    except (SourceError, OSError, PlanlearnError) as error:
        if not as_json:
            raise
        kind = error.kind if isinstance(error, SourceError) else None
        typer.echo(json.dumps(no_chain_answer(sentence(error), kind) | {"skipped": []}))
        raise typer.Exit(report(error)) from None
    typer.echo(_json(task, verdict, skipped) if as_json else _text(task, verdict, skipped))
    raise typer.Exit(EXIT_CODES[verdict.outcome])


def _parsed(text: str, file: str, task: Task, states: States, lenient: bool) -> tuple[ParsedChain, tuple[str, ...]]:
    """(the claimed chain, the lines that were skipped). Raises SourceError of kind plan_syntax.

    What a step leaves out cannot be judged, so a step without a state (or, in a text, without what it does) is an error.
    """
    changes = states is States.CHANGES
    if text.lstrip().startswith("["):
        return read_chain(text, file, changes=changes, complete=True), ()
    if lenient and (found := _json_inside(text, file, changes)):
        return found
    from planlearn.chains import read_answer
    from planlearn.chains.read import MOST_STEPS, TOO_MANY_STEPS, plan_header, read_calls
    from val_bridge.pddl.tokens import Source

    def fail(line: str, start: int, expected: str) -> NoReturn:
        raise SourceError("plan_syntax", Source(text, file).span(start, start + len(line)), expected, repr(line))

    answer = read_answer(text, task)
    if answer.unread == (TOO_MANY_STEPS,):
        raise SourceError("plan_syntax", Source(text, file).span(0, 0), f"a chain of at most {MOST_STEPS:,} steps", TOO_MANY_STEPS)
    problem = answer.unread[0] if answer.unread else "" if answer.chain is not None else text.strip()[:40]
    if answer.chain is None or answer.unread and not lenient:
        fail(problem, text.find(problem), _EXPECTED)
    for claim in answer.chain.claims:
        if claim.add is None and claim.after is None and claim.span is not None and _does_something(task, claim.call):
            fail(text[claim.span.start : claim.span.end], claim.span.start, "a step that says what it does, or the state behind it")
    if (header := plan_header(text)) is not None:
        _, error = read_calls(text, header.end())
        if error is not None:  # as in an answer, one line makes the plan unreadable, leniently too
            fail(text[error.span.start : error.span.end], error.span.start, error.expected)
    return answer.chain, answer.unread


_EXPECTED = "a chain: JSON or a line of planlearn's chain text"


def _does_something(task: Task, call: Call) -> bool:
    schema = task.domain.actions.get(call.name)
    return schema is None or bool(schema.effect)


def _json_inside(text: str, file: str, changes: bool) -> tuple[ParsedChain, tuple[str, ...]] | None:
    """The first JSON chain in a text, and the lines around it; None where there is none."""
    decoder = json.JSONDecoder()
    for opening in islice(re.finditer(r"\[\s*\{", text), 8):
        try:
            _, end = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            continue
        # Blanks in place of what stands before it keep its lines and columns.
        before = re.sub(r"[^\n]", " ", text[: opening.start()])
        chain = read_chain(before + text[opening.start() : end], file, changes=changes, complete=True)
        around = (text[: opening.start()], text[end:])
        return chain, tuple(line.strip() for part in around for line in part.split("\n") if line.strip())
    return None


def _json(task: Task, verdict: Verdict, skipped: tuple[str, ...]) -> str:
    answer: dict[str, Any] = chain_answer(task, verdict)
    return json.dumps(answer | {"skipped": list(skipped)})


def _text(task: Task, verdict: Verdict, skipped: tuple[str, ...]) -> str:
    from planlearn.feedback import detailed_feedback

    said = [f"skipped: {line}" for line in skipped] + [f"warning: {warning}" for warning in verdict.warnings]
    return "\n".join([*said, detailed_feedback(verdict, task).text])
