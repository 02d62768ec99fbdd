"""A renaming changes words and nothing else."""

import string

import pytest

from planlearn.planners import plan
from planlearn.problems import Renaming, get_generator, load_named_domain, random_renaming, stream
from planlearn.problems.blocksworld import MYSTERY
from val_bridge import Outcome, Task, check_plan, read_plan


def test_plans_survive_renaming():
    task = get_generator("logistics").generate(stream(2), "c2-s2-p2-a1").task()
    renaming = random_renaming(
        stream(2), task.domain, task.problem, [a + b for a in string.ascii_lowercase for b in "xyz"]
    )
    other = Task(renaming.of_domain(task.domain), renaming.of_problem(task.problem))
    assert other.problem.domain_name == other.domain.name == "renamed-logistics-strips"
    assert check_plan(other, renaming.of_plan(plan(task))).outcome is Outcome.VALID


def test_what_is_not_listed_keeps_its_name():
    assert Renaming(domain="d", objects={"a": "x"}).atom(("on", "a", "b")) == ("on", "x", "b")
    assert MYSTERY.of_plan(read_plan("(stack a b)")) == read_plan("(overcome a b)")


def test_too_few_words_are_refused():
    task = get_generator("blocksworld").generate(stream(2), "4").task()
    with pytest.raises(ValueError, match="13 names need as many different words, found 12"):
        random_renaming(stream(2), load_named_domain("blocksworld"), task.problem, list("abcdefghijkl"))
