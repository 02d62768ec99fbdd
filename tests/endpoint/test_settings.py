"""What an endpoint's settings admit, and what of them may be written down."""

from __future__ import annotations

import subprocess
import sys

import pytest

from planlearn.endpoint import Endpoint, EndpointError
from planlearn.evaluate import Prompt

URL = "http://127.0.0.1:8000/v1"
PROMPT = Prompt(id="p1", text="x")


def made(**settings) -> Endpoint:
    return Endpoint(**{"base_url": URL, "model": "m"} | settings)


@pytest.mark.parametrize("url", [URL, f"{URL}/", "https://api.openai.com/v1", "http://[::1]:80", "https://host"])
def test_an_address_is_kept_without_its_last_slash(url: str) -> None:
    assert made(base_url=url).address == f"{url.rstrip('/')}/chat/completions"


@pytest.mark.parametrize(
    "url",
    [
        "", "host", "host:80/v1", "ftp://host", "http://", "http://:80", "http://host:port", "http://[::1", "http://a b/",
        "https://user:sk-secret@host/v1", "https://sk-secret@host", "https://@host", "https://host?key=sk-secret", "https://host/#sk-secret",
        "https://host/\nsk-secret",
    ],
)  # fmt: skip
def test_an_address_that_may_hold_a_key_is_refused_unquoted(url: str) -> None:
    with pytest.raises(EndpointError, match=r"^base_url: expected http\(s\)://host") as error:
        made(base_url=url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"concurrency": 0}, "concurrency: expected 1 or more, found 0"),
        ({"retries": -1}, "retries: expected 0 or more, found -1"),
        ({"give_up": 0}, "give_up: expected 1 or more, found 0"),
        ({"timeout": 0}, "timeout: expected seconds above 0, found 0"),
        ({"timeout": float("nan")}, "timeout: expected seconds above 0, found nan"),
        ({"pause": -1}, "pause: expected seconds, 0 or more, found -1"),
        ({"temperature": -1}, "temperature: expected 0 or more, found -1"),
        ({"temperature": float("nan")}, "temperature: expected 0 or more, found nan"),
        ({"price_in": 1.0}, "price_in and price_out: expected both or none, found one"),
        ({"price_in": -1.0, "price_out": 1.0}, "price_in and price_out: expected 0 or more for a million tokens"),
        ({"price_in": float("nan"), "price_out": 1.0}, "price_in and price_out: expected 0 or more for a million tokens"),
        ({"extra": {"a": float("nan")}}, "extra: expected a JSON object"),
        ({"extra": {"a": object()}}, "extra: expected a JSON object"),
        ({"extra": [1]}, "extra: expected a JSON object"),
        ({"extra": {"stream": True}}, "extra: 'stream' is not to be set there"),
        ({"extra": {"messages": []}}, "extra: 'messages' is not to be set there"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: dict, words: str) -> None:
    with pytest.raises(EndpointError) as error:
        made(**settings)
    assert str(error.value) == words


def test_results_say_what_was_sent_and_how() -> None:
    one = made(seed=3, system="Plan.", extra={"reasoning_effort": "low"}, concurrency=2, price_in=1.0, price_out=2.0)
    sent = {"system": "Plan.", "temperature": 0.0, "seed": 3, "max_tokens": 99, "reasoning_effort": "low"}
    assert one.about(99) == {"model": "m", "endpoint": URL, "sent": sent}
    assert one.said() == {"requests": {"concurrency": 2, "timeout": 600.0, "retries": 5, "price_in": 1.0, "price_out": 2.0}}


def test_the_cap_may_stand_elsewhere() -> None:
    assert made().about() == {"model": "m", "endpoint": URL, "sent": {"temperature": 0.0}}


def test_a_temperature_is_left_out_where_the_model_takes_none() -> None:
    assert made(temperature=None).about(5)["sent"] == {"max_tokens": 5}
    assert made(extra={"temperature": None}).about(5)["sent"] == {"max_tokens": 5}


def test_drawn_answers_have_a_seed_each_and_the_same_one_in_every_run() -> None:
    again = Prompt(id="p1#2", text="x")
    for temperature in (0.7, None):
        drawn = made(temperature=temperature, seed=4)
        first, second = (drawn.body(prompt, 5)["seed"] for prompt in (PROMPT, again))
        assert first != second and 0 <= min(first, second) and max(first, second) < 2**31
        assert made(temperature=temperature, seed=4).body(PROMPT, 5)["seed"] == first
        assert made(temperature=temperature, seed=5).body(PROMPT, 5)["seed"] != first
        assert drawn.about(5)["sent"]["seed"] == 4
    assert made(seed=4).body(again, 5)["seed"] == 4
    assert made(temperature=0.7, extra={"seed": 9}).body(again, 5)["seed"] == 9
    assert made(temperature=0.7, seed=4, extra={"seed": 9}).body(again, 5)["seed"] == 9
    assert "seed" not in made(temperature=0.7).body(again, 5)


def test_openai_calls_the_cap_otherwise() -> None:
    assert "max_completion_tokens" in made(base_url="https://api.openai.com/v1").body(PROMPT, 5)
    assert made(cap_field="max_completion_tokens").body(PROMPT, 5)["max_completion_tokens"] == 5


def test_later_changes_of_the_object_given_as_extra_change_nothing() -> None:
    extra = {"stop": ["a"]}
    one = made(extra=extra)
    extra["stop"].append("b")
    assert one.about(5)["sent"]["stop"] == ["a"]


def test_the_room_sleeps_until_it_asks() -> None:
    program = "import sys, planlearn.endpoint\nprint({'httpx2', 'anyio', 'asyncio', 'openai'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    "url, goes",
    [
        ("https://models.example/v1", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://models.example/v1", False),
        ("http://10.0.0.7:8000/v1", False),
    ],
)
def test_a_key_goes_to_another_machine_encrypted_alone(monkeypatch: pytest.MonkeyPatch, url: str, goes: bool) -> None:
    monkeypatch.setenv("PLANLEARN_TEST_KEY", "sk-0123456789abcdef")
    one = Endpoint(base_url=url, model="m", key_variable="PLANLEARN_TEST_KEY")
    if goes:
        assert one.key() == "sk-0123456789abcdef"
    else:
        with pytest.raises(EndpointError, match="unencrypted") as caught:
            one.key()
        assert "sk-0123456789abcdef" not in str(caught.value)
    monkeypatch.setenv("PLANLEARN_TEST_KEY", "none")
    assert one.key() == "none", "what servers without keys want to see"


def test_openais_key_is_for_openai_alone() -> None:
    from planlearn.cli.asking import default_key_variable

    assert default_key_variable("https://api.openai.com/v1") == "OPENAI_API_KEY"
    assert default_key_variable("https://api.openai.com.example/v1") == default_key_variable("http://127.0.0.1:1/v1") == "PLANLEARN_API_KEY"
