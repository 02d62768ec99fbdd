"""VAL's output -> answers: verdict, failing step, failing literals.

Whole lines are read, never the exit status, which is 0 on refusals and counts failed plans otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Said(StrEnum):
    """What a validator says of a plan.

    REFUSED: it does not judge the text, or a call that names no action. FAILED: it needs a number that has no value.
    """

    VALID = "valid"
    INVALID = "invalid"
    REFUSED = "refused"
    FAILED = "failed"
    CRASHED = "crashed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a validator answers. `step` counts from 1, None unless an action could not be executed.

    `literals` are sorted, each once: the unmet ones of the precondition or of the goal, and in VAL's words what else
    does not hold. `words` is the line, or the sentence, that the answer rests on.
    """

    said: Said
    step: int | None = None
    literals: tuple[str, ...] = ()
    words: str = ""

    def __str__(self) -> str:
        step = f" at step {self.step}" if self.step else ""
        literals = f", unmet {' '.join(self.literals)}" if self.literals else ""
        words = f" ({self.words})" if self.words else ""
        return f"{self.said.value}{step}{literals}{words}"


_SET = re.compile(r"(?:and |or )?\(Set (\(.*\)) to (true|false)\)\Z")
_SATISFY = re.compile(r"(?:and |or )?\(((?:Do NOT satisfy|Satisfy) .*)\)\Z")
_REFUSALS = ("Bad plan description!", "Bad plan file!")
_OPENINGS = (*_REFUSALS, "Plan to validate:", "Plan executed successfully - checking goal")
_ENDINGS = ("No matching action defined for ", "Object with unknown type: ", "Error: Bad operator in plan!")
TASK_REFUSALS = (
    "Bad domain file!",
    "Problem in domain definition!",
    "Type problem in domain description!",
    "Bad problem file!",
    "Type problem in problem specification!",
    "Parser failed to read file!",
)
_CLOSING = ("Successful plans:", "Failed plans:", "Queries (validator failed):")
_CHECKING = "Checking plan: "


def read_output(output: str, names: Sequence[str]) -> dict[str, Answer]:
    """The answers in the output of `Validate -v` on plans of these names, by name.

    A plan of which the output says nothing final has no entry, nor has one that ended VAL's process, nor one whose
    advice a crash may have cut off. Names must not repeat.
    """
    answers: dict[str, Answer] = {}
    for name, lines, whole in _reports(output, set(names)):
        answer = _answer(lines)
        if answer is not None and (whole or answer.said is not Said.INVALID):
            answers[name] = answer
    return answers


def _reports(output: str, names: set[str]) -> Iterator[tuple[str, list[str], bool]]:
    """The lines on each plan, without the closing lists, and whether anything follows them."""
    name: str | None = None
    lines: list[str] = []
    for line in output.split("\n"):
        before, _, checked = line.partition(_CHECKING)
        # Characters of domain and problem that VAL's parser does not know stand before the first report.
        begins = checked in names and (not before or name is None)
        if begins or line in _CLOSING:
            if name is not None:
                yield name, lines, True
            name, lines = (checked if begins else None), []
        else:
            lines.append(line)
    if name is not None:
        yield name, lines, False


def _answer(lines: list[str]) -> Answer | None:
    # Characters of the plan that VAL's parser does not know, commas and carriage returns, stand before the first line.
    lines = [next((known for known in _OPENINGS if line.endswith(known)), line) for line in lines[:1]] + lines[1:]
    advice = lines.index("Plan Repair Advice:") if "Plan Repair Advice:" in lines else len(lines)
    literals = read_advice(lines[advice:])
    for line in lines:
        if line in _REFUSALS:
            return Answer(said=Said.REFUSED, words=line)
        if line == "Plan valid":
            return Answer(said=Said.VALID, words=line)
        if line == "Plan failed to execute":
            step = sum(line.startswith("Checking next happening (time ") for line in lines)
            return Answer(said=Said.INVALID, step=step, literals=literals, words=line)
        if line == "Goal not satisfied":
            return Answer(said=Said.INVALID, literals=literals, words=line)
        if line == "Error occurred in validation attempt:":
            return Answer(said=Said.FAILED, words=" ".join(lines[lines.index(line) + 1 :]).strip())
    return None


def read_advice(lines: Iterable[str]) -> tuple[str, ...]:
    """The leaves of repair advice, sorted, each once."""
    return tuple(sorted(set(_leaves(lines))))


def _leaves(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        text = line.strip()
        if match := _SET.match(text):
            yield match[1] if match[2] == "true" else f"(not {match[1]})"
        elif match := _SATISFY.match(text):
            # VAL's floats know two zeros.
            yield match[1].replace("[=-0]", "[=0]")


def last_words(output: str, errors: str) -> str:
    """The line with which a process ended that gave no answer; "" if it says nothing of that kind."""
    for line in [*errors.splitlines(), *output.splitlines()]:
        if line.startswith(_ENDINGS):
            return line
    return ""


def refusal_of_task(errors: str) -> str:
    """The line with which VAL refuses the domain or the problem; "" if it does not."""
    return next((line for line in errors.splitlines() if line in TASK_REFUSALS), "")
