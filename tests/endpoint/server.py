"""A server on loopback that misbehaves as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Act = Callable[["Handler"], None]
"""Answers one request, or fails to."""


class Handler(BaseHTTPRequestHandler):
    """asked: the request's body."""

    script: Script
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.asked = json.loads(raw)
        script = self.script
        with script.lock:
            act = script.acts[min(len(script.requests), len(script.acts) - 1)]
            script.requests.append((self.path, dict(self.headers), self.asked))
            script.busy += 1
            script.most = max(script.most, script.busy)
            self.busy = True
        try:
            act(self)
        except OSError:
            self.close_connection = True  # the client has gone
        finally:
            self.leave()

    def leave(self) -> None:
        """Counts no longer as busy: called before the answer is sent, since whoever has it may ask again at once."""
        with self.script.lock:
            self.script.busy -= self.busy
            self.busy = False

    @property
    def prompt(self) -> str:
        return self.asked["messages"][-1]["content"]

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        self.leave()
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        pass


@dataclass
class Script:
    """acts: one a request, in the order of their coming; the last one again for all that follow. requests: (path, headers, body)."""

    acts: list[Act]
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    busy: int = 0
    most: int = 0
    url: str = ""


@contextmanager
def serving(*acts: Act) -> Iterator[Script]:
    script = Script(list(acts))
    handler = type("Scripted", (Handler,), {"script": script})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    script.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answer(text: Any = None, finish: str | None = "stop", usage: Any = (7, 3), **message: Any) -> bytes:
    """The body of a good answer."""
    counted = {"prompt_tokens": usage[0], "completion_tokens": usage[1]} if isinstance(usage, tuple) else usage
    body = {"choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}]}
    return json.dumps(body | ({"usage": counted} if counted is not None else {})).encode()


def good(handler: Handler) -> None:
    """Says the prompt in capitals."""
    handler.send(200, answer(handler.prompt.upper()))


def status(code: int, body: Any = None, **headers: str) -> Act:
    raw = body if isinstance(body, bytes) else json.dumps(body or {"error": {"message": f"no {code}"}}).encode()
    return lambda handler: handler.send(code, raw, {name.replace("_", "-"): value for name, value in headers.items()})


def sends(body: bytes) -> Act:
    return lambda handler: handler.send(200, body)


def silent(handler: Handler) -> None:
    """No byte until the test is over."""
    handler.script.over.wait()
    handler.close_connection = True


def dripping(handler: Handler) -> None:
    """Never silent and never done."""
    handler.send(200, b"{", length=1_000_000)
    while not handler.script.over.wait(0.01):
        handler.wfile.write(b" ")
    handler.close_connection = True


def cut_off(handler: Handler) -> None:
    """Half of the answer that was announced."""
    body = answer("pick-up a")
    handler.send(200, body[: len(body) // 2], length=len(body))
    handler.close_connection = True


def cut_off_unnoticed(handler: Handler) -> None:
    """Half of an answer whose length was never announced."""
    body = answer("pick-up a")
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body[: len(body) // 2])
    handler.close_connection = True


def hangs_up(handler: Handler) -> None:
    """No response at all."""
    handler.close_connection = True
