"""A verdict as a piece of HTML, for notebooks: outcome, executed steps, faults with what is wrong and why.

Every text is escaped and cut, marks that turn the reading direction are shown by their numbers, and colours are those around it, so that it reads
on a light page and on a dark one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from val_bridge.check.answers import cause_of
from val_bridge.check.faults import Fault, Outcome, Verdict
from val_bridge.check.plan import Change
from val_bridge.check.visible import visible
from val_bridge.pddl.formula import number_text
from val_bridge.pddl.syntax import atom_text
from val_bridge.semantics.task import Task

MOST_STEPS, LAST_STEPS, MOST_FAULTS, MOST_FACTS, MOST_LETTERS = 100, 10, 50, 40, 1000
"""Steps that are shown, of them those at the end; faults; facts in a cell or under a fault; letters of one text."""

_SIGNS = {Outcome.VALID: "✓", Outcome.INVALID: "✗", Outcome.UNREADABLE: "?"}
# A notebook aligns tables to the right, and colours every second row.
_CELL = "text-align:left;vertical-align:top;background:transparent;border-bottom:1px solid rgba(128,128,128,.4);padding:.2em .8em .2em 0"


def verdict_html(verdict: Verdict) -> str:
    """One <div>, without scripts and ids."""
    parts = [
        f"<p><strong>{_SIGNS[verdict.outcome]} {_text(_headline(verdict))}</strong></p>",
        *(f"<p>warning: {_text(warning)}</p>" for warning in verdict.warnings[:MOST_FAULTS]),
        *_steps(verdict),
        *_faults(verdict),
    ]
    return f'<div class="val-bridge-verdict" style="overflow-x:auto">{"".join(parts)}</div>'


def _headline(verdict: Verdict) -> str:
    """The faults' own words follow below."""
    fault = verdict.first
    if fault is None:
        return str(verdict)
    place = {None: "", 0: ", first state"}.get(fault.step, f", step {fault.step}")
    return f"{verdict.outcome.value}: {fault.kind.value}{place}"


def _text(text: str) -> str:
    cut = f" … ({len(text) - MOST_LETTERS:,} letters more)" if len(text) > MOST_LETTERS else ""
    return f"<bdi>{escape(visible(text[:MOST_LETTERS]))}</bdi>{cut}"


def _steps(verdict: Verdict) -> Iterator[str]:
    count = len(verdict.steps)
    failed = next((fault for fault in verdict.faults if fault.step == count + 1), None) if count < verdict.plan_length else None
    if not count and failed is None:
        return
    head = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in ("step", "action", "deleted", "added"))
    yield f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>'
    first = count if count <= MOST_STEPS else MOST_STEPS - LAST_STEPS
    for number in range(1, first + 1):
        yield _row(number, Change.of(verdict.steps[number - 1]))
    if first < count:
        left_out = count - MOST_STEPS
        said = f"… {left_out:,} {'step is' if left_out == 1 else 'steps are'} left out …"
        yield f'<tr><td colspan="4" style="{_CELL}">{said}</td></tr>'
        for number in range(count - LAST_STEPS + 1, count + 1):
            yield _row(number, Change.of(verdict.steps[number - 1]))
    if failed is not None:
        cells = _cell(str(count + 1)) + _cell(f"<code>{_text(failed.action or '')}</code>")
        yield f'<tr>{cells}<td colspan="2" style="{_CELL}">✗ cannot be executed</td></tr>'
    yield "</tbody></table>"
    behind = verdict.plan_length - count - (failed is not None)
    if behind > 0:
        yield f"<p>{behind:,} {'step after it is' if behind == 1 else 'steps after it are'} not executed.</p>"


def _row(number: int, change: Change) -> str:
    numbers = [
        f"{atom_text(fluent)} {'undefined' if old is None else number_text(old)} → {number_text(new)}"
        for fluent, (old, new) in change.values.items()
    ]
    added = [*(f"+ {text}" for text in change.add), *numbers]
    cells = (str(number), f"<code>{_text(change.action)}</code>", _facts(f"− {text}" for text in change.delete), _facts(added))
    return f"<tr>{''.join(map(_cell, cells))}</tr>"


def _cell(html: str) -> str:
    return f'<td style="{_CELL}">{html}</td>'


def _facts(texts: Iterable[str]) -> str:
    listed = list(texts)
    more = [f"{len(listed) - MOST_FACTS:,} more"] if len(listed) > MOST_FACTS else []
    return "<br>".join([*(f"<code>{_text(text)}</code>" for text in listed[:MOST_FACTS]), *more])


def _faults(verdict: Verdict) -> Iterator[str]:
    if not verdict.faults:
        return
    task = _task_of(verdict)
    yield "<ul>"
    for fault in verdict.faults[:MOST_FAULTS]:
        yield f"<li>{_text(str(fault))}"
        if fault.violations:
            yield "<ul>"
            for violation in fault.violations[:MOST_FACTS]:
                cause = cause_of(task, verdict, fault, violation).get("cause", "") if task is not None else ""
                because = f": {_text(cause)}" if cause else ""
                yield f"<li>{violation.kind.replace('_', ' ')} <code>{_text(str(violation.literal))}</code>{because}</li>"
            yield _more(len(fault.violations) - MOST_FACTS, "fact")
            yield "</ul>"
        yield "</li>"
    yield _more(len(verdict.faults) - MOST_FAULTS, "fault")
    yield "</ul>"


def _more(count: int, what: str) -> str:
    return f"<li>{count:,} more {what}{'' if count == 1 else 's'}</li>" if count > 0 else ""


def _task_of(verdict: Verdict) -> Task | None:
    """The task that a verdict's evidence is about; None where nothing was judged."""

    def evidence(fault: Fault) -> Iterator[Task]:
        yield from (one.task for one in (fault.evidence, fault.applied) if one is not None)

    found = (task for fault in verdict.faults for task in evidence(fault))
    return verdict.goal.task if verdict.goal is not None else next(found, None)
