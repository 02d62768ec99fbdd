"""The real server and what its model writes: pages that ask at once, that leave, that never read; a server that ends meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from planlearn.problems import domain_text
from planlearn.serve.examples import PROBLEMS

ROOT = Path(__file__).parent.parent.parent
BLOCKS = {"domain": domain_text("blocksworld"), "problem": PROBLEMS["blocksworld"]}
ENDLESS = {**BLOCKS, "problem": PROBLEMS["blocksworld"].replace("(and (on a b) (on b c))", "(on c b)")}
LINES = 1500
"""Of a long answer: 20 MB of lines, more than sockets hold."""

# Writes for ever, until it is told to stop, where the goal is (on c b).
WRITER = """
    import json, os, sys
    def say(**what): print(json.dumps(what), flush=True)
    say(ready=True, style={"states": "changes"}, trained_on="blocksworld")
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("cancel"): continue
        text = f"{os.getpid()}\\n"
        say(text=text)
        if "on c b" in request["prompt"].split("Goal")[1]:
            assert json.loads(sys.stdin.readline()) == {"cancel": True}
            say(done=True, text=text, stop="cancelled")
            continue
        for number in range(LINES):
            text += f"pick-up block{number}\\n"
            say(text=text)
        say(done=True, text=text, stop="end")
"""
SERVER = """
    import sys
    from pathlib import Path
    from planlearn.serve import process, run
    Child = process.Child
    process.Child = lambda module, arguments, **more: Child("attacked_writer" if module.endswith("model") else module, arguments, **more)
    run.serve(0, adapter=Path(sys.argv[1]), ready=lambda address: print(address, flush=True))
"""


class Server:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.port = int(process.stdout.readline().rsplit(":", 1)[1].strip("/\n"))
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request("GET", "/")
        found = re.search(r'"token": ?"([^"]+)"', link.getresponse().read().decode())
        assert found is not None
        self.headers = {"content-type": "application/json", "x-planlearn": found[1]}

    def ask(self, body: Any) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, dict[str, Any]]:
        """The connection, the answer, its first line."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request("POST", "/ask", json.dumps(body), self.headers)
        answer = link.getresponse()
        return link, answer, json.loads(answer.readline())

    def ask_until_free(self, body: Any) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, dict[str, Any]]:
        until = time.monotonic() + 60
        while True:
            link, answer, line = self.ask(body)
            if "trouble" not in line:
                return link, answer, line
            assert time.monotonic() < until, line
            link.close()

    def never_read(self, body: Any) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.connect(("127.0.0.1", self.port))
        content = json.dumps(body).encode()
        headers = {"host": f"127.0.0.1:{self.port}", "content-length": str(len(content)), **self.headers}
        made.sendall(b"POST /ask HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n" + content)
        assert made.recv(8) == b"HTTP/1.1"  # the model is at work for it
        return made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "attacked_writer.py").write_text(textwrap.dedent(WRITER).replace("LINES", str(LINES)), encoding="utf-8")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), str(tmp_path)], cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield Server(process)
    process.kill()
    process.communicate()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_pages_that_never_read_ask_at_once_or_leave_and_a_server_that_ends(server: Server) -> None:
    # One that never reads: the model comes to its end all the same, and is the next one's.
    silent = server.never_read(BLOCKS)
    first, answer, line = server.ask_until_free(BLOCKS)
    lines = [line, *map(json.loads, answer)]
    assert (lines[-1]["stop"], lines[-1]["text"].count("\n")) == ("end", LINES + 1)
    first.close()
    silent.close()

    # Two at once: the second is told so. The first leaves in the middle: the same process writes for the next.
    first, answer, line = server.ask_until_free(ENDLESS)
    pid = int(line["text"])
    second, _, refused = server.ask(ENDLESS)
    assert refused["done"] and refused["trouble"].startswith("The model is still writing")
    second.close()
    answer.close()
    first.close()
    third, answer, line = server.ask_until_free(ENDLESS)
    assert int(line["text"]) == pid

    # Ctrl-C while it writes: all ends, and quietly.
    server.process.send_signal(signal.SIGINT)
    rest, complaint = server.process.communicate(timeout=60)
    assert (server.process.returncode, rest, complaint) == (0, "", "")
    assert not alive(pid)
    third.close()
