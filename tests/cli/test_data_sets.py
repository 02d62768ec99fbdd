"""`planlearn data sets`: a table of the sets that planlearn carries, or the same files made anew."""

import json

from planlearn.evaluate.sets import SETS, carried_manifest
from planlearn.resources import resource_path


def test_without_names_all_sets_stand_in_a_table(run):
    done = run("data", "sets")
    assert done.exit_code == 0, done.output
    header, _, *lines = done.stdout.splitlines()
    assert header.split() == ["set", "domain", "n", "classes", "sizes", "steps", "what", "it", "is"]
    assert [line.split()[0] for line in lines] == list(SETS)
    for line, (name, one) in zip(lines, SETS.items(), strict=True):
        assert line.split()[1:3] == [one.domain, str(carried_manifest()[name]["n"])] and line.endswith(one.says)


def test_names_choose_lines(run):
    done = run("data", "sets", "depots", "blocksworld", "depots")
    assert [line.split()[0] for line in done.stdout.splitlines()[2:]] == ["depots", "blocksworld"]


def test_a_set_made_anew_is_the_carried_one_to_the_byte(run, files):
    done = run("data", "sets", "blocksworld-unsolvable", "--out", "mine")
    assert done.exit_code == 0, done.output
    assert "manifest  mine/manifest.json" in done.stdout and "blocksworld-unsolvable" in done.stdout
    carried = resource_path("data", "sets", "blocksworld-unsolvable.jsonl")
    assert (files / "mine/blocksworld-unsolvable.jsonl").read_bytes() == carried.read_bytes()
    entries = json.loads((files / "mine/manifest.json").read_text())["sets"]
    assert entries == {"blocksworld-unsolvable": carried_manifest()["blocksworld-unsolvable"]}
    stamp = (files / "mine/blocksworld-unsolvable.jsonl").stat().st_mtime_ns
    again = run("data", "sets", "blocksworld-unsolvable", "--out", "mine")
    assert again.exit_code == 0 and again.stdout == done.stdout
    assert (files / "mine/blocksworld-unsolvable.jsonl").stat().st_mtime_ns == stamp


def test_mistakes_are_one_sentence(run, files):
    unknown = run("data", "sets", "depot")
    assert unknown.exit_code == 2 and "no set 'depot'; did you mean 'depots'?" in unknown.stderr
    (files / "mine").mkdir()
    (files / "mine/manifest.json").write_text("nothing")
    broken = run("data", "sets", "depots", "--out", "mine")
    assert broken.exit_code == 2 and "not a manifest of sets" in broken.stderr and broken.stderr.count("\n") == 1
