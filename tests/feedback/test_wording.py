"""What feedback says, kind by kind."""

import pytest

from planlearn.feedback import Level, binary_feedback, detailed_feedback
from planlearn.feedback.render import TEMPLATES
from tests.feedback.ferry import FAULTY, OTHERS, TASK, TASKS
from tests.golden_files import GOLDEN, check_golden
from val_bridge import FaultKind

CASES = {kind.value: make for kind, make in FAULTY.items()} | OTHERS


@pytest.mark.parametrize("kind", FAULTY, ids=str)
def test_the_case_of_a_kind_shows_that_kind_first(kind: FaultKind) -> None:
    first = FAULTY[kind]().first
    assert first is not None and first.kind is kind


@pytest.mark.parametrize("name", CASES)
def test_wording(name: str) -> None:
    """Both levels as they are read; the binary sentence stands above the detailed text."""
    verdict = CASES[name]()
    binary, detailed = binary_feedback(verdict), detailed_feedback(verdict, TASKS.get(name, TASK))
    check_golden(f"feedback/{name}.txt", f"{binary.text}\n\n{detailed.text}\n")


@pytest.mark.parametrize("name", CASES)
def test_text_is_plain_and_tight(name: str) -> None:
    """ASCII, no blank lines, no trailing spaces, nothing unfilled; the level and the verdict come along."""
    verdict = CASES[name]()
    for feedback, level in (
        (binary_feedback(verdict), Level.BINARY),
        (detailed_feedback(verdict, TASKS.get(name, TASK)), Level.DETAILED),
    ):
        assert feedback.level is level and feedback.verdict is verdict
        assert feedback.text.isascii() and "None" not in feedback.text and "Fault" not in feedback.text
        assert all(line == line.rstrip() and line for line in feedback.text.split("\n"))


@pytest.mark.parametrize("name", CASES)
def test_detailed_begins_with_binary(name: str) -> None:
    verdict = CASES[name]()
    assert detailed_feedback(verdict, TASKS.get(name, TASK)).text.startswith(binary_feedback(verdict).text)
    assert "\n" not in binary_feedback(verdict).text


@pytest.mark.parametrize("name", CASES)
def test_every_atom_of_a_fault_is_named(name: str) -> None:
    verdict = CASES[name]()
    text = detailed_feedback(verdict, TASKS.get(name, TASK)).text
    for fault in verdict.faults:
        for violation in fault.violations:
            # A malformed atom is named by what is wrong in it; of many counterexamples some are.
            assert str(violation.literal) in text or violation.atom[0] in text


# Last, so that `make golden` has written the files of new cases.
def test_every_kind_of_fault_has_its_case_its_template_and_its_golden_file() -> None:
    kinds = {kind.value for kind in FaultKind}
    assert {kind.value for kind in FAULTY} == kinds
    assert {path.stem for path in (TEMPLATES / "faults").iterdir()} == kinds
    assert {path.stem for path in (GOLDEN / "feedback").iterdir()} == set(CASES)
