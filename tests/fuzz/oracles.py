"""What must hold of any text whatever: what comes out is documented, points into the text, and is right.

`examine` runs one case. It returns what became of the text; anything else that comes out is a find: an exception that
no docstring promises, `Wrong` from a check below, or `Slow`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal as OneOf, TypeVar

from planlearn.chains import find_plan, read_answer
from planlearn.feedback import binary_feedback, detailed_feedback
from tests.fuzz.seeds import Seed
from tests.fuzz.witness import Witness, plain_calls, said
from val_bridge import (
    Domain,
    Outcome,
    ParsedChain,
    Plan,
    Problem,
    SourceError,
    Span,
    Task,
    Verdict,
    chain_answer,
    check_chain,
    check_plan,
    load_domain,
    load_plan,
    load_problem,
    plan_answer,
    read_chain,
    read_domain,
    read_plan,
    read_problem,
    read_task,
    source_answer,
    transcript,
    write_domain,
    write_plan,
    write_problem,
)
from val_bridge.check.plan import unreadable
from val_bridge.dialect.transcript import plan_times
from val_bridge.pddl.read import read_utf8

Kind = OneOf["domain", "problem", "plan", "answer", "chain", "json"]
KINDS: tuple[Kind, ...] = ("domain", "problem", "plan", "answer", "chain", "json")

_ERRORS = {
    "domain": {"domain_syntax", "domain_semantic", "unsupported_feature"},
    "problem": {"problem_syntax", "problem_semantic", "unsupported_feature"},
    "plan": {"plan_syntax"},
    "json": {"plan_syntax"},
}
SECONDS = 1.0

Answer = TypeVar("Answer")


class Wrong(AssertionError):
    """A documented promise that is not kept."""


class Slow(AssertionError):
    """A text that took too much of the processor's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mutated text; all that it is judged with is the seed's. `data` is set where bytes were mutated."""

    kind: Kind
    seed: Seed
    text: str
    data: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """A plan that was called valid, with the texts of its task: what VAL may be asked about."""

    domain: str
    problem: str
    plan: str


@dataclass(slots=True)
class Examined:
    """What became of a case: "refused", "accepted" or an outcome; the processor's seconds; the plans called valid."""

    became: str
    seconds: float
    valid: list[Valid]


def examine(case: Case, folder: Path | None = None) -> Examined:
    """Raises Wrong, Slow, or whatever the code under test should not have raised."""
    examiner = _Examiner(case, folder)
    became = getattr(examiner, case.kind)()
    if examiner.seconds > SECONDS:
        raise Slow(f"{examiner.seconds:.2f} s for {len(case.text)} characters")
    return Examined(became, examiner.seconds, examiner.valid)


def ensure(holds: bool, sentence: str) -> None:
    if not holds:
        raise Wrong(sentence)


@lru_cache(maxsize=128)
def _task(domain: str, problem: str) -> Task:
    return read_task(domain, problem)


@lru_cache(maxsize=128)
def _witness(domain: str, problem: str) -> Witness:
    return Witness(_task(domain, problem))


class _Examiner:
    def __init__(self, case: Case, folder: Path | None) -> None:
        self.case = case
        self.folder = folder
        # What a file of these bytes holds, if it holds text at all.
        self.text = case.text if case.data is None else case.data.decode("utf-8", "replace").removeprefix("\ufeff")
        self.seconds = 0.0
        self.valid: list[Valid] = []

    # The kinds

    def domain(self) -> str:
        seed = self.case.seed
        try:
            domain = self.timed(load_domain, self.file()) if self.case.data is not None else self.timed(read_domain, self.text)
        except SourceError as error:
            return self.refused(error)
        again = self.timed(read_domain, self.timed(write_domain, domain))
        ensure(again == domain, "a written domain does not read back as the same")
        try:
            problem = read_problem(seed.problem, domain)
        except SourceError as error:
            self.points(error, seed.problem)
            return "accepted"
        return self.judge_task(domain, problem, self.text, seed.problem)

    def problem(self) -> str:
        domain = _task(self.case.seed.domain, self.case.seed.problem).domain
        try:
            if self.case.data is not None:
                problem = self.timed(load_problem, self.file(), domain)
            else:
                problem = self.timed(read_problem, self.text, domain)
        except SourceError as error:
            return self.refused(error)
        again = self.timed(read_problem, self.timed(write_problem, problem), domain)
        ensure(again == problem, "a written problem does not read back as the same")
        return self.judge_task(domain, problem, self.case.seed.domain, self.text)

    def judge_task(self, parsed: Domain, parsed_problem: Problem, domain: str, problem: str) -> str:
        """The seed's plans in the mutated task."""
        try:
            task = self.timed(Task, parsed, parsed_problem)
        except SourceError as error:
            ensure(error.kind == "unsupported_feature", f"a task refused as {error.kind}")
            return "refused"
        witness = Witness(task)
        # Of the texts themselves, so that what our reader drops is missed.
        strict = self.asked_strictly(lambda: Witness(task, domain, problem))
        for text in self.case.seed.plans[:4]:
            try:
                plan = read_plan(text)
            except SourceError:
                continue
            try:
                verdict = self.verdict_on_plan(task, plan, text, witness)
            except SourceError as error:
                # Axioms that take too many tries in a state.
                ensure(error.kind == "unsupported_feature", f"a task refused as {error.kind}")
                return "refused"
            if strict is not None:
                self.asked_strictly(partial(self.confirmed_by, strict, verdict, plan))
            if verdict.outcome is Outcome.VALID:
                self.valid.append(Valid(domain=domain, problem=problem, plan=text))
        return "judged"

    def asked_strictly(self, question: Callable[[], Answer]) -> Answer | None:
        """What the witness says, None if it nests too deeply for it. What it cannot read, we should not have read."""
        try:
            return question()
        except RecursionError:
            return None
        except Wrong:
            raise
        except Exception as error:
            raise Wrong(f"accepted, but the witness cannot read it: {error!r}") from error

    def plan(self) -> str:
        seed = self.case.seed
        task = _task(seed.domain, seed.problem)
        try:
            plan = self.timed(load_plan, self.file()) if self.case.data is not None else self.timed(read_plan, self.text)
        except SourceError as error:
            verdict = unreadable(error)
            self.told(task, None, verdict, self.text)
            return self.refused(error)
        ensure(read_plan(write_plan(plan)) == plan, "a written plan does not read back as the same")
        calls = plain_calls(self.text) if self.case.data is None else None
        if self.case.data is None:
            ensure(calls == as_tuples(plan), f"the text says {calls}, read was {as_tuples(plan)}")
        for call in plan.calls:
            self.inside(call.span, self.text)
        verdict = self.verdict_on_plan(task, plan, self.text, _witness(seed.domain, seed.problem))
        if verdict.outcome is Outcome.VALID:
            self.valid.append(Valid(domain=seed.domain, problem=seed.problem, plan=self.text))
        return verdict.outcome.value

    def answer(self) -> str:
        seed = self.case.seed
        task = _task(seed.domain, seed.problem)
        found = self.timed(find_plan, self.text, task)
        ensure(found.plan is None or found.error is None, "a plan and an error")
        ensure(found.plan is None or len(found.plan) > 0 or "Plan:" in self.text, "an empty plan out of prose")
        for skipped in self.timed(lambda: found.skipped):
            self.inside(skipped.span, self.text)
            ensure(self.text[skipped.span.start : skipped.span.end] == skipped.text, "a skipped text that is not there")
        ends = [0]
        for start, end, _ in found.pieces:
            ensure(ends[-1] <= start <= end <= len(self.text), "pieces that overlap")
            ends.append(end)
        if found.error is not None:
            self.points(found.error, self.text)
            return "unreadable"
        if found.plan is None:
            return "no plan"
        for call in found.plan.calls:
            self.inside(call.span, self.text)
        return self.verdict_on_plan(task, found.plan, self.text, _witness(seed.domain, seed.problem)).outcome.value

    def chain(self) -> str:
        seed = self.case.seed
        task = _task(seed.domain, seed.problem)
        answer = self.timed(read_answer, self.text, task)
        for line in answer.unread:
            ensure(line in self.text, "an unread line that is not there")
        if answer.plan is not None:
            self.verdict_on_plan(task, answer.plan, self.text, _witness(seed.domain, seed.problem))
        return "no chain" if answer.chain is None else self.verdict_on_chain(task, answer.chain)

    def json(self) -> str:
        seed = self.case.seed
        task = _task(seed.domain, seed.problem)
        became = "refused"
        for changes in (False, True):
            try:
                if self.case.data is not None:
                    self.text = read_utf8(self.file(), "plan_syntax")
                parsed = self.timed(lambda changes=changes: read_chain(self.text, changes=changes))
            except SourceError as error:
                self.refused(error)
                continue
            became = self.verdict_on_chain(task, parsed)
        return became

    # What they share

    def timed(self, function, *arguments):
        """The result; the longest time of the processor for one thing asked is the case's."""
        began = time.process_time()
        try:
            return function(*arguments)
        finally:
            self.seconds = max(self.seconds, time.process_time() - began)

    def file(self) -> Path:
        assert self.folder is not None and self.case.data is not None
        path = self.folder / "mutated"
        path.write_bytes(self.case.data)
        return path

    def refused(self, error: SourceError) -> str:
        ensure(error.kind in _ERRORS[self.case.kind], f"a {self.case.kind} refused as {error.kind}")
        if self.case.data is None:
            self.points(error, self.text)
        json.dumps(source_answer(error))
        return "refused"

    def points(self, error: SourceError, text: str) -> None:
        self.inside(error.span, text)
        ensure("\n" not in str(error) and len(str(error)) < 10_000, f"a message that is no sentence: {error!r}")
        error.span.caret(text)

    def inside(self, span: Span | None, text: str) -> None:
        ensure(span is not None and 0 <= span.start <= span.end <= len(text), f"{span} lies outside the text")
        assert span is not None
        ensure(span.line == text.count("\n", 0, span.start) + 1, f"{span} names the wrong line")
        ensure(span.column == span.start - text.rfind("\n", 0, span.start), f"{span} names the wrong column")

    def verdict_on_plan(self, task: Task, plan: Plan, text: str, witness: Witness) -> Verdict:
        verdict = self.timed(check_plan, task, plan)
        self.told(task, plan, verdict, text)
        self.confirmed_by(witness, verdict, plan)
        return verdict

    def confirmed_by(self, witness: Witness, verdict: Verdict, plan: Plan) -> None:
        if not witness.too_heavy:
            theirs = witness.judge(as_tuples(plan))
            ensure(said(verdict) == theirs, f"{said(verdict)}, the witness says {theirs}: {verdict}")

    def told(self, task: Task, plan: Plan | None, verdict: Verdict, text: str) -> None:
        """Every way to tell a verdict works."""
        times = plan_times(text, plan) if plan is not None and self.case.kind != "answer" else ()
        self.timed(lambda: json.dumps(plan_answer(task, verdict)))
        self.timed(lambda: json.dumps(verdict.to_dict()))
        self.timed(detailed_feedback, verdict, task)
        self.timed(binary_feedback, verdict)
        self.timed(lambda: transcript(task, plan, verdict, verbose=True, times=times))

    def verdict_on_chain(self, task: Task, parsed: ParsedChain) -> str:
        became = ""
        for judge_from in ("claimed", "correct"):
            for complete in (True, False):
                verdict = self.timed(lambda c=complete, j=judge_from: check_chain(task, parsed, complete=c, judge_from=j))
                self.timed(lambda v=verdict: json.dumps(chain_answer(task, v)))
                self.timed(detailed_feedback, verdict, task)
                became = became or verdict.outcome.value
                if verdict.outcome is Outcome.VALID:
                    self.confirmed(task, parsed)
        return became

    def confirmed(self, task: Task, parsed: ParsedChain) -> None:
        """The calls of a chain that was called valid are a plan that is valid to the witness too."""
        calls = [(claim.call.name, *claim.call.arguments) for claim in parsed.claims]
        witness = _witness(self.case.seed.domain, self.case.seed.problem)
        if not witness.too_heavy:
            theirs = witness.judge(calls)
            ensure(theirs == ("valid", None), f"a valid chain of a plan of which the witness says {theirs}")


def as_tuples(plan: Plan) -> list[tuple[str, ...]]:
    return [(call.name, *call.arguments) for call in plan.calls]
