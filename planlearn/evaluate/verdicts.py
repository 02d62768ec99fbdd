"""What a model thinks of the plans that it wrote itself: VALID or INVALID, and how sure it is, against the checker.

Another question than `planlearn.evaluate.skill`, which gives held-out plans of a corpus, half of them spoiled: here the plans are the model's own, as
a user would have it say whether an answer can be trusted. What cannot be read counts as wrong. Sureness is the probability of VALID against INVALID where the
verdict was written, for models on this machine, else the per cent that the answer names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planlearn.chains import ChainStyle
from planlearn.corpus.judge import VERDICTS, plan_judgement_prompt, read_judgement
from planlearn.errors import PlanlearnError
from planlearn.evaluate.answers import Prompt, Stop
from planlearn.evaluate.arms import GREEDY, Complete
from planlearn.evaluate.asked import Asked
from planlearn.evaluate.intervals import wilson
from planlearn.evaluate.prompts import plan_lines, template
from planlearn.evaluate.scoring import Result, SampleRecord
from planlearn.files import RowLog
from planlearn.progress import Progress
from val_bridge import Plan, write_domain, write_problem

VERDICTS_FILE = "verdicts.jsonl"
BINS = 10
_SURE = r"(?:sure|certain(?:ty)?|confiden(?:t|ce)|probab(?:le|ility)|likel(?:y|ihood)|chances?)"
_WORD = re.compile(
    rf"""(?: (?P<open> \b whether \b | (?:\bnot|n['’]t|\bcannot) \s+ (?:{_SURE}|clear|know|tell|say) \b ) [^.!?;:\n]{{0,99}}?
        | (?P<sure> \b {_SURE} \b ) [^.!?;:,\n]{{0,99}}?
        | (?P<not> (?:\bnot|n['’]t|\bnever|\bno\s+longer|\bcannot) \s+
            (?: (?:think|believe) \b [^.!?;:,\n]{{0,99}}? | (?: (?:an?|the|be|been|considered|actually|completely|entirely|fully|strictly) \s+ )* ) ) )?
    \b (?P<in> in)?valid \b""",
    re.IGNORECASE | re.VERBOSE,
)
"""The words as the answer says them: open ones say nothing, sure ones repeat what the number is about."""
_NUMBER = r"(?<![\w.])(\d{1,3}(?:\.\d+)?|\.\d+)"
_SHARES = re.compile(
    rf"""{_NUMBER} (?P<unit> [ \t]* (?: % | per\s?cent\b ) )
    | ^ [ \t*_`>]* (?:-[ ])? {_NUMBER} [ \t*_`.]* $
    | \b (?:confidence|certainty|sureness|probability|likelihood) \b
        (?: [^\d\n:=]{{0,99}} [:=] | [ ] (?:(?:level|score|is|of|at|about)[ ])* ) [ \t*_`]* {_NUMBER} (?! [\w%] | \.\d )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictAsker:
    """complete: greedy answers. text: the question about a plan. read: the verdict in an answer, None where there is none, and the sureness that
    it names, in [0, 1], None where it names none."""

    complete: Complete
    text: Callable[[Asked, Plan], str]
    read: Callable[[str], tuple[bool | None, float | None]]


def in_our_format(complete: Complete, style: ChainStyle) -> VerdictAsker:
    """As phase 1 teaches it: the reasoning step by step, then the verdict."""

    def read(answer: str) -> tuple[bool | None, float | None]:
        return read_judgement(answer).valid, None

    return VerdictAsker(complete=complete, text=lambda asked, plan: plan_judgement_prompt(asked.task, plan, style), read=read)


def in_plain_words(complete: Complete, chat: Callable[[str], str] = str) -> VerdictAsker:
    """For any model: one word, and a number."""

    def text(asked: Asked, plan: Plan) -> str:
        task = asked.task
        return chat(template("verdict.jinja").render(
            domain=write_domain(task.domain).strip(), problem=write_problem(task.problem).strip(), plan=plan_lines(plan),
        ))  # fmt: skip

    return VerdictAsker(complete=complete, text=text, read=read_plain)


def read_plain(answer: str) -> tuple[bool | None, float | None]:
    """The verdict and the sureness in an answer to `in_plain_words`; what says both words says neither.

    "not valid" says INVALID, "not invalid" nothing. Sureness is the last number behind which stands % or "per cent", or that stands alone on
    its line or behind "confidence:" and the like; there a decimal fraction up to 1 is a share and every other number per cent.
    """
    words, repeated = set[bool](), set[bool]()
    for match in _WORD.finditer(answer):
        if not match["open"]:
            said = {False} if match["in"] or match["not"] else {True}
            (repeated if match["sure"] else words).update({True, False} if match["in"] and match["not"] else said)
    words = words or repeated
    if len(words) != 1:
        return None, None
    sure = [_share(match) for match in _SHARES.finditer(answer)]
    return words.pop(), sure[-1] if sure and sure[-1] <= 1 else None


def _share(match: re.Match[str]) -> float:
    number = next(text for text in (match[1], match[3], match[4]) if text)
    return float(number) if not match["unit"] and "." in number and float(number) <= 1 else float(number) / 100


def ask_verdicts(
    asker: VerdictAsker, asked: Iterable[Asked], records: Iterable[SampleRecord], path: Path, *, run: str, what: str
) -> list[dict[str, Any]]:
    """Ask about every readable plan of the greedy arm, once; rows go into `path` as they come, none where no answer comes.

    run: the fingerprint of the answers. Gives the rows of this call and of those before it. Raises PlanlearnError for rows that are of another run.
    """
    log = RowLog(path)
    if any(row["run"] != run for row in log.rows):
        raise PlanlearnError(f"{path}: written with other settings; choose another folder")
    known = len(log.rows)
    problems = {(one.domain, one.id): one for one in asked}
    todo: dict[str, tuple[Asked, SampleRecord]] = {}
    for record in without_verdict(records, log.rows):
        key = (record.sample.domain, record.sample.id)
        if key in problems:
            todo[record.sample.id] = problems[key], record
    progress = Progress(what, known + len(todo), "plans", start=known)
    prompts = []
    for name, (one, record) in todo.items():
        plan = record.sample.reader.read(one.task, record.sample.answer).plan
        assert plan is not None, "the checker has judged it"
        prompts.append(Prompt(id=name, text=asker.text(one, plan), words=VERDICTS))
    texts = {prompt.id: prompt.text for prompt in prompts}
    for completion in asker.complete(prompts) if prompts else ():
        if completion.stop is Stop.MISSING:
            print(f"\n{what}: no answer to {completion.id}: {completion.reason}", file=sys.stderr)
            continue
        one, record = todo[completion.id]
        said, sure = asker.read(completion.text)
        log.append({
            "run": run, "domain": one.domain, "id": one.id, "prompt": texts[one.id], "answer": completion.text, "said": said,
            "probability": sure if completion.probability is None else completion.probability, "valid": record.outcome is Result.VALID,
            "tokens": completion.tokens, "seconds": completion.seconds,
        })  # fmt: skip
        progress.update(len(log.rows), f"{sum(row['said'] is row['valid'] for row in log.rows)} right")
    progress.done, progress.note = len(log.rows), f"{sum(row['said'] is row['valid'] for row in log.rows)} right"
    progress.close()
    return log.rows


def verdict_rows(path: Path) -> list[dict[str, Any]] | None:
    """What was asked so far; None where nothing was."""
    return RowLog(path).rows if path.exists() else None


def without_verdict(records: Iterable[SampleRecord], rows: Iterable[Mapping[str, Any]]) -> list[SampleRecord]:
    """The greedy answers with a readable plan of which no row says what the model thinks."""
    known = {(row["domain"], row["id"]) for row in rows}
    return [
        record for record in records
        if record.sample.arm == GREEDY and record.outcome in (Result.VALID, Result.INVALID)
        and (record.sample.domain, record.sample.id) not in known
    ]  # fmt: skip


def own_verdict(rows: Sequence[Mapping[str, Any]], *, missing: int = 0) -> dict[str, Any]:
    """Accuracy over all plans, and over those that are valid and those that are not; how well sureness is calibrated.

    missing: of how many plans no verdict came; it stands beside the figures, which leave them out.
    brier: mean of (probability - truth)². calibration_error: the expected calibration error over ten bins of equal width, mean of
    |share of valid plans - mean probability| weighted by how many plans a bin has; None where no sureness is known. Sources: G. W.
    Brier, Monthly Weather Review 78 (1950); C. Guo et al., On calibration of modern neural networks, arXiv 1706.04599, Sec. 2.
    """

    def share(some: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        return wilson(sum(row["said"] is row["valid"] for row in some), len(some)).to_dict() if some else None

    sure = [(float(row["probability"]), bool(row["valid"])) for row in rows if row["probability"] is not None]
    bins = []
    for number in range(BINS):
        inside = [(p, truth) for p, truth in sure if min(int(p * BINS), BINS - 1) == number]
        if inside:
            bins.append({
                "from": number / BINS, "to": (number + 1) / BINS, "n": len(inside), "probability": sum(p for p, _ in inside) / len(inside),
                "valid": sum(truth for _, truth in inside) / len(inside),
            })  # fmt: skip
    return {
        "n": len(rows), "missing": missing, "accuracy": share(rows), "unreadable": sum(row["said"] is None for row in rows),
        "of_valid": share([row for row in rows if row["valid"]]), "of_invalid": share([row for row in rows if not row["valid"]]),
        "brier": sum((p - truth) ** 2 for p, truth in sure) / len(sure) if sure else None,
        "calibration_error": sum(b["n"] * abs(b["valid"] - b["probability"]) for b in bins) / len(sure) if sure else None,
        "bins": bins,
    }
