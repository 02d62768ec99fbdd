"""Every question and every refusal of the application, without a browser."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planlearn.serve import checking
from planlearn.serve.asking import Asking
from planlearn.serve.limits import Limits
from planlearn.serve.process import Child
from tests.serve.hard import HANGS

from planlearn.problems import domain_text
from planlearn.serve.examples import PROBLEMS

BLOCKS = {"domain": domain_text("blocksworld"), "problem": PROBLEMS["blocksworld"]}
CHECK = {**BLOCKS, "plan": "(unstack c a)\n", "page": "p", "number": 1}
QUESTIONS = ("/check", "/options", "/show", "/spoil", "/guess", "/reveal", "/ask")


# The questions.


def test_the_page_holds_what_it_needs_and_is_closed_to_others(page: Any) -> None:
    answer = page.client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy and policy.endswith("frame-ancestors 'none'")
    assert "unsafe" not in policy
    assert {domain["name"] for domain in page.data["domains"]} == {"blocksworld", "depots", "logistics", "mystery_blocksworld"}
    assert len(page.data["token"]) >= 32


def test_each_start_has_a_token_of_its_own(opened: Callable[..., Any]) -> None:
    assert opened().data["token"] != opened().data["token"]


@pytest.mark.parametrize("path", ["/", "/check", "/nothing"])
def test_every_answer_bears_the_headers_and_none_of_cors(page: Any, path: str) -> None:
    answer = page.client.get(path, headers={"origin": "http://evil.example"})
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_check(page: Any) -> None:
    said = page.ask("/check", **CHECK)
    assert said["entry"]["outcome"] == "invalid"
    assert said["picture"] is not None
    assert page.ask("/check", **CHECK | {"number": 2, "domain": "(define"})["error"]["where"] == "domain"


def test_options_show_and_a_whole_exercise(page: Any) -> None:
    assert page.ask("/options", **BLOCKS, calls=[], page="p", number=1)["actions"] == ["(pick-up b)", "(unstack c a)"]
    valid = page.ask("/show", **BLOCKS, form="chain")["text"]
    hidden = page.ask("/spoil", **BLOCKS, plan=valid)
    assert set(hidden) == {"exercise", "text", "form", "steps", "problem", "picture"}
    right = page.ask("/reveal", exercise=hidden["exercise"])
    assert set(right) == {"step", "error", "message"}
    assert page.ask("/guess", exercise=hidden["exercise"], step=right["step"], error=right["error"]) == {"step": True, "error": True}
    assert page.ask("/guess", exercise=hidden["exercise"], step=99, error="nothing") == {"step": False, "error": False}
    assert "trouble" in page.ask("/spoil", **BLOCKS, plan="")


def test_without_a_model_that_is_said(page: Any) -> None:
    assert "--adapter" in page.ask("/ask", **BLOCKS)["trouble"]


def test_hostile_texts_come_back_as_texts(page: Any) -> None:
    for plan in ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "\u202e(a b)", "\ud800", "(" * 100_000, "(a " + "x" * 500_000 + ")", "\x00"):
        said = page.ask("/check", **CHECK | {"plan": plan, "page": "hostile", "number": 1})
        assert said["entry"]["outcome"] in ("unreadable", "invalid")
        assert page.ask("/check", **CHECK | {"page": "next"})["entry"]["outcome"] == "invalid"


# The refusals.


@pytest.mark.parametrize("host", ["evil.example:8765", "evil.example", "127.0.0.1:8766", "127.0.0.1", "localhost.evil.example:8765", "[::1]:8765", ""])
@pytest.mark.parametrize("path", ["/", "/check"])
def test_another_hosts_name_is_refused(page: Any, path: str, host: str) -> None:
    answer = page.client.get("/", headers={"host": host}) if path == "/" else page.post(path, CHECK, host=host)
    assert answer.status_code == 403
    assert page.data["token"] not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765"])
def test_both_own_names_are_answered(page: Any, host: str) -> None:
    assert page.post("/check", CHECK, host=host, origin=f"http://{host}").status_code == 200


@pytest.mark.parametrize("path", QUESTIONS)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "https://127.0.0.1:8765"}, 403),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"x_planlearn": None}, 403),
        ({"x_planlearn": "x" * 43}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": None}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_what_the_page_did_not_send_is_refused(page: Any, path: str, headers: dict[str, str | None], status: int) -> None:
    answer = page.post(path, CHECK, **headers)
    assert answer.status_code == status
    assert set(answer.json()) == {"trouble"}


def test_a_page_elsewhere_cannot_fetch_this_one(page: Any) -> None:
    assert page.client.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-dest": "script"}).status_code == 403
    assert page.client.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}).status_code == 403
    assert page.client.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH", "HEAD"])
def test_no_other_method_is_answered(page: Any, method: str) -> None:
    assert page.client.request(method, "/check", headers=page.headers).status_code == 405


@pytest.mark.parametrize("path", ["/etc/passwd", "/../../etc/passwd", "/%2e%2e/pyproject.toml", "/static/theme.css", "/page/serve.js", "/planlearn/serve/app.py", "/docs", "/openapi.json"])
def test_no_path_leads_to_a_file(page: Any, path: str) -> None:
    assert page.client.get(path).status_code == 404
    assert page.post(path, {}).status_code == 404


@pytest.mark.parametrize("name", ["/etc/passwd", "blocksworld", "../domains/blocksworld/domain.pddl", "file:///etc/passwd"])
def test_a_name_in_the_place_of_a_text_is_read_as_a_text(page: Any, name: str) -> None:
    assert page.ask("/check", **CHECK | {"domain": name, "page": name})["error"]["where"] == "domain"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/check", b"{"), ("/check", b"[]"), ("/check", b"\xff"), ("/check", b"[" * 100_000), ("/check", {}), ("/check", CHECK | {"plan": 1}), ("/check", CHECK | {"number": "1"}),
        ("/options", {**BLOCKS, "calls": "x"}), ("/options", {**BLOCKS, "calls": [1]}), ("/options", {**BLOCKS, "calls": []}), ("/check", {**BLOCKS, "plan": "", "page": "p"}), ("/show", {**BLOCKS, "form": "file"}), ("/spoil", BLOCKS),
        ("/guess", {"exercise": "x", "step": 1}), ("/reveal", {"exercise": "x"}), ("/reveal", {}), ("/ask", {}),
    ],
)  # fmt: skip
def test_a_body_that_the_page_would_not_send_is_refused(page: Any, path: str, body: Any) -> None:
    answer = page.post(path, body)
    assert answer.status_code == 400
    assert answer.json()["trouble"].startswith("Expected ")


def test_too_long_a_text_is_refused_whether_or_not_its_length_is_said(opened: Callable[..., Any]) -> None:
    page = opened(body=20_000)
    long = json.dumps(CHECK | {"plan": "x" * 20_000}).encode()
    answer = page.post("/check", long)
    assert (answer.status_code, answer.json()["trouble"]) == (413, "The texts are too long: 20,000 bytes at most.")
    pieces = (long[at : at + 1000] for at in range(0, len(long), 1000))
    answer = page.client.post("/check", content=pieces, headers={**page.headers, "content-type": "application/json"})
    assert answer.status_code == 413
    assert page.ask("/check", **CHECK)["entry"]


# The limits of the checking process.


def test_a_check_that_takes_too_long_is_stopped_and_the_next_works(opened: Callable[..., Any]) -> None:
    page = opened(seconds=0.5)
    before = page.client.app.state.desk.checker.pid
    assert page.ask("/options", **HANGS, calls=[], page="p", number=1) == {"trouble": "Checking this took longer than 0.5 s and was stopped."}
    assert page.ask("/check", **CHECK)["entry"]["outcome"] == "invalid"
    assert page.client.app.state.desk.checker.pid != before


def test_a_check_that_takes_too_much_memory_is_stopped_and_the_next_works(opened: Callable[..., Any]) -> None:
    page = opened(seconds=60.0, memory=200 * 2**20)
    assert "memory" in page.ask("/options", **HANGS, calls=[], page="p", number=1)["trouble"]
    assert page.ask("/check", **CHECK)["entry"]["outcome"] == "invalid"


def test_a_checker_that_dies_is_replaced(opened: Callable[..., Any]) -> None:
    import os
    import signal

    page = opened()
    os.kill(page.client.app.state.desk.checker.pid, signal.SIGKILL)
    first = page.ask("/check", **CHECK)
    assert first == {"trouble": checking.DIED} or "entry" in first
    assert page.ask("/check", **CHECK | {"number": 2})["entry"]["outcome"] == "invalid"


def test_an_answer_too_long_to_show_is_not_sent(opened: Callable[..., Any]) -> None:
    page = opened(answer=5000)
    assert "too long to show" in page.ask("/check", **CHECK | {"plan": "(pick-up b)\n(put-down b)\n" * 200})["trouble"]
    assert "entry" in page.ask("/check", **CHECK | {"number": 2, "plan": ""})


# The queue before it.


def run_in_loop(page: Any, function: Callable[[Any], Any]) -> Any:
    return page.client.portal.call(function, page.client.app.state.desk.checker)


def run_at_desk(page: Any, function: Callable[[Any], Any]) -> Any:
    return page.client.portal.call(function, page.client.app.state.desk)


def test_a_newer_check_takes_the_place_of_the_one_that_waits(opened: Callable[..., Any]) -> None:
    import asyncio

    async def several(desk: Any) -> tuple[list[Any], Any, bool]:
        # Another page's question is at work meanwhile.
        other = asyncio.create_task(desk.options({**HANGS, "calls": [], "page": "other", "number": 1}))
        await asyncio.sleep(0)
        checks = [asyncio.create_task(desk.check(CHECK | {"number": number})) for number in range(20)]
        older = await asyncio.gather(*checks[:-1])
        waited = other.done()
        return older, await checks[-1], waited

    older, newest, waited = run_at_desk(opened(seconds=3.0, waiting=3), several)
    assert older == [checking.SUPERSEDED] * 19
    assert newest["entry"]["outcome"] == "invalid"
    assert not waited


def test_no_verdict_waits_for_a_search(opened: Callable[..., Any]) -> None:
    import asyncio

    async def both(desk: Any) -> tuple[Any, bool]:
        search = asyncio.create_task(desk.show({**HANGS, "form": "plan"}))
        await asyncio.sleep(0)
        said = await desk.check(CHECK)
        at_work = not search.done()
        search.cancel()
        return said, at_work

    said, at_work = run_at_desk(opened(planner_seconds=20.0), both)
    assert said["entry"]["outcome"] == "invalid"
    assert at_work


def test_a_search_that_nobody_awaits_any_more_is_ended(opened: Callable[..., Any]) -> None:
    page = opened(planner_seconds=10.0)
    headers = {**page.headers, "host": "127.0.0.1:8765", "content-type": "application/json"}
    sent: list[Any] = []

    async def leave(desk: Any) -> Any:
        heard = [{"type": "http.request", "body": json.dumps({**HANGS, "form": "plan"}).encode()}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return heard.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/show", "raw_path": b"/show",
            "query_string": b"", "root_path": "", "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        await page.client.app(scope, receive, send)
        return await desk.show({**BLOCKS, "form": "plan"})

    assert run_at_desk(page, leave)["text"].startswith("(unstack c a)")
    assert json.loads(sent[1]["body"]) == checking.SUPERSEDED


def test_a_page_is_told_to_ask_again_where_too_much_is_asked(page: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(self: Any, *arguments: Any, **more: Any) -> Any:
        raise checking.Busy

    monkeypatch.setattr(checking.Checker, "ask", ask)
    for path, body in (("/check", CHECK), ("/show", {**BLOCKS, "form": "plan"})):
        assert page.ask(path, **body) == {"trouble": "Too many requests are waiting; try again.", "busy": True}


def test_of_a_pages_checks_that_wait_the_newest_alone_is_answered(opened: Callable[..., Any]) -> None:
    import asyncio

    async def several(checker: Any) -> list[Any]:
        request = {"op": "check", **BLOCKS, "plan": ""}
        asked = [checker.ask(request, page="one", number=number) for number in range(1, 5)]
        return await asyncio.gather(*asked, checker.ask(request, page="two", number=1))

    *one, two = run_in_loop(opened(), several)
    # The first was at work before the others came.
    assert [answer.get("superseded", False) for answer in one[1:]] == [True, True, False]
    assert "entry" in one[-1] and "entry" in two


def test_too_many_waiting_requests_are_refused(opened: Callable[..., Any]) -> None:
    import asyncio

    async def several(checker: Any) -> list[Any]:
        request = {"op": "check", **BLOCKS, "plan": ""}
        return await asyncio.gather(*(checker.ask(request, page=str(number)) for number in range(5)), return_exceptions=True)

    answers = run_in_loop(opened(waiting=3), several)
    assert [isinstance(answer, checking.Busy) for answer in answers] == [False] * 3 + [True] * 2


# The model, in whose place a script writes.

WRITER = """
    import json, sys, threading, queue
    def say(**what): print(json.dumps(what), flush=True)
    lines = queue.Queue()
    def listen():
        for line in sys.stdin: lines.put(json.loads(line))
        lines.put(None)
    threading.Thread(target=listen, daemon=True).start()
    say(ready=True, style={"states": "full"}, trained_on="blocksworld")
    while True:
        request = lines.get()
        if request is None: break
        if request.get("cancel"): continue
        text = ""
        for step in {steps}:
            text += step + "\\n"
            say(text=text)
        if {endless}:
            assert lines.get() == {"cancel": True}
            say(done=True, text=text, stop="cancelled")
        else:
            say(done=True, text=text, stop="end")
"""


def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, endless: bool = False, steps: tuple[str, ...] = ("Chain:", "pick-up b", "Plan:", "pick-up b")) -> Callable[[Limits], Asking]:
    source = textwrap.dedent(WRITER).replace("{steps}", repr(steps)).replace("{endless}", repr(endless))
    (tmp_path / "small_writer.py").write_text(source, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return lambda limits: Asking(Child("small_writer", [], longest=2**20), limits)


def test_the_models_answer_comes_line_by_line(opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = opened(writer(tmp_path, monkeypatch))
    assert page.data["model"] == "small"
    for _ in range(2):
        lines = [json.loads(line) for line in page.post("/ask", BLOCKS).text.splitlines()]
        assert [line["text"].count("\n") for line in lines] == [1, 2, 3, 4, 4]
        assert (lines[-1]["done"], lines[-1]["stop"]) == (True, "end")
    assert "cannot be read" in page.ask("/ask", domain="(", problem="")["trouble"]


def test_an_answer_that_nobody_awaits_any_more_is_ended(opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    page = opened()

    async def twice(_: Any) -> list[Any]:
        asking = writer(tmp_path, monkeypatch, endless=True)(Limits())
        asking.begin()
        await asking.about()
        seen = []
        for _ in range(2):
            stream = asking.stream("prompt")
            seen.append(await anext(stream))
            busy = [line async for line in asking.stream("another")]
            assert busy[-1]["trouble"].startswith("The model is still writing")
            await stream.aclose()
            await asyncio.sleep(0)
        await asking.close()
        return seen

    assert run_in_loop(page, twice) == [{"text": "Chain:\n"}] * 2


def test_one_who_does_not_read_keeps_the_model_from_nobody(opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    steps = tuple(f"pick-up b{number}" for number in range(500))

    async def two(_: Any) -> tuple[list[Any], list[Any]]:
        asking = writer(tmp_path, monkeypatch, steps=steps)(Limits())
        asking.begin()
        await asking.about()
        slow = asking.stream("prompt")
        first = await anext(slow)
        async with asyncio.timeout(60):
            while True:
                other = [line async for line in asking.stream("another")]
                if "trouble" not in other[-1]:
                    break
                await asyncio.sleep(0)
        late = [first, *[line async for line in slow]]
        await asking.close()
        return late, other

    whole = "".join(f"{step}\n" for step in steps)
    for lines in run_in_loop(opened(), two):
        assert lines[-1] == {"done": True, "text": whole, "stop": "end"}
    late, _ = run_in_loop(opened(), two)
    assert len(late) <= 66  # the older lines, which the newer ones hold, are not kept


@pytest.mark.parametrize("garbage", ["nonsense", "[1]", "{"])
def test_a_model_that_writes_nonsense_is_ended_and_started_anew(opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, garbage: str) -> None:
    make = writer(tmp_path, monkeypatch)
    source = (tmp_path / "small_writer.py").read_text(encoding="utf-8")
    (tmp_path / "small_writer.py").write_text(source.replace('text = ""', f'text = ""; print({garbage!r}, flush=True)'), encoding="utf-8")
    page = opened(make)
    for _ in range(2):
        assert [json.loads(line) for line in page.post("/ask", BLOCKS).text.splitlines()] == [{"done": True, "trouble": "The model's process ended."}]


def test_two_who_find_a_process_ended_start_one(opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    writer(tmp_path, monkeypatch)
    source = (tmp_path / "small_writer.py").read_text(encoding="utf-8")
    (tmp_path / "small_writer.py").write_text(f"open({str(tmp_path / 'started')!r}, 'a').write('x')\n{source}", encoding="utf-8")

    async def both(_: Any) -> None:
        child = Child("small_writer", [], longest=2**20)
        await asyncio.gather(child.open(), child.open())
        await child.kill()

    run_in_loop(opened(), both)
    assert (tmp_path / "started").read_text(encoding="utf-8") == "x"


def test_a_model_that_does_not_end_is_stopped(opened: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from planlearn.serve import asking

    monkeypatch.setattr(asking, "GRACE", 0.1)
    page = opened(writer(tmp_path, monkeypatch, endless=True), model_seconds=0.3)
    lines = [json.loads(line) for line in page.post("/ask", BLOCKS).text.splitlines()]
    assert lines[-1] == {"done": True, "trouble": asking.LATE}


def test_a_model_that_cannot_be_loaded_is_said(opened: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    page = opened(lambda limits: Asking(Child("planlearn.serve.no_such_module", [], longest=2**20), limits))
    assert page.ask("/ask", **BLOCKS)["trouble"] == "The model's process ended."
    assert page.ask("/ask", **BLOCKS)["trouble"] == "The model's process ended."

