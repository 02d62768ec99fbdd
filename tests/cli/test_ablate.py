"""The ablation in small, with real commands: two arms from phase 1 to tables; a second call does nothing."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")

SMALL = (
    "--model", "tiny", "--eta", "1", "--problems", "3", "--out", "ablation", "examples=8", "validation=2", "max_tokens=40",
    "checkpoint_steps=2", "refine={problems: 3, sizes: {4: 1}, validation: 2, chain_rate: 1.0e-2, plan_rate: 5.0e-3, tokens: 4000}",
)  # fmt: skip


@pytest.fixture(autouse=True)
def from_here(monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_two_arms_from_phase_1_to_the_tables(run, files, capfd):
    done = run("ablate", "--seeds", "0", "--arms", "phase1,detailed", *SMALL)
    assert done.exit_code == 0, done.output + capfd.readouterr().err
    assert "[5/5] measure detailed, seed 0: about" in done.stdout and "valid % (95 %)" in done.stdout
    record = json.loads((files / "ablation/ablation.json").read_text())
    assert [(row["arm"], row["measured"]["plan_validity"]["n"], len(row["rounds"])) for row in record["arms"]] == [
        ("phase1", 3, 0), ("detailed", 3, 2),
    ]  # fmt: skip
    phase1, detailed = (row["tokens"] for row in record["arms"])
    assert 3_000 < detailed - phase1 <= 5_000, "the budget of a round is 4,000 tokens and a quarter"
    before = {path: path.stat().st_mtime_ns for path in files.rglob("*.json*") if path.name not in ("ablation.json",)}
    other = run("ablate", "--seeds", "0", "--arms", "phase1,detailed", *SMALL, "--problems", "4")
    assert other.exit_code == 2 and "problems: 3 -> 4" in other.stderr, "what is finished is not taken for something else"
    with (files / "ablation/lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        busy = run("ablate", "--seeds", "0", "--arms", "phase1,detailed", *SMALL)
        assert busy.exit_code == 2 and "is at work there" in busy.stderr
    again = run("ablate", "--seeds", "0", "--arms", "phase1,detailed", *SMALL)
    assert again.exit_code == 0 and "[" not in again.stdout.split("ablation:")[1].splitlines()[1]
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_killed_ablation_goes_on(files, capfd):
    """Killed, its command with it, in the middle of the rounds; the same command goes on there and leaves what was finished."""
    line = [sys.executable, "-m", "planlearn", "ablate", "--seeds", "0", "--arms", "phase1,detailed", *SMALL]
    rounds = files / "ablation/s0/detailed/refine/round-01/attempts.jsonl"
    started = subprocess.Popen(line, start_new_session=True)
    limit = time.monotonic() + 300
    while not rounds.exists() and started.poll() is None and time.monotonic() < limit:
        time.sleep(0.02)
    assert started.poll() is None and rounds.exists(), capfd.readouterr().err
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    before = {path: path.read_bytes() for path in (files / "ablation/s0/start-phase1").rglob("*") if path.is_file()}
    assert not (files / "ablation/ablation.json").exists() or len(json.loads((files / "ablation/ablation.json").read_text())["arms"]) == 1
    again = subprocess.run(line, check=False, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "[4/5] rounds detailed, seed 0" in again.stdout and "[2/5]" not in again.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert [row["arm"] for row in json.loads((files / "ablation/ablation.json").read_text())["arms"]] == ["phase1", "detailed"]


def test_what_would_run_is_printed_and_nothing_is_made(run, files):
    done = run("ablate", "--dry-run", *SMALL)
    assert done.exit_code == 0, done.output
    assert "[38/38] measure shuffled, seed 1: how long is known behind phase 1" in done.stdout
    assert "planlearn train --domain blocksworld --model tiny --seed 0 --eta 0 --out ablation/s0/start-base" in done.stdout
    assert not (files / "ablation").exists()


@pytest.mark.parametrize(("words", "said"), [
    (("--arms", "detail"), "--arms: expected some of base, phase1, "),
    (("--seeds", "0;1"), "--seeds: expected numbers with commas between them, found '0;1'"),
    (("refine.tokens=null",), "refine.tokens: the arms are compared at equal tokens"),
    (("refine=null",), "the recipe has no block refine"),
])  # fmt: skip
def test_what_cannot_be_run_is_said_before_anything_is(run, files, words, said):
    done = run("ablate", *SMALL, *words)
    assert done.exit_code == 2 and said in done.stderr and not (files / "ablation").exists()
