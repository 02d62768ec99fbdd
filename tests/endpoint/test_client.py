"""Asking a server that behaves, one that does not, and one that is not there."""

from __future__ import annotations

import logging
import socket
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate

import pytest

from planlearn.endpoint import Endpoint, EndpointError, complete
from planlearn.evaluate import Completion, Prompt, Stop
from tests.endpoint.server import (
    Act,
    Handler,
    Script,
    answer,
    cut_off,
    cut_off_unnoticed,
    dripping,
    good,
    hangs_up,
    sends,
    serving,
    silent,
    status,
)

KEY = "sk-never-to-be-seen-1234567890"
VARIABLE = "PLANLEARN_TEST_KEY"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv(VARIABLE, KEY)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were to be waited between tries; nobody waits."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("anyio.sleep", sleep)
    return found


def endpoint(script: Script, **settings) -> Endpoint:
    return Endpoint(**{"base_url": script.url, "model": "m", "key_variable": VARIABLE, "pause": 0.001, "retries": 2} | settings)


def prompts(count: int) -> list[Prompt]:
    return [Prompt(id=f"p{number}", text=f"text {number}") for number in range(count)]


def ask(*acts: Act, count: int = 1, **settings) -> tuple[list[Completion], Script]:
    with serving(*acts) as script:
        return list(complete(endpoint(script, **settings), prompts(count), max_tokens=16)), script


def one(*acts: Act, **settings) -> Completion:
    return ask(*acts, **settings)[0][0]


# What is asked and answered


def test_each_prompt_has_its_own_answer() -> None:
    completions, script = ask(good, count=20, concurrency=5)
    assert {c.id: c.text for c in completions} == {f"p{n}": f"TEXT {n}" for n in range(20)}
    assert len(completions) == len(script.requests) == 20
    assert all((c.stop, c.reason, c.prompt_tokens, c.tokens, c.cost) == (Stop.END, "", 7, 3, None) for c in completions)
    assert all(c.seconds > 0 for c in completions)


def test_the_request_says_what_the_settings_say() -> None:
    _, script = ask(good, seed=4, system="Plan.", extra={"reasoning_effort": "low", "max_tokens": None, "max_completion_tokens": 9})
    [(path, headers, body)] = script.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert body == {
        "model": "m", "messages": [{"role": "system", "content": "Plan."}, {"role": "user", "content": "text 0"}],
        "temperature": 0.0, "seed": 4, "reasoning_effort": "low", "max_completion_tokens": 9,
    }  # fmt: skip


def test_no_key_is_sent_where_the_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor the one of OPENAI_API_KEY, which is for somebody else."""
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-server")
    _, script = ask(good)
    assert "Authorization" not in script.requests[0][1]


def test_the_key_is_read_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(good) as script:
        made = endpoint(script)
        monkeypatch.setenv(VARIABLE, " another-key\n")
        list(complete(made, prompts(1), max_tokens=16))
    assert script.requests[0][1]["Authorization"] == "Bearer another-key"


def test_cost_is_counted_by_the_prices() -> None:
    assert one(good, price_in=2.0, price_out=10.0).cost == pytest.approx((7 * 2 + 3 * 10) / 1e6)
    assert one(good, price_in=0.0, price_out=0.0).cost == 0.0
    assert one(sends(answer("x", usage=None)), price_in=2.0, price_out=10.0).cost is None


def test_as_many_requests_as_allowed_are_in_flight_and_no_more() -> None:
    together = threading.Barrier(3, timeout=20)

    def meets(handler: Handler) -> None:
        together.wait()
        good(handler)

    completions, script = ask(meets, count=9, concurrency=3)
    assert script.most == 3
    assert all(c.stop is Stop.END for c in completions)


def test_answers_come_as_they_are_finished() -> None:
    second = threading.Event()

    def waits(handler: Handler) -> None:
        if handler.prompt == "text 0":
            assert second.wait(20)
        good(handler)

    with serving(waits) as script:
        answers = complete(endpoint(script, concurrency=2), prompts(2), max_tokens=16)
        assert next(answers).id == "p1"
        second.set()
        assert [c.id for c in answers] == ["p0"]


def test_whoever_stops_iterating_stops_the_requests() -> None:
    under_way, hung_up = threading.Event(), threading.Event()

    def waits(handler: Handler) -> None:
        under_way.set()
        if handler.connection.recv(1) == b"":
            hung_up.set()
        handler.close_connection = True

    with serving(good, waits) as script:
        answers = complete(endpoint(script, concurrency=2), prompts(10), max_tokens=16)
        assert next(answers).stop is Stop.END
        assert under_way.wait(20)
        answers.close()
        assert hung_up.wait(20)
        assert len(script.requests) == 2


def test_nothing_is_asked_before_the_first_answer_is_wanted() -> None:
    with serving(good) as script:
        complete(endpoint(script), prompts(3), max_tokens=16)
    assert script.requests == []


def test_equal_ids_and_no_room_for_an_answer_are_mistakes_of_the_caller() -> None:
    with serving(good) as script:
        with pytest.raises(ValueError, match="same id"):
            complete(endpoint(script), prompts(1) * 2, max_tokens=16)
        with pytest.raises(ValueError, match="max_tokens"):
            complete(endpoint(script), prompts(1), max_tokens=0)


# Trouble that passes


@pytest.mark.parametrize(
    "trouble",
    [status(500), status(503, b"<html>busy</html>"), status(408), status(409), status(429), cut_off, hangs_up],
    ids=["500", "503", "408", "409", "429", "cut off", "hangs up"],
)
def test_a_passing_trouble_is_no_missing_answer(trouble: Act) -> None:
    completions, script = ask(trouble, trouble, good)
    assert completions[0].text == "TEXT 0"
    assert len(script.requests) == 3
    assert script.requests[0][2] == script.requests[2][2]


def test_a_time_out_is_tried_again() -> None:
    completions, script = ask(silent, good, timeout=1, retries=20)
    assert completions[0].text == "TEXT 0"
    assert len(script.requests) >= 2


@pytest.mark.parametrize(("when", "seconds"), [("0", 0.0), ("7.5", 7.5), (formatdate(0, usegmt=True), 0.0)])
def test_a_retry_after_goes_before_our_own_pause(when: str, seconds: float, pauses: list[float]) -> None:
    assert one(status(429, retry_after=when), good, pause=60).text == "TEXT 0"
    assert pauses == [seconds]


def test_a_server_that_wants_to_be_left_alone_for_an_hour_is_not_waited_for() -> None:
    completions, script = ask(status(429, retry_after="3600"), good)
    assert (completions[0].stop, completions[0].reason) == (Stop.MISSING, "the server answered 429: no 429")
    assert len(script.requests) == 1


def test_pauses_double(pauses: list[float]) -> None:
    one(status(500), retries=9, pause=1.0)
    assert len(pauses) == 9
    assert all(0.75 * most <= pause <= most for pause, most in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60], strict=True))


# Trouble that stays: a missing answer, with its reason


@pytest.mark.parametrize(
    ("trouble", "reason", "tries"),
    [
        (status(500), "the server answered 500: no 500; tried 3 times", 3),
        (status(429), "the server answered 429: no 429; tried 3 times", 3),
        (status(503, b"<html>\n busy\x1b[31m</html>"), "the server answered 503: <html> busy [31m</html>; tried 3 times", 3),
        (cut_off, "the connection broke before the answer was whole; tried 3 times", 3),
        (hangs_up, "the connection broke before the answer was whole; tried 3 times", 3),
        (cut_off_unnoticed, "the answer is no JSON object", 1),
        (sends(b"{not json"), "the answer is no JSON object", 1),
        (sends(b"[" * 100_000), "the answer is no JSON object", 1),
        (sends(b'{"choices": []}'), "the answer has no choices", 1),
        (sends(b'{"error": {"message": "overloaded"}}'), "the answer has no choices: overloaded", 1),
        (sends(answer(None)), "the answer has no text", 1),
        (sends(answer(None, "tool_calls")), "the answer has no text", 1),
        (sends(answer("half", "content_filter")), "the server ended the answer itself (content_filter)", 1),
        (status(400, {"detail": "too long"}), "the server answered 400: too long", 1),
        (status(307, location="/elsewhere"), "the server answered 307: no 307", 1),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_come_is_missing_and_says_why(trouble: Act, reason: str, tries: int) -> None:
    completions, script = ask(trouble)
    assert [(c.id, c.stop, c.text, c.reason) for c in completions] == [("p0", Stop.MISSING, "", reason)]
    assert len(script.requests) == tries


@pytest.mark.parametrize("act", [silent, dripping])
def test_a_server_that_is_too_slow_is_not_waited_for(act: Act) -> None:
    """Even where it is never silent for long."""
    slow = one(act, timeout=0.5, retries=1)
    assert (slow.stop, slow.reason) == (Stop.MISSING, "no whole answer within 0.5 s; tried 2 times")


def test_missing_answers_stand_between_those_that_came() -> None:
    def odd(handler: Handler) -> None:
        good(handler) if int(handler.prompt[-1]) % 2 else status(500)(handler)

    completions, _ = ask(odd, count=8, give_up=2, concurrency=1)
    assert [(c.id, c.stop) for c in completions] == [(f"p{n}", Stop.END if n % 2 else Stop.MISSING) for n in range(8)]


# Trouble that no second question mends: one error


def failing(*acts: Act, count: int = 50, **settings) -> tuple[str, int, list[Completion]]:
    """The error's words, how many requests were made, and what came before it."""
    came: list[Completion] = []
    with serving(*acts) as script:
        with pytest.raises(EndpointError) as error:
            for completion in complete(endpoint(script, **{"concurrency": 1} | settings), prompts(count), max_tokens=16):
                came.append(completion)
        return str(error.value).replace(script.url, "URL"), len(script.requests), came


def test_a_wrong_key_is_said_at_once() -> None:
    for code in (401, 403):
        assert failing(status(code)) == (f"URL answered {code}: the key in {VARIABLE} was refused", 1, [])


def test_a_key_that_lacks_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    assert failing(status(401)) == (f"URL answered 401: a key is wanted, but {VARIABLE} is not set", 1, [])


def test_a_key_that_ends_on_the_way_stops_the_run() -> None:
    words, requests, came = failing(good, good, status(401))
    assert (words, requests, len(came)) == (f"URL answered 401: the key in {VARIABLE} was refused", 3, 2)


def test_an_unknown_model_is_said_at_once() -> None:
    words = "URL/chat/completions answered 404: no model 'm', or no such address: no 404"
    assert failing(status(404)) == (words, 1, [])


@pytest.mark.parametrize("code", [403, 404])
def test_after_an_answer_it_is_the_prompt_that_was_refused(code: int) -> None:
    completions, _ = ask(good, status(code), count=3, concurrency=1, give_up=1)
    assert [c.stop for c in completions] == [Stop.END, Stop.MISSING, Stop.MISSING]


def test_a_server_that_is_not_there_is_said_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else can answer there
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        made = Endpoint(base_url=url, model="m", key_variable=VARIABLE, retries=1000, pause=60)
        with pytest.raises(EndpointError, match=f"^{url} cannot be reached: is the server running, and is the address right"):
            list(complete(made, prompts(3), max_tokens=16))


@pytest.mark.parametrize("act", [status(500), sends(b"{"), status(400)], ids=["500", "no JSON", "400"])
def test_a_server_that_fails_from_the_start_is_not_asked_all(act: Act) -> None:
    words, requests, came = failing(act, give_up=4, retries=0)
    assert requests == len(came) == 4
    assert all(c.stop is Stop.MISSING for c in came)
    assert words.startswith(f"URL left 4 answers in a row missing, the last because {came[-1].reason}; stopped here")


def test_a_server_that_fails_on_the_way_is_given_up_too() -> None:
    _, requests, came = failing(good, status(500), good, status(500), give_up=3, retries=0)
    assert requests == len(came) == 6


# The key


def echo(code: int, wrap: Callable[[str], bytes]) -> Act:
    """Sends the Authorization header back, in the body and in a header."""

    def act(handler: Handler) -> None:
        said = handler.headers["Authorization"]
        handler.send(code, wrap(said), {"X-Echo": said})

    return act


ECHOES = {
    "401": echo(401, lambda said: b'{"error": {"message": "bad %s"}}' % said.encode()),
    "404": echo(404, lambda said: b'{"error": {"message": "bad %s"}}' % said.encode()),
    "400": echo(400, lambda said: b'{"detail": "bad %s"}' % said.encode()),
    "400, at the cut": echo(400, lambda said: b"x" * 180 + said.encode()),
    "500": echo(500, lambda said: b"<html>bad " + said.encode()),
    "no choices": echo(200, lambda said: b'{"error": "bad %s"}' % said.encode()),
    "no JSON": echo(200, lambda said: said.encode()),
    "answer": echo(200, lambda said: answer(f"you sent {said}")),
}


@pytest.mark.parametrize("act", ECHOES.values(), ids=ECHOES)
def test_the_key_comes_back_in_no_word(act: Act, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    with serving(act) as script:
        made = endpoint(script, give_up=2, retries=1)
        try:
            for completion in complete(made, prompts(3), max_tokens=16):
                seen.append(repr(completion))
        except EndpointError as error:
            seen += [str(error), repr(error), *traceback.format_exception(error), repr(error.__context__), repr(error.__cause__)]
        assert script.requests[0][1]["Authorization"] == f"Bearer {KEY}"
    seen += [repr(made), repr(made.about(16)), repr(made.said()), *capfd.readouterr()]
    assert seen[0]
    assert not [text for text in seen if KEY[-9:] in text]
    assert "X-Echo" in caplog.text
    assert KEY[-9:] not in caplog.text


def test_a_placeholder_is_no_key_and_spoils_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "none")
    assert one(sends(answer("none of the blocks"))).text == "none of the blocks"


def test_a_key_that_no_header_can_carry_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(good) as script:
        for key in ("sk-1234567890\nX-Evil: 1", "sk-1234567890é"):
            monkeypatch.setenv(VARIABLE, key)
            with pytest.raises(EndpointError) as error:
                complete(endpoint(script), prompts(1), max_tokens=16)
            assert str(error.value) == f"{VARIABLE}: the key has characters that no HTTP header can carry"
    assert script.requests == []


def test_a_key_in_the_settings_is_refused() -> None:
    with serving(good) as script:
        for settings in ({"extra": {"api_key": KEY}}, {"system": f"be {KEY}"}, {"model": KEY}, {"base_url": f"{script.url}/{KEY}"}):
            made = endpoint(script, **settings)
            for use in (lambda: complete(made, prompts(1), max_tokens=16), lambda: made.about(16)):
                with pytest.raises(EndpointError, match="the key stands in the endpoint's settings") as error:
                    use()
                assert KEY not in str(error.value)
    assert script.requests == []


def test_settings_are_values() -> None:
    made = Endpoint(base_url="http://127.0.0.1:1/v1", model="m")
    assert replace(made, model="n").model == "n"
