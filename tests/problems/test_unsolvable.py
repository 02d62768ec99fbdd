"""Problems without a plan: that there is none is shown by exhausting the states, and by the conflict that each carries."""

from collections import Counter

import pytest

from planlearn.errors import RecipeError, UnknownDomain
from planlearn.planners import goal_conflict, is_conflict, shortest_plan
from planlearn.problems import DOMAINS, UNSOLVABLE_KINDS, decoy_problem, domain_names, get_generator, stream, unsolvable_problem
from planlearn.problems import unsolvable as module
from val_bridge import Task

SEARCHED = {
    "blocksworld": ("3", "4"), "depots": ("d1-r1-t1-c2",), "logistics": ("c2-s2-p1-a1", "c1-s2-p2-a1"), "mystery_blocksworld": ("2", "4"),
}  # fmt: skip
LARGER = {"blocksworld": "12", "mystery_blocksworld": "8", "logistics": "c3-s3-p7-a2", "depots": "d3-r1-t3-c3"}


def test_the_sweep_covers_every_domain() -> None:
    assert set(UNSOLVABLE_KINDS) == set(SEARCHED) == set(LARGER) == set(DOMAINS) == set(domain_names())


@pytest.mark.parametrize(("domain", "size"), [(domain, size) for domain, sizes in SEARCHED.items() for size in sizes])
def test_no_state_within_reach_is_a_goal_state(domain: str, size: str) -> None:
    for index in range(12):
        made = unsolvable_problem(domain, stream("searched", domain, size, index), size)
        task = made.problem.task()
        assert shortest_plan(task, task.initial) is None, made
        assert is_conflict(task, made.conflict), made


@pytest.mark.parametrize("domain", UNSOLVABLE_KINDS)
def test_of_larger_ones_the_conflict_shows_it(domain: str) -> None:
    for index in range(12):
        made = unsolvable_problem(domain, stream("larger", domain, index), LARGER[domain])
        task = made.problem.task()
        assert set(made.conflict) <= task.goal and is_conflict(task, made.conflict), made
        assert goal_conflict(task) is not None
        assert made.problem.size_name == LARGER[domain]


def without(task: Task, atoms: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    return [atom for atom in sorted(task.goal) if atom not in atoms]


@pytest.mark.parametrize("domain", ["blocksworld", "mystery_blocksworld", "depots"])
def test_the_conflict_is_all_that_is_wrong(domain: str) -> None:
    """Any one of the conflict's goals left out, there is a plan: the rest of the goal is an ordinary one."""
    size = SEARCHED[domain][-1]
    for index in range(8):
        made = unsolvable_problem(domain, stream("rest", domain, index), size)
        for atom in made.conflict:
            lines = made.problem.problem_text.splitlines()
            said = f"({' '.join(atom)})"
            goal = next(at for at, line in enumerate(lines) if "(:goal" in line)
            at = next(at for at, line in enumerate(lines) if at > goal and said in line)
            lines[at] = lines[at].replace(said, "")
            task = type(made.problem)(**{**fields(made.problem), "problem_text": "\n".join(lines)}).task()
            assert shortest_plan(task, task.initial) is not None, (made, atom)


def fields(made: object) -> dict:
    return {name: getattr(made, name) for name in ("domain", "name", "size", "size_name", "problem_text")}


@pytest.mark.parametrize("domain", UNSOLVABLE_KINDS)
def test_all_kinds_come_and_they_are_told_apart_by_the_conflict(domain: str) -> None:
    found = [unsolvable_problem(domain, stream("kinds", domain, index)) for index in range(240)]
    kinds = Counter(made.kind for made in found)
    assert set(kinds) == set(UNSOLVABLE_KINDS[domain])
    assert max(kinds.values()) < 240 / 2
    for made in found:
        names = " and ".join(f"({' '.join(atom)})" for atom in made.conflict)
        assert made.reason.startswith(names)
        if "blocksworld" in domain:
            others = {atom[0] for atom in made.conflict}.isdisjoint({"on", "craves"})
            assert others == (made.kind in {"held-and-clear", "held-and-hand-empty", "two-held"})
        if domain == "mystery_blocksworld":
            assert "block" not in made.reason


def test_the_goal_looks_like_any_other() -> None:
    """About as many goals as solvable problems have, in their order: neither may say which is which. (A conflict takes two.)"""
    counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for index in range(300):
        rng = stream("looks", index)
        made = unsolvable_problem("blocksworld", rng, "5")
        counts[False][len(made.problem.task().goal)] += 1
        counts[True][len(get_generator("blocksworld").generate(rng, "5").task().goal)] += 1
        goal = [line.split() for line in made.problem.problem_text.split("(:goal")[1].splitlines()[1:]]
        firsts = [words[1].strip("()") if len(words) > 1 else "" for words in goal]
        assert firsts == sorted(firsts)
    shared = sum(min(counts[True][n], counts[False][n]) for n in counts[True])
    assert shared > 150


@pytest.mark.parametrize("domain", ["blocksworld", "mystery_blocksworld"])
@pytest.mark.parametrize("size", ["2", "3", "4"])
def test_decoys_have_a_plan_and_their_goal_does_not_hold_yet(domain: str, size: str) -> None:
    for index in range(40):
        made = decoy_problem(domain, stream("decoy", domain, size, index), size)
        task = made.task()
        assert made == decoy_problem(domain, stream("decoy", domain, size, index), size) and made.size_name == size
        assert shortest_plan(task, task.initial), made
        assert goal_conflict(task) is None


def test_decoys_have_as_many_goals_of_the_same_predicates() -> None:
    """Neither the words of a goal nor their number tell which problem has a plan."""
    counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    words: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for index in range(300):
        for has_plan in (True, False):
            rng = stream("alike", index, has_plan)
            task = (decoy_problem("blocksworld", rng, "6") if has_plan else unsolvable_problem("blocksworld", rng, "6").problem).task()
            counts[has_plan][len(task.goal)] += 1
            words[has_plan].update({atom[0] for atom in task.goal})
    assert sum(min(counts[True][n], counts[False][n]) for n in counts[True]) > 260
    assert all(abs(words[True][name] - words[False][name]) < 30 for name in words[False]) and words[True].keys() == words[False].keys()


def test_the_same_stream_gives_the_same_problem_and_every_size_choice_works() -> None:
    for domain in UNSOLVABLE_KINDS:
        for size in ("in_distribution", "small", LARGER[domain], {LARGER[domain]: 1.0}):
            first, second = (unsolvable_problem(domain, stream("same", domain), size) for _ in range(2))
            assert first == second
        assert first != unsolvable_problem(domain, stream("other", domain), LARGER[domain])


def test_what_cannot_be_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownDomain, match="did you mean 'blocksworld'"):
        unsolvable_problem("blockworld", stream(1))
    with pytest.raises(RecipeError, match="blocksworld size"):
        unsolvable_problem("blocksworld", stream(1), "c1-s2-p1-a1")
    with pytest.raises(UnknownDomain, match="did you mean 'blocksworld'"):
        decoy_problem("blockworld", stream(1))
    with pytest.raises(RecipeError, match="domain logistics: no decoys are made of it; they are of blocksworld, mystery_blocksworld"):
        decoy_problem("logistics", stream(1))
    monkeypatch.setattr(module, "get_generator", lambda name: None)
    with pytest.raises(RecipeError, match="domain sokoban: no unsolvable problems are made of it"):
        unsolvable_problem("sokoban", stream(1))
