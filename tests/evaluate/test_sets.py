"""The named sets: the bytes that this planlearn makes, of classes that nothing is trained on, with reference plans that exist."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import planlearn
import planlearn.evaluate.sets as sets
from planlearn.chains import RESERVED, ChainStyle, problem_prompt
from planlearn.corpus import split_of
from planlearn.errors import PlanlearnError, RecipeError
from planlearn.evaluate import asked_from_rows
from planlearn.evaluate.disguise import NAME, WORDS, disguise, under_names_of
from planlearn.evaluate.sets import (
    SETS, build_set, carried_manifest, compact, named_set, planbench_counterparts, read_set, set_row, summary, write_set,
)  # fmt: skip
from planlearn.files import file_sha256
from planlearn.planners import is_proven_shortest, plan, shortest_plan
from planlearn.problems import (
    DOMAINS, domain_names, domain_text, get_generator, has_no_plans, planbench_classes, problem_class, read_planbench, stream,
)  # fmt: skip
from planlearn.resources import resource_path
from val_bridge import Outcome, check_plan, read_problem, read_task, write_domain, write_problem

NAMES = sorted(SETS)
RENAMED = [name for name in NAMES if SETS[name].renamed]
FOLDER = resource_path("data", "sets")


def sample(name, count=6):
    """Some rows, the last among them, as (row, what is asked)."""
    rows = read_set(name)
    chosen = [*stream("sample", name).sample(rows[:-1], count - 1), rows[-1]]
    return list(zip(chosen, asked_from_rows(chosen), strict=True))


def test_the_folder_has_the_sets_of_the_catalogue_and_they_are_small():
    assert carried_manifest().keys() == SETS.keys()
    assert {path.name for path in FOLDER.iterdir()} == {*(f"{name}.jsonl" for name in SETS), "manifest.json"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3_000_000
    assert SETS.keys() >= {
        "blocksworld", "logistics", "mystery_blocksworld", "blocksworld-6-8", "blocksworld-9-12", "blocksworld-13-17", "blocksworld-long",
        "logistics-large", "blocksworld-renamed", "logistics-renamed", "mystery_blocksworld-renamed", "depots", "blocksworld-unsolvable",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_says_what_the_file_holds(name):
    one, rows, entry = SETS[name], read_set(name), carried_manifest()[name]
    assert entry == summary(one, rows) | {key: entry[key] for key in ("sha256", "planlearn", "command")}
    assert entry["sha256"] == file_sha256(FOLDER / f"{name}.jsonl") and entry["command"] == f"planlearn data sets {name} --out DIR"
    assert len(rows) == one.n >= 200 and [row["id"] for row in rows] == [f"{name}-{number + 1}" for number in range(one.n)]
    assert len({row["problem_pddl"] for row in rows}) == one.n and {row["domain"] for row in rows} == {one.domain}


@pytest.mark.parametrize("name", NAMES)
def test_the_first_rows_are_made_again_to_the_byte(name):
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    count = {"blocksworld": 40, "blocksworld-6-8": 20}.get(name, 3)
    assert [json.dumps(row, ensure_ascii=False) for row in build_set(name, count)] == lines[:count]


@pytest.mark.parametrize("name", NAMES)
def test_no_class_is_anothers_split_or_planbenchs(name):
    """Of all rows by the class they name, of some by the class they have."""
    classes = {row["class"] for row in read_set(name)}
    assert {split_of(kind) for kind in classes} == {"test"} and not classes & planbench_classes()
    for row, asked in sample(name):
        assert problem_class(asked.task) == row["class"]


def test_a_class_of_another_split_is_never_drawn(monkeypatch):
    """The law holds by construction: whatever a split is called, nothing else of it comes through."""
    monkeypatch.setattr(sets, "SPLIT", "validation")
    assert {split_of(row["class"]) for row in build_set("blocksworld", 4)} == {"validation"}
    monkeypatch.setattr(sets, "split_of", lambda kind: "train")
    monkeypatch.setattr(sets, "PATIENCE", 50)
    with pytest.raises(RecipeError, match="set blocksworld: no problem of size 4 found in 50 tries"):
        build_set("blocksworld", 1)


@pytest.mark.parametrize("name", NAMES)
def test_classes_come_once_as_long_as_there_are_others(name):
    kinds = [row["class"] for row in read_set(name)]
    few = name in ("blocksworld", "mystery_blocksworld", "blocksworld-renamed", "mystery_blocksworld-renamed")
    assert len(set(kinds)) == len(kinds) or few or name == "depots"
    assert len(set(kinds)) >= (170 if few else 150)


@pytest.mark.parametrize("name", NAMES)
def test_reference_plans_exist_and_are_as_long_as_said(name):
    """`plan` judges what it gives by `check_plan`."""
    for row, asked in sample(name, 20 if SETS[name].has_unsolvable else 6):
        if SETS[name].has_unsolvable and not asked.solvable:
            continue
        found = plan(asked.task)
        assert asked.reference_length == row["steps"] and row["optimal"] is is_proven_shortest(asked.task)
        # Logistics' planner goes by names where ways are equally good, so under other names it may find another plan.
        assert len(found.calls) == row["steps"] or (SETS[name].renamed and not row["optimal"])
        assert asked.solvable


def test_what_is_called_optimal_is_shortest():
    for row, asked in sample("blocksworld", 8):
        assert row["optimal"] and len(shortest_plan(asked.task, asked.task.initial)) == row["steps"]


def test_half_of_the_unsolvable_set_has_no_plan_and_says_so():
    rows = read_set("blocksworld-unsolvable")
    without, decoys = rows[::2], rows[1::2]
    assert all((row["steps"], row["optimal"], row["solvable"]) == (None, None, False) and row["conflict"] for row in without)
    assert all(row["steps"] > 0 and not row.keys() & {"solvable", "conflict"} for row in decoys)
    assert len(without) == len(decoys) == carried_manifest()["blocksworld-unsolvable"]["unsolvable"] == 200
    asked = asked_from_rows(rows)
    assert [one.solvable for one in asked] == [False, True] * 200
    assert all((plan(one.task) is None) is not one.solvable for one in asked[:30])
    assert Counter(row["size"] for row in without) == Counter(row["size"] for row in decoys)


def test_neither_the_words_nor_the_number_of_goals_tell_which_problems_have_a_plan():
    """The best guess by what a goal names, by how many goals there are and by the size is right in little more than half of them."""
    seen = {True: Counter(), False: Counter()}
    for one in asked_from_rows(read_set("blocksworld-unsolvable")):
        names = {atom[0] for atom in one.task.goal}
        seen[one.solvable][one.size, len(one.task.goal)] += 1
        seen[one.solvable].update(names)
        seen[one.solvable][one.size, names == {"on"}] += 1
    for name in ("on", "ontable", "clear", "holding", "handempty"):
        assert seen[True][name] and seen[False][name] and abs(seen[True][name] - seen[False][name]) <= 20
    for size in ("5", "6"):
        assert abs(seen[True][size, True] - seen[False][size, True]) <= 20
        assert sum(max(seen[True][size, n], seen[False][size, n]) for n in range(2, 7)) <= 130


def test_steps_and_sizes_are_what_the_names_say():
    for name in NAMES:
        sizes = {row["size"] for row in read_set(name)}
        if match := re.fullmatch(r"blocksworld-(\d+)-(\d+)", name):
            assert sizes == set(map(str, range(int(match[1]), int(match[2]) + 1)))
        if SETS[name].steps:
            fewest, most = SETS[name].steps
            assert all(fewest <= row["steps"] <= most for row in read_set(name))
    assert all(20 <= row["steps"] <= 40 for row in read_set("blocksworld-long"))
    assert {int(row["size"].split("-p")[1].split("-")[0]) for row in read_set("logistics-large")} == set(range(8, 16))


# Renamed sets


def words_of(text):
    return set(re.findall(r"[A-Za-z][\w-]*", text))


def carried_words():
    """All words of the domains' files, comments left out."""
    texts = [
        re.sub(r"[;#].*", "", path.read_text(encoding="utf-8"))
        for name in domain_names() for path in resource_path("domains", name).iterdir() if path.suffix in (".pddl", ".yaml")
    ]  # fmt: skip
    return {part for text in texts for word in words_of(text) for part in (word.lower(), *word.lower().split("-"))}


def test_the_words_are_nobodys_names():
    generated = {name for domain in DOMAINS for name in get_generator(domain).generate(stream("names"), "small").task().objects}
    assert len(set(WORDS)) == len(WORDS) >= 200
    assert all(re.fullmatch("[a-z]{3,8}", word) for word in WORDS)
    assert not set(WORDS) & (carried_words() | RESERVED | generated | {NAME})


def test_the_words_are_in_no_vocabulary_that_is_trained():
    from planlearn.models.tokenizer import default_words

    assert not set(WORDS) & {word.lower() for word in default_words()}


@pytest.mark.parametrize("name", RENAMED)
def test_renamed_problems_are_those_of_their_set_under_words_of_their_own(name):
    rows, base = read_set(name), read_set(SETS[name].renamed_from)
    for row, own in zip(rows, base):
        assert {key: row[key] for key in ("class", "steps", "optimal", "size")} == {key: own[key] for key in ("class", "steps", "optimal", "size")}
    assert len({row["domain_pddl"] for row in rows}) == len(rows)
    plain = {"define", "domain", "problem", "requirements", "strips", "predicates", "action", "parameters", "precondition", "effect", "and",
             "not", "objects", "init", "goal", "renamed", *(f"x{number}" for number in range(4))}  # fmt: skip
    for row in rows:
        assert words_of(row["domain_pddl"]) | words_of(row["problem_pddl"]) <= plain | set(WORDS)


@pytest.mark.parametrize("name", RENAMED)
def test_a_renamed_problem_stands_in_a_prompt_with_its_domain(name):
    for row, asked in sample(name, 3):
        assert asked.own_domain and asked.domain == SETS[name].domain and asked.domain_text == row["domain_pddl"]
        prompt = problem_prompt(asked.task, ChainStyle(domain_in_prompt=True))
        assert set(asked.task.domain.actions) <= words_of(prompt)


def test_sets_of_a_domain_have_its_own_text():
    for name in set(NAMES) - set(RENAMED):
        assert all("domain_pddl" not in row for row in read_set(name)), name


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["blocksworld", "mystery_blocksworld", "logistics"]), st.integers(0, 10**6))
def test_a_disguise_keeps_class_and_length_of_plans_and_no_name(domain, index):
    task = get_generator(domain).generate(stream("disguise", index), "small").task()
    disguised = disguise(task, stream("words", index))
    assert problem_class(disguised) == problem_class(task)
    assert len(shortest_plan(disguised, disguised.initial, limit=10**6)) == len(shortest_plan(task, task.initial, limit=10**6))
    names = [*disguised.domain.predicates, *disguised.domain.actions, *disguised.objects]
    assert set(names) <= set(WORDS) and len(set(names)) == len(names)
    for listed in (disguised.domain.predicates, disguised.domain.actions, disguised.problem.objects):
        assert list(listed) == sorted(listed)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["blocksworld", "mystery_blocksworld", "logistics"]), st.integers(0, 10**6))
def test_a_solved_problem_goes_under_the_names_of_another_task(domain, index):
    """Law: read under those names it is of the same class, and the plan is valid; no object is the other's."""
    other = disguise(get_generator(domain).generate(stream("other", index), "small").task(), stream("words", index))
    task = get_generator(domain).generate(stream("solved", index), "small").task()
    problem, told = under_names_of(task.domain, task.problem, plan(task), other, stream("told", index))
    again = read_task(write_domain(other.domain), write_problem(problem))
    assert problem_class(again) == problem_class(task) and check_plan(again, told).outcome is Outcome.VALID
    assert not set(problem.objects) & {*other.objects, *other.domain.predicates, *other.domain.actions}
    assert (problem.name, problem.domain_name) == (NAME, NAME) and list(problem.objects) == sorted(problem.objects)


def test_parameters_may_stand_in_another_order():
    text = domain_text("blocksworld").replace(":parameters (?ob ?underob)", ":parameters (?underob ?ob)")
    assert text != domain_text("blocksworld")
    one, two = (get_generator("blocksworld").generate(stream("order", index), "4").problem_text for index in range(2))
    for own, others in ((domain_text("blocksworld"), text), (text, domain_text("blocksworld"))):
        task, other = read_task(own, one), read_task(others, two)
        problem, told = under_names_of(task.domain, task.problem, plan(task), other, stream("told"))
        assert check_plan(read_task(others, write_problem(problem)), told).outcome is Outcome.VALID


def test_another_domain_gives_no_names():
    task, other = (get_generator(name).generate(stream("of", name), "small").task() for name in ("blocksworld", "logistics"))
    assert under_names_of(task.domain, task.problem, plan(task), other, stream("told")) is None


def test_types_cannot_be_disguised():
    with pytest.raises(ValueError, match="domain depots has types"):
        disguise(get_generator("depots").generate(stream("typed")).task(), stream("words"))


# Files


@given(st.sampled_from(sorted(DOMAINS)), st.integers(0, 10**6))
def test_compact_text_reads_as_the_same(domain, index):
    made = get_generator(domain).generate(stream("compact", index), "small")
    text = compact(made.problem_text)
    assert read_problem(text, made.task().domain) == made.task().problem and len(text.splitlines()) == 5
    assert read_task(compact(domain_text(domain)), text).domain == made.task().domain


def test_a_set_is_written_once_and_another_is_not_written_over_it(tmp_path, monkeypatch):
    small = {name: replace(SETS[name], n=2) for name in ("blocksworld", "depots")}
    monkeypatch.setattr(sets, "SETS", small)
    told = []
    entry = write_set(tmp_path, "blocksworld", lambda *each: told.append(each))
    assert told == [("blocksworld", 1, 2), ("blocksworld", 2, 2)] and entry["planlearn"] == planlearn.__version__
    write_set(tmp_path, "depots")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert list(manifest["sets"]) == ["blocksworld", "depots"] and manifest["sets"]["blocksworld"] == entry
    monkeypatch.setattr(sets, "build_set", lambda *_, **__: pytest.fail("built again"))
    assert write_set(tmp_path, "blocksworld") == entry
    monkeypatch.setattr(sets, "SETS", small | {"blocksworld": replace(small["blocksworld"], seed=1)})
    with pytest.raises(PlanlearnError, match="set blocksworld in manifest.json is not the one that would be made"):
        write_set(tmp_path, "blocksworld")
    monkeypatch.setattr(sets, "SETS", small)
    (tmp_path / "blocksworld.jsonl").write_text("changed\n")
    with pytest.raises(PlanlearnError, match="not the one that would be made"):
        write_set(tmp_path, "blocksworld")
    assert (tmp_path / "blocksworld.jsonl").read_text() == "changed\n"
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(PlanlearnError, match="not a manifest of sets"):
        write_set(tmp_path, "blocksworld")


def test_a_file_that_was_changed_is_not_read(tmp_path, monkeypatch):
    changed = tmp_path / "depots.jsonl"
    changed.write_text((FOLDER / "depots.jsonl").read_text().replace("depots-1", "depots-0", 1))
    monkeypatch.setattr(sets, "resource_path", lambda *parts: changed if parts[-1] == "depots.jsonl" else Path(resource_path(*parts)))
    with pytest.raises(PlanlearnError, match="not the set of manifest.json"):
        read_set("depots")


def test_an_unknown_set_names_the_nearest():
    with pytest.raises(PlanlearnError, match="no set 'blocksworld-renamd'; did you mean 'blocksworld-renamed'"):
        read_set("blocksworld-renamd")
    with pytest.raises(PlanlearnError, match="known are blocksworld, logistics, mystery_blocksworld"):
        named_set("zzz")


def test_a_row_of_the_table_has_spans():
    entry = carried_manifest()["blocksworld-6-8"]
    assert set_row("blocksworld-6-8", entry) == ("blocksworld-6-8", "blocksworld", 200, 200, "6-8", "2-26", "Larger: 6 to 8 blocks")
    assert set_row("blocksworld-unsolvable", carried_manifest()["blocksworld-unsolvable"])[5] == "1-19 or no plan"
    alone = carried_manifest()["blocksworld-unsolvable"] | {"steps": {}}
    assert set_row("blocksworld-unsolvable", alone)[5] == "no plan"
    assert set_row("depots", carried_manifest()["depots"])[4] == "d3-r1-t3-c3"


# PlanBench's folders


def test_counterparts_are_of_the_sets_domain(planbench):
    found = planbench_counterparts()
    assert found.keys() == SETS.keys()
    folders = {each.folder for one in found.values() for each in one}
    problems = {folder: read_planbench(planbench, [folder]) for folder in folders}
    for name, each in ((name, each) for name, counterparts in found.items() for each in counterparts):
        tasks = [problem.task() for problem in problems[each.folder][:40]]
        own = get_generator(SETS[name].domain).generate(stream("own"), "small").task().domain.actions.keys()
        assert (tasks[0].domain.actions.keys() == own) is not each.renamed
        assert any(each.takes(len(task.objects), 30) for task in tasks), each
        assert has_no_plans(each.folder) is SETS[name].has_unsolvable and each.renamed is SETS[name].renamed


def test_a_counterpart_takes_what_lies_within_its_limits():
    (generalized, _) = planbench_counterparts()["blocksworld-6-8"]
    assert [generalized.takes(n, None) for n in (5, 6, 8, 9)] == [False, True, True, False]
    (long, _) = planbench_counterparts()["blocksworld-long"]
    assert [long.takes(9, steps) for steps in (19, 20, 40, 41, None)] == [False, True, True, False, False]
