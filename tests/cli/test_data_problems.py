"""`planlearn data problems`: held-out problems, as many as are asked for, none twice; `planlearn eval` takes the file."""

import json

from planlearn.corpus import split_of
from planlearn.problems import planbench_classes


def test_classes_come_again_under_other_names_and_no_problem_twice(run, files):
    done = run("data", "problems", "--out", "a.jsonl", "--count", "60", "--seed", "3", "corpus.validation_sizes={4: 1}")
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in (files / "a.jsonl").read_text().splitlines()]
    classes = {row["problem_class"] for row in rows}
    assert len({row["problem_pddl"] for row in rows}) == len({row["id"] for row in rows}) == len(rows) > len(classes)
    assert {split_of(kind) for kind in classes} == {"test"} and not classes & planbench_classes()
    assert f"{len(rows)} of {len(classes)} classes" in done.stdout and ("60 were asked for" in done.stdout) == (len(rows) < 60)
    again = run("data", "problems", "--out", "b.jsonl", "--count", "60", "--seed", "3", "corpus.validation_sizes={4: 1}")
    assert again.exit_code == 0 and (files / "a.jsonl").read_bytes() == (files / "b.jsonl").read_bytes()


def test_the_validation_split_has_other_classes(run, files):
    for split in ("test", "validation"):
        assert run("data", "problems", "--out", f"{split}.jsonl", "--count", "5", "--split", split, "corpus.validation_sizes={5: 1}").exit_code == 0
    rows = {split: [json.loads(line) for line in (files / f"{split}.jsonl").read_text().splitlines()] for split in ("test", "validation")}
    assert {split: {split_of(row["problem_class"]) for row in each} for split, each in rows.items()} == {
        "test": {"test"}, "validation": {"validation"},
    }  # fmt: skip
