"""Problems of a folder: which have a plan is told by the set's name."""

from pathlib import Path

import pytest

from planlearn.evaluate import asked_from_planbench
from planlearn.problems import domain_text, has_no_plans, stream, unsolvable_problem
from tests.evaluate.asking import problem


@pytest.mark.parametrize(("name", "has_plan"), [("unsolvable_blocksworld", False), ("blocksworld", True)])
def test_a_set_without_plans_is_known_by_its_name(tmp_path: Path, name: str, has_plan: bool) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "domain.pddl").write_text(domain_text("blocksworld"))
    text = problem(2).problem_text if has_plan else unsolvable_problem("blocksworld", stream(1), "4").problem.problem_text
    (folder / "instance-3.pddl").write_text(text)
    (asked,) = asked_from_planbench(folder, "blocksworld")
    assert (asked.id, asked.solvable, asked.reference_length) == (f"{name}-3", has_plan, 4 if has_plan else None)
    (otherwise,) = asked_from_planbench(folder, "blocksworld", solvable=False)
    assert not otherwise.solvable and otherwise.reference_length is None
    assert has_no_plans(name) is not has_plan


def test_planbenchs_unsolvable_problems_are_asked_as_such(planbench: Path) -> None:
    assert not any(one.solvable for one in asked_from_planbench(planbench / "unsolvable_blocksworld", "blocksworld"))
