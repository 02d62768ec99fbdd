"""Judgements are true, agree with the checkers, and can be read back."""

import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planlearn.chains import ChainStyle, Role, Segment, chain_text, goals_text
from planlearn.corpus.corrupt import IN_STATE_ALONE, METHODS, ErrorClass, Spoiled, spoil
from planlearn.corpus.judge import Judgement, judgement_segments, read_judgement
from tests.chains.test_write import solved
from tests.golden_files import check_golden
from tests.walks import NAMES, walk
from val_bridge import Chain, Task, check_chain, check_plan, read_plan

STYLES = [ChainStyle(states=states, goals=goals) for states in ("changes", "full") for goals in (True, False)]
PLAIN = ChainStyle()
BARE = (ErrorClass.PRECONDITION, ErrorClass.GOAL)


def whole(segments: tuple[Segment, ...]) -> str:
    return "".join(segment.text for segment in segments)


def answer(segments: tuple[Segment, ...]) -> str:
    return whole(segments[1:])


def judged(task: Task, chain: Chain, spoiled: Spoiled, style: ChainStyle = PLAIN) -> tuple[Segment, ...]:
    return judgement_segments(task, chain, style, spoiled=spoiled, rng=random.Random(0))


def planted(task: Task, chain: Chain, error: ErrorClass, method: str) -> Spoiled:
    step, atom, parsed = METHODS[error][method](task, chain, random.Random(7))
    return Spoiled(error=error, step=step, atom=atom, method=method, parsed=parsed)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("error", list(ErrorClass), ids=str)
def test_a_judgement_agrees_with_the_checker(name: str, error: ErrorClass) -> None:
    """Class, step and atoms are those of the checker's first fault, in every style."""
    for seed in range(10):
        task, chain = walk(name, seed, steps=2 + seed % 6)
        for style in STYLES:
            spoiled = spoil(task, chain, error, random.Random(seed), states=style.states)
            segments = judged(task, chain, spoiled, style)
            assert [segment.role for segment in segments] == [Role.PROMPT, Role.CHAIN, Role.VERDICT]
            parsed = spoiled.parsed
            verdict = check_plan(task, parsed.plan) if error in BARE else check_chain(task, parsed)
            atoms = tuple(sorted(v.atom for v in verdict.first.violations))
            assert read_judgement(answer(segments)) == Judgement(
                valid=False, step=verdict.first.step, error=error, atoms=atoms
            )


@pytest.mark.parametrize("name", NAMES)
def test_a_true_chain_is_valid_shown_either_way(name: str) -> None:
    """Half of them as a bare plan. The reasoning is the true chain's own lines, the last the goal check."""
    bare = 0
    for seed in range(20):
        task, chain = walk(name, seed)
        for style in STYLES:
            prompt, reasoning, verdict = judgement_segments(task, chain, style, rng=random.Random(seed))
            assert read_judgement(reasoning.text + verdict.text) == Judgement(valid=True)
            true = chain_text(task, chain, style)
            # The goals at the start are no step's.
            steps = re.sub(r"^goals .*\n", "", true, count=1, flags=re.MULTILINE) if style.goals else true
            goals = f"goals {goals_text(task, chain.steps[-1].after)}\n"
            assert reasoning.text == steps.removesuffix(goals) + goals and not re.search(r" no[,\n]", goals)
            bare += "\nPlan:\n" in prompt.text
            assert ("\nPlan:\n" in prompt.text) != (f"\nChain:\n{true}" in prompt.text)
    assert 0.3 < bare / (20 * len(STYLES)) < 0.7


@pytest.mark.parametrize("name", NAMES)
def test_purposes_are_left_out(name: str) -> None:
    """A spoiled chain could have none of its own, so those of a true one would betray it."""
    for seed in range(6):
        task, chain = walk(name, seed)
        texts = {
            whole(judgement_segments(task, chain, ChainStyle(purposes=said), rng=random.Random(seed)))
            for said in (True, False)
        }
        assert len(texts) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_reasoning_is_the_true_chain_up_to_the_fault(name: str) -> None:
    """So both tasks teach the same lines; the prompt shows the claims of effect and frame errors alone."""
    for error in ErrorClass:
        for seed in range(6):
            task, chain = walk(name, seed)
            style = ChainStyle(goals=False)
            spoiled = spoil(task, chain, error, random.Random(seed))
            prompt, reasoning, _ = judged(task, chain, spoiled, style)
            assert ("\nPlan:\n" in prompt.text) == (error in BARE)
            lines = reasoning.text.splitlines()
            if error in (ErrorClass.EFFECT, ErrorClass.FRAME):
                assert lines == chain_text(task, chain, style).splitlines()[: spoiled.step]
            elif error is ErrorClass.PRECONDITION:
                assert len(lines) == spoiled.step and " false" in lines[-1]
                assert " false" not in "".join(lines[:-1]) and " gives" not in lines[-1]
            else:
                assert len(lines) == len(spoiled.parsed.plan) + 1 and lines[-1].startswith("goals ")


@pytest.mark.parametrize("error", list(ErrorClass), ids=str)
def test_what_a_judge_reads_and_writes(error: ErrorClass) -> None:
    """One example of each method; those that full states alone show, with full states."""
    task, chain = solved("blocksworld")
    texts = []
    for method in METHODS[error]:
        style = ChainStyle(states="full" if method in IN_STATE_ALONE else "changes", domain_in_prompt=False)
        spoiled = planted(task, chain, error, method)
        texts.append(f"=== {method}\n{whole(judged(task, chain, spoiled, style))}\n")
    check_golden(f"corpus/judge-{error.value}.txt", "\n".join(texts))


def test_what_a_judge_reads_and_writes_of_a_valid_plan() -> None:
    task, chain = solved("logistics")
    texts = [
        whole(judgement_segments(task, chain, ChainStyle(states=states), rng=random.Random(seed)))
        for states, seed in (("changes", 0), ("changes", 1), ("full", 1))
    ]
    assert "\nPlan:\n" in texts[1] and "\nPlan:\n" not in texts[0]
    check_golden("corpus/judge-valid.txt", "\n\n".join(texts) + "\n")


def last_lines(task: Task, chain: Chain, calls: str) -> list[str]:
    """The failing line, verdict and hint for a plan that does not run."""
    plan = read_plan(calls)
    spoiled = planted(task, chain, ErrorClass.PRECONDITION, "other_argument")
    spoiled = replace(
        spoiled, step=check_plan(task, plan).first.step, parsed=replace(spoiled.parsed, plan=plan)
    )  # fmt: skip
    return answer(judged(task, chain, spoiled)).splitlines()[-3:]


def test_the_hint_names_what_must_be_false() -> None:
    task, chain = walk("gripper", 0)
    assert last_lines(task, chain, "(pick b1 hall left-hand) (go hall attic) (pick b2 attic left-hand)") == [
        "pick b2 attic left-hand needs robot attic, not busy left-hand false takes in b2 attic",
        "INVALID step 3 precondition: not busy left-hand",
        "make busy left-hand false before step 3",
    ]


def test_the_hint_asks_for_no_change_that_no_step_can_make() -> None:
    """What never changes is written where it fails, although true chains leave it to the prompt."""
    task, chain = walk("gripper", 0)
    assert last_lines(task, chain, "(go hall kitchen) (go kitchen attic)") == [
        "go kitchen attic needs door kitchen attic false, not robot attic takes robot kitchen",
        "INVALID step 2 precondition: door kitchen attic",
        "no step makes door kitchen attic true, change step 2",
    ]


def test_a_judgement_that_contradicts_what_was_planted_is_refused() -> None:
    """Another step, another class, a mistake that the style does not show."""
    task, chain = solved("blocksworld")
    unwritten = planted(task, chain, ErrorClass.EFFECT, "unwritten_add")
    hidden = planted(task, chain, ErrorClass.FRAME, "lost_in_state")
    elsewhere = replace(unwritten, step=unwritten.step + 1)
    for wrong in (elsewhere, replace(unwritten, error=ErrorClass.FRAME), hidden):
        with pytest.raises(ValueError, match="planted .*, found "):
            judged(task, chain, wrong)


REASONING = "pick-up b takes clear b, handempty false, ontable b\n"


@pytest.mark.parametrize(
    "text, judgement",
    [
        ("VALID", Judgement(valid=True)),
        ("goals on a b yes\nVALID\n \n", Judgement(valid=True)),
        (
            f"{REASONING}INVALID step 2 precondition: on a b, handempty\nmake it so",
            Judgement(
                valid=False, step=2, error=ErrorClass.PRECONDITION, atoms=(("handempty",), ("on", "a", "b"))
            ),
        ),
        (
            "INVALID goal: on a b, not on b a",
            Judgement(valid=False, error=ErrorClass.GOAL, atoms=(("on", "a", "b"), ("on", "b", "a"))),
        ),
        # INVALID, the rest unreadable.
        ("INVALID", Judgement(valid=False)),
        ("INVALID goal:", Judgement(valid=False)),
        ("INVALID step 0 effect: on a b", Judgement(valid=False)),
        ("INVALID step 2 goal: on a b", Judgement(valid=False)),
        ("INVALID effect: on a b", Judgement(valid=False)),
        ("INVALID step 2 effect: (on a b)", Judgement(valid=False)),
        ("INVALID step 2 effect: on a b,", Judgement(valid=False)),
        ("INVALID step 2 order: on a b", Judgement(valid=False)),
        ("INVALID step " + "9" * 5000 + " effect: on a b", Judgement(valid=False)),
        # No verdict, or no clear one.
        ("", Judgement()),
        ("goals on a b yes", Judgement()),
        ("The plan is VALID", Judgement()),
        ("valid", Judgement()),
        ("VALIDATED", Judgement()),
        ("VALID.", Judgement()),
        ("VALID\nVALID", Judgement()),
        ("VALID\nINVALID goal: on a b\nmake on a b true at the end", Judgement()),
        ("VALID\ngoals on a b yes", Judgement()),
        ("INVALID goal: on a b\nmake on a b true at the end\nand more", Judgement()),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_a_judgement_says(text: str, judgement: Judgement) -> None:
    assert read_judgement(text) == judgement


words = st.sampled_from(
    ["VALID", "INVALID", "step", "2", "goal:", "effect:", "on a b", ",", "not", "\n", "\n", "\0"]
)  # fmt: skip
soup = st.lists(words, max_size=12)


@settings(max_examples=120, deadline=None)
@given(st.one_of(st.text(), soup.map(" ".join), soup.map("".join)))
def test_no_text_raises(text: str) -> None:
    judgement = read_judgement(text)
    if judgement.error is not None:
        assert judgement.valid is False and judgement.atoms
        assert (judgement.step is None) == (judgement.error is ErrorClass.GOAL)
    else:
        assert judgement.step is None and judgement.atoms == ()


SCRIPT = """
import random
from planlearn.chains import ChainStyle
from planlearn.corpus.corrupt import METHODS
from tests.corpus.test_judge import judged, planted, whole
from tests.walks import NAMES, walk
for name in NAMES:
    task, chain = walk(name, 2, steps=8)
    for error, methods in METHODS.items():
        for method in methods:
            print(whole(judged(task, chain, planted(task, chain, error, method), ChainStyle(states="full"))))
"""


def test_texts_do_not_depend_on_the_order_of_sets() -> None:
    """Two processes with other hash seeds write the same bytes."""
    root = Path(__file__).parents[2]
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"\nINVALID ") == len(NAMES) * sum(map(len, METHODS.values()))
