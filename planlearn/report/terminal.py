"""A judged attempt (`planlearn.report.playback`) as lines for a terminal, step by step.

A line is a list of pieces, each a text and a style in the words of `rich`; `plain` drops the styles. Styles repeat what signs and words say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from planlearn.errors import PlanlearnError
from planlearn.report.playback import Json
from planlearn.report.towers import draws_towers, towers
from val_bridge.check.visible import visible

Piece = tuple[str, str]
Line = list[Piece]

GOOD, BAD, QUIET, STRONG = "green", "bold red", "dim", "bold"
PLAIN_WIDTH = 100
_LABEL = 10
"""Columns of the word in front of a row: `needs`, `deletes`."""


class NoSuchStep(PlanlearnError):
    """A step was asked for that the attempt does not have."""


_WORDS = {
    "unsatisfied": "unmet precondition", "unsatisfied_goal": "unmet goal", "frame_gained": "wrongly added", "frame_lost": "wrongly deleted",
    "said_true": "said to hold, and does not:", "said_false": "said not to hold, and does:",
}  # fmt: skip
"""Kinds of violation in the feedback's words, where those are not the kind's own."""


@dataclass(frozen=True, slots=True)
class Signs:
    """How yes and no are shown. `ASCII` is for streams that cannot write the others."""

    yes: str = "✓"
    no: str = "✗"


ASCII = Signs("yes", "NO")


def plain(lines: Iterable[Line]) -> str:
    """The lines without their styles, "\n" after each."""
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)


def attempt_lines(
    problem: Json, attempt: Json, *, step: int | None = None, states: bool = True, width: int = PLAIN_WIDTH, signs: Signs = Signs(),
    picture: Json | None = None,
) -> Iterator[Line]:  # fmt: skip
    """All steps of an attempt and what came of it; with `step` that one alone, between the whole states before and after it.

    step: from 1; 0 is the state before the first. states: whether the state after each step is shown. width: in columns, where rows of facts
    wrap. picture: the domain's (`planlearn.report.picture_for`), by which towers of blocks are drawn; other pictures are none for a terminal. Raises NoSuchStep.
    """
    show = _Show(problem, attempt, states, width, signs, picture if draws_towers(picture) else None)
    if step is not None and attempt["tracks"]:
        yield from show.one(step)
        return
    yield from show.all()
    yield from show.end()


class _Show:
    def __init__(self, problem: Json, attempt: Json, states: bool, width: int, signs: Signs, picture: Json | None) -> None:
        self.problem, self.attempt, self.states, self.width, self.signs = problem, attempt, states, max(width, 40), signs
        self.facts = [visible(fact) for fact in problem["facts"]]
        self.static = set(problem["static"])
        self.picture = picture

    def all(self) -> Iterator[Line]:
        tracks = self.attempt["tracks"]
        for track in tracks:
            if len(tracks) > 1:
                yield [(f"The {track['name']}", "bold underline")]
            yield [("Before step 1", STRONG)]
            state: set[int] = set(self.problem["init"])
            yield from self._after_step(state)
            yield from self._claim(track["first"])
            yield from self._faults(track, 0)
            known, failed = True, 0
            for number, step in enumerate(track["steps"], 1):
                if known or failed == number - 1:
                    yield []
                if known:
                    yield from self._step(track, number, known=True)
                else:
                    yield self._head(number, step, known=False)
                if step["done"]:
                    state = _after(state, step)
                    yield from self._after_step(state)
                elif known:
                    known, failed = False, number
                yield from self._claim(step["claim"])
                yield from self._faults(track, number)
            yield []

    def one(self, number: int) -> Iterator[Line]:
        tracks = [track for track in self.attempt["tracks"] if number <= len(track["steps"])]
        if number < 0 or not tracks:
            most = max((len(track["steps"]) for track in self.attempt["tracks"]), default=0)
            raise NoSuchStep(f"--step {number}: expected a step from 0, the state before the first, to {most}, the last one that was read")
        for track in tracks:
            if len(self.attempt["tracks"]) > 1:
                yield [(f"The {track['name']}", "bold underline")]
            state, done = set(self.problem["init"]), 0
            for step in track["steps"][: max(0, number - 1)]:
                if not step["done"]:
                    break
                state, done = _after(state, step), done + 1
            known = number == 0 or done == number - 1
            yield [(f"Before step {max(1, number)}", STRONG)]
            yield from self._whole(state, set()) if known else self._unknown(done + 1)
            if number == 0:
                yield from self._claim(track["first"])
                yield from self._faults(track, 0)
                continue
            yield []
            yield from self._step(track, number, known=known)
            step = track["steps"][number - 1]
            yield from self._faults(track, number)
            yield []
            yield [(f"After step {number}", STRONG)]
            if step["done"]:
                yield from self._whole(_after(state, step), set(step["add"]))
            else:
                yield from self._unknown(done + 1)
            yield from self._claim(step["claim"])

    def end(self) -> Iterator[Line]:
        attempt = self.attempt
        outcome, message = ending(attempt)
        good = outcome == "valid"
        yield [(f"{self.signs.yes if good else self.signs.no} {visible(message)}", "bold green" if good else BAD)]
        for track in attempt["tracks"]:
            # Those that are facts stand after the last step already.
            goals = [(held, goal["text"]) for goal, held in zip(self.problem["goal"], track["goal_end"], strict=True) if goal["fact"] is None]
            where = f" of the {track['name']}" if len(attempt["tracks"]) > 1 else ""
            yield from self._row("", [self._checked(held, text) for held, text in goals], f"  goals at the end{where}: ")
            yield from self._faults(track, None)
        if not attempt["tracks"]:
            for fault in attempt["faults"]:
                yield from self._fault(fault)
        for line in attempt["unread"]:
            yield [("  unread: ", QUIET), (visible(line), "")]
        # The rest of the feedback says what the steps above show.
        for line in attempt["feedback"].split("\n"):
            if line.lstrip().startswith("advice:"):
                yield [(f"  {visible(line.strip())}", STRONG)]

    def _step(self, track: Json, number: int, *, known: bool) -> Iterator[Line]:
        """What it needs and what it changes; known: whether the state before it is."""
        step = track["steps"][number - 1]
        yield self._head(number, step, known=known)
        yield from self._row("needs", [self._checked(held, text) for text, held in step["needs"]])
        if not step["done"] and (step["add"] or step["delete"]):
            yield [("  it would change:", QUIET)]
        yield from self._row("deletes", [(f"- {self.facts[fact]}", "yellow") for fact in step["delete"]])
        yield from self._row("adds", [(f"+ {self.facts[fact]}", "cyan") for fact in step["add"]])
        yield from self._row("numbers", [
            (f"{visible(name)} {'undefined' if old is None else visible(old)} -> {visible(new)}", "") for name, old, new in step["numbers"]
        ])  # fmt: skip

    def _head(self, number: int, step: Json, *, known: bool) -> Line:
        head = [(f"Step {number}  ", STRONG), (visible(step["action"]), "bold cyan")]
        if not step["done"]:
            head.append(("  FAILS: cannot be executed", BAD) if known else ("  not executed", QUIET))
        return head

    def _after_step(self, state: set[int]) -> Iterator[Line]:
        """The state without the facts that no action changes, and the goals."""
        if self.states:
            yield from self._row("state", [(self.facts[fact], "") for fact in self._sorted(state - self.static)] or [("none", QUIET)])
            yield from self._drawn(state)
        yield from self._row("goals", list(self._goals(state)))

    def _whole(self, state: set[int], new: set[int]) -> Iterator[Line]:
        yield from self._row("state", [
            (f"+ {self.facts[fact]}", "cyan") if fact in new else (self.facts[fact], QUIET if fact in self.static else "")
            for fact in self._sorted(state)
        ])  # fmt: skip
        yield from self._drawn(state)
        yield from self._row("goals", list(self._goals(state)))

    def _drawn(self, state: set[int]) -> Iterator[Line]:
        if self.picture is None:
            return
        drawn = towers(self.picture, [name for name, _ in self.problem["objects"]], [self.problem["facts"][fact] for fact in sorted(state)])
        if max(map(len, drawn)) + _LABEL + 2 <= self.width:
            for line in drawn:
                yield [(" " * (_LABEL + 2), ""), (line, "blue")]

    def _unknown(self, failed: int) -> Iterator[Line]:
        yield from self._row("state", [(f"not known, for step {failed} cannot be executed", QUIET)])

    def _sorted(self, facts: Iterable[int]) -> list[int]:
        return sorted(facts, key=lambda fact: self.facts[fact])

    def _goals(self, state: set[int]) -> Iterator[Piece]:
        for goal in self.problem["goal"]:
            if goal["fact"] is not None:
                yield self._checked((goal["fact"] in state) is goal["wanted"], goal["text"])

    def _checked(self, held: bool | None, text: str) -> Piece:
        if held is None:
            return f"? {visible(text)}", QUIET
        return f"{self.signs.yes if held else self.signs.no} {visible(text)}", GOOD if held else BAD

    def _claim(self, claim: Json | None) -> Iterator[Line]:
        """What the text's state says wrongly."""
        if claim is None:
            return
        yield from self._row("", [(self.facts[fact], BAD) for fact in claim["missing"]], "  the text leaves out: ")
        yield from self._row("", [(self.facts[fact], BAD) for fact in claim["extra"]], "  the text claims, wrongly: ")

    def _faults(self, track: Json, step: int | None) -> Iterator[Line]:
        """Those of a step; after the last one also those of steps that the track does not have; None: those of the whole plan."""
        last = step is not None and step == len(track["steps"])
        for fault in self.attempt["faults"]:
            if fault["track"] == track["name"] and (fault["step"] == step or (last and fault["step"] is not None and fault["step"] > step)):
                yield from self._fault(fault)

    def _fault(self, fault: Json) -> Iterator[Line]:
        """Its kind and place, and each fact that is wrong with the cause; without such facts the message itself."""
        place = f" at {fault['line']}:{fault['column']}" if fault["line"] else ""
        said = "" if fault["violations"] else f": {visible(fault['message'])}"
        yield [("  fault     ", BAD), (f"{fault['kind']}{place}{said}", BAD)]
        for kind, literal, cause in fault["violations"]:
            because = f": {visible(cause)}" if cause else ""
            yield [("            ", ""), (f"{_WORDS.get(kind, kind.replace('_', ' '))} {visible(literal)}", ""), (because, "")]

    def _row(self, label: str, pieces: Sequence[Piece], head: str = "") -> Iterator[Line]:
        """The pieces two blanks apart, wrapped between them; no row where there are none."""
        head = head or f"  {label:{_LABEL}}"
        line: Line = [(head, QUIET)]
        used = begin = len(head)
        if len(head) > _LABEL + 2:
            begin = _LABEL + 2
        for at, (text, style) in enumerate(pieces):
            gap = "" if len(line) == 1 else "  "
            if gap and used + len(gap) + len(text) > self.width:
                yield line
                line, used, gap = [(" " * begin, "")], begin, ""
            line += [(gap, ""), (text, style)] if gap else [(text, style)]
            used += len(gap) + len(text)
            if at == len(pieces) - 1:
                yield line


def ending(attempt: Json) -> tuple[str, str]:
    """(outcome, message) of the whole text: invalid too where the plan is valid and what the chain above it says is not."""
    outcome, message = attempt["outcome"], attempt["message"]
    if outcome == "valid" and attempt["faults"]:
        of_chain = attempt["feedback"].partition("\n")[0]
        return "invalid", message if message == of_chain else f"{message} {of_chain}"
    return outcome, message


def _after(state: set[int], step: Json) -> set[int]:
    return (state - set(step["delete"])) | set(step["add"])
