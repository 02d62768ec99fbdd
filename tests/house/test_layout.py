"""What the repository holds, and what it must not hold."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {"pyproject.toml", "planlearn", "domains", "val_bridge", "data", "tests", "Makefile"}
BESIDE = {
    "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "constraints-cpu.txt", ".ci", ".gitignore",
    "CITATION.cff", "CONTRIBUTING.md",
}  # fmt: skip


def files() -> list[Path]:
    """What git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    assert len(found) > 50
    return found


def test_the_top_level_is_the_agreed_one() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in files()}
    assert TOP <= found
    assert found <= TOP | BESIDE


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    """Home folders and temporary ones; this very pattern is built so that it does not find itself."""
    pattern = re.compile(
        rb"(?<![\w.])/(?:" + rb"|".join([rb"home/\w", rb"root/", rb"Users/\w", rb"tmp/\w"]) + rb")"
    )
    assert pattern.search(b"see " + b"/" + b"tmp/x") and not pattern.search(b"a/b/tmp/x")
    guilty = {str(path.relative_to(ROOT)) for path in files() if pattern.search(path.read_bytes())}
    assert guilty == set()


def test_no_file_is_large_but_trained_weights_in_safetensors() -> None:
    large = {path for path in files() if path.stat().st_size > 2_000_000}
    names = ("adapter_model.safetensors", "model.safetensors")
    weights = {path for path in large if path.name in names and "adapters" in path.parts}
    assert {path.name for path in large - weights} == set()
    assert all(path.stat().st_size < 26_000_000 for path in weights)


def test_there_is_no_room_without_a_name() -> None:
    assert {path.name for path in files()} & {"utils.py", "helpers.py", "misc.py", "common.py"} == set()


@pytest.mark.parametrize("package", ["planlearn", "val_bridge"])
def test_every_room_introduces_itself(package: str) -> None:
    import ast

    rooms = sorted((ROOT / package).rglob("__init__.py"))
    assert len(rooms) >= 4
    silent = [path for path in rooms if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert silent == []


def test_every_domain_says_where_it_comes_from() -> None:
    domains = sorted(path for path in (ROOT / "domains").iterdir() if path.is_dir())
    assert {"blocksworld", "logistics", "mystery_blocksworld"} <= {path.name for path in domains}
    for domain in domains:
        assert {"domain.pddl", "words.yaml", "README.md"} <= {path.name for path in domain.iterdir()}
        assert "licen" in (domain / "README.md").read_text(encoding="utf-8").lower()


def test_the_versions_agree() -> None:
    import planlearn

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == planlearn.__version__
    assert f"## {planlearn.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_make_env_and_the_constraints_pin_the_same_torch() -> None:
    pins = re.findall(r"^torch==\S+$", (ROOT / "constraints-cpu.txt").read_text(encoding="utf-8"), re.M)
    assert len(pins) == 1
    assert f"TORCH ?= {pins[0]}\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_source_archive_lists_what_is_there() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    listed = build["targets"]["sdist"]["include"]
    assert len(listed) > 5 and [path for path in listed if not (ROOT / path.lstrip("/")).exists()] == []


# The Makefile


def make(*arguments: str, **environment: str) -> str:
    return subprocess.run(
        ["make", "--no-print-directory", "-n", "-o", ".venv/.stamp", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"} | environment,
    ).stdout  # fmt: skip


def test_make_alone_lists_every_target_in_a_sentence() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.M)
    assert phony
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^  make (\S+) +\S.*\.$", listed, re.M)
    assert sorted(targets) == sorted(phony[1].split())


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ((), ""),
        (("ARGS=--recipe mine.yaml",), "--recipe mine.yaml"),
        (("DOMAIN=blocksworld", "ARGS=--recipe mine.yaml"), "--domain blocksworld --recipe mine.yaml"),
        (("MODEL=tiny", "SEED=3", "MINUTES=2"), "--model tiny --seed 3 --minutes 2"),
        (
            ("DOMAIN=logistics", "examples=5", "adapter.rank=1"),
            "--domain logistics adapter.rank=1 examples=5",
        ),
        (("ARGS=a=1 b=2", "goals=no"), "goals=no a=1 b=2"),
        (("sizes=[1, 2]",), "sizes=[1,\\ 2]"),
    ],
)
def test_make_train_passes_keys_on(arguments: tuple[str, ...], command: str) -> None:
    words = make("train", *arguments).replace("\\\n", " ")
    words = re.sub(r"(?<!\\) +", " ", words).strip()
    assert words == f".venv/bin/planlearn train {command}".strip()


def test_a_domain_in_the_environment_is_passed_on() -> None:
    assert "train --domain logistics" in make("train", DOMAIN="logistics")
    assert "build --domain logistics --out data/corpora/logistics" in make("data", DOMAIN="logistics")
    assert "--domain" not in make("data")


def test_make_eval_measures_on_the_domains_set_or_on_planbench() -> None:
    assert "--instances" not in make("eval") and "--out data/runs/eval-blocksworld" in make("eval")
    assert "--set blocksworld-6-8" in make("eval", "SET=blocksworld-6-8")
    assert "--set depots --planbench x" in make("eval", "SET=depots", "PLANBENCH_DIR=x", DOMAIN="depots")
    assert "--instances x/blocksworld" in make("eval", "PLANBENCH_DIR=x", "ADAPTER=a")
