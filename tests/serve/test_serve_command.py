"""`planlearn serve` as it is started and ended."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "planlearn", "serve", *arguments]
        running.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_it_says_where_it_is_answers_there_alone_and_ends_quietly(started: Callable[..., subprocess.Popen[str]]) -> None:
    process = started("--port", "0")
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.fullmatch(r"planlearn is at (http://127\.0\.0\.1:(\d+)/) \(Ctrl-C ends it\)\n", said)
    assert found is not None, said
    port = int(found[2])
    with urllib.request.urlopen(found[1], timeout=20) as answer:
        assert "Why does this plan fail?" in answer.read().decode()
        assert "uvicorn" not in str(answer.headers).lower()
    # Whatever else the machine is called, nobody answers there.
    for host in ("127.0.0.2", "::1", *socket.gethostbyname_ex(socket.gethostname())[2]):
        if host != "127.0.0.1":
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as other:
                assert other.connect_ex((host, port)) != 0, host
    other = started("--port", str(port))
    _, complaint = other.communicate(timeout=60)
    assert other.returncode == 2
    assert complaint == f"planlearn: port {port} is taken by another program; choose another with --port, or --port 0 for any that is free\n"
    process.send_signal(signal.SIGINT)
    rest, complaint = process.communicate(timeout=30)
    assert (process.returncode, rest, complaint) == (0, "", "")


def test_a_folder_without_a_model_is_refused_at_once(started: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    process = started("--port", "0", "--adapter", str(tmp_path))
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 2
    assert complaint == f"planlearn: {tmp_path} holds no trained model: expected adapter_config.json or config.json in it\n"


@pytest.mark.parametrize("package", ["uvicorn", "starlette"])
def test_a_missing_package_is_named(package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from planlearn.cli import main; sys.argv = ['planlearn', 'serve', '--port', '0']; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"planlearn: planlearn serve needs the package {package}: pip install 'planlearn[serve]'\n"


def test_the_help_loads_no_server() -> None:
    code = "import sys, planlearn.cli; print([name for name in sys.modules if name.split('.')[0] in ('starlette', 'uvicorn', 'torch')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"
