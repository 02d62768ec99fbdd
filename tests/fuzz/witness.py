"""What strict PDDL says of a plan that was judged, by the naive interpreter, which shares no code with the checker."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from tests.val_bridge.naive import Naive, parse
from val_bridge import Task, Verdict, write_domain, write_problem
from val_bridge.pddl.strata import strata

HEAVIEST = 4000
"""Bindings that the naive interpreter may have to try for one formula; it would take too long beyond."""

_PLAN = re.compile(
    r"\s*(?:(?:[0-9]*\.?[0-9]+|[0-9]+\.)\s*:\s*)?\(\s*([a-z][a-z0-9_-]*(?:\s+[a-z][a-z0-9_-]*)*)\s*\)"
    r"(?:\s*\[(?:[0-9]*\.?[0-9]+|[0-9]+\.)\])?\s*",
    re.ASCII,
)


def plain_calls(text: str) -> list[tuple[str, ...]] | None:
    """The calls of a plan text, found with one regular expression; None if there is anything else in it."""
    text = re.sub(r";[^\n]*", "", text).lower()
    calls, place = [], 0
    while match := _PLAN.match(text, place):
        calls.append(tuple(match[1].split()))
        place = match.end()
    return None if text[place:].strip(" \t\r\n\f\v") else calls


class Witness:
    """A naive interpreter of a task, as our writer prints it unless its own texts are given.

    `too_heavy`: it had better not be asked.
    """

    def __init__(self, task: Task, domain: str = "", problem: str = "") -> None:
        domain, problem = domain or write_domain(task.domain), problem or write_problem(task.problem)
        order = [sorted(group) for group in strata(task.domain.axioms)]
        self.too_heavy = _weight(parse(domain), len(task.objects)) + _weight(parse(problem), len(task.objects)) > HEAVIEST
        self.naive = Naive(domain, problem, order)
        if task.warnings:
            self.naive.values.setdefault(("total-cost",), Fraction(0))

    def judge(self, calls: Sequence[tuple[str, ...]]) -> tuple[str, int | None]:
        """(what is wrong or "valid", at which step)."""
        for number, call in enumerate(calls, 1):
            if not self._binds(call):
                # What fails before it fails first.
                wrong, step, _ = self.naive.judge(calls[: number - 1])
                return (wrong, step) if step else ("unbound", number)
        wrong, step, _ = self.naive.judge(calls)
        return wrong, step

    def _binds(self, call: tuple[str, ...]) -> bool:
        name, *arguments = call
        if name not in self.naive.actions:
            return False
        parameters = self.naive.actions[name][0]
        return len(parameters) == len(arguments) and all(
            argument in self.naive.fitting(kinds)
            for argument, (_, kinds) in zip(arguments, parameters, strict=True)
        )


def said(verdict: Verdict) -> tuple[str, int | None]:
    """A verdict in the witness's words."""
    if verdict.first is None:
        return "valid", None
    kind = verdict.first.kind.value
    return "unbound" if kind in ("unknown_action", "unknown_object", "wrong_arity", "wrong_type") else kind, verdict.first.step


def _weight(tree: list | str, objects: int) -> int:
    """How many bindings the nested quantifiers of a text ask for; an axiom's and a schema's own variables count too."""
    if isinstance(tree, str):
        return 1
    inner = sum(_weight(part, objects) for part in tree) or 1
    variables = 0
    if tree and tree[0] in ("forall", "exists") and len(tree) > 1:
        variables = sum(1 for word in tree[1] if isinstance(word, str) and word.startswith("?"))
    elif tree and tree[0] == ":derived":
        variables = sum(1 for word in tree[1] if word.startswith("?"))
        inner *= 4
    return min(inner * max(1, objects) ** variables, 10**9)
