"""PlanBench's instances are found in both layouts, and a wrong folder is named."""

import pytest

from planlearn.errors import PlanlearnError
from planlearn.problems import read_planbench

SETS = {
    "blocksworld", "blocksworld_3", "blocksworld_generalized", "blocksworld_hard", "depots", "logistics",
    "logistics_generalized", "mystery_blocksworld", "mystery_blocksworld_3", "obfuscated_deceptive_logistics",
    "obfuscated_randomized_logistics", "sokoban", "unsolvable_blocksworld",
}  # fmt: skip


def lay(root, files):
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"; {name}\n")
    return root


def found(folder, **options):
    return [
        (p.set, p.id, p.domain_file.relative_to(folder).as_posix()) for p in read_planbench(folder, **options)
    ]


def test_the_shared_folder_is_read_whole(planbench):
    instances = read_planbench(planbench)
    assert {instance.set for instance in instances} == SETS
    assert [(i.set, i.id) for i in instances] == sorted((i.set, i.id) for i in instances)
    assert all(
        i.problem_text and i.domain_text and f"instance-{i.id}.pddl" == i.problem_file.name for i in instances
    )
    assert {i.set for i in read_planbench(planbench, ["depots"])} == {"depots"}
    assert [i.set for i in read_planbench(planbench / "sokoban")] == ["sokoban"] * sum(
        i.set == "sokoban" for i in instances
    )


def test_ids_are_sorted_as_numbers(tmp_path):
    lay(
        tmp_path,
        ["bw/domain.pddl", "bw/instance-10.pddl", "bw/instance-2.pddl", "bw/notes.txt", "bw/instance-x.pddl"],
    )
    assert found(tmp_path) == [("bw", 2, "bw/domain.pddl"), ("bw", 10, "bw/domain.pddl")]


def test_a_clone_is_read(tmp_path):
    home = "plan-bench/instances"
    files = [
        f"{home}/blocksworld/generated_domain.pddl",
        f"{home}/blocksworld/generated_basic/instance-1.pddl",
        f"{home}/blocksworld/generated_basic_3/instance-1.pddl",
        f"{home}/blocksworld/generated/instance-1.pddl",
        f"{home}/blocksworld/mystery/generated_domain.pddl",
        f"{home}/blocksworld/mystery/generated_basic/instance-4.pddl",
        f"{home}/logistics/generated_basic/generated_domain.pddl",
        f"{home}/logistics/generated_basic/instance-2.pddl",
        "plan-bench/pddlgenerators/instance-9.pddl",
    ]
    lay(tmp_path, files)
    expected = [
        ("blocksworld", 1, files[0]),
        ("blocksworld_3", 1, files[0]),
        ("blocksworld_generalized", 1, files[0]),
        ("logistics", 2, files[6]),
        ("mystery_blocksworld", 4, files[4]),
    ]
    assert found(tmp_path) == expected
    assert found(tmp_path, sets=["logistics"]) == expected[3:4]
    assert len(read_planbench(tmp_path / "plan-bench")) == len(read_planbench(tmp_path / home)) == 5


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ([], {}, "found neither <set>/instance-N.pddl nor plan-bench/instances/"),
        (["bw/instance-1.pddl"], {}, "no domain.pddl or generated_domain.pddl"),
        (["bw/instance-1.pddl", "bw/domain.pddl"], {"sets": ["wb"]}, "no set 'wb'; it has bw"),
        (["a_b/instance-1.pddl", "b/a/instance-1.pddl", "domain.pddl"], {}, "are both set 'a_b'"),
    ],
)
def test_a_wrong_folder_is_named(tmp_path, files, options, message):
    with pytest.raises(PlanlearnError) as caught:
        read_planbench(lay(tmp_path, files), **options)
    assert message in str(caught.value) and str(tmp_path) in str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(PlanlearnError, match="no such folder"):
        read_planbench(tmp_path / "nowhere")
