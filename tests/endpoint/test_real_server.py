"""A real server process on loopback: `transformers serve` with the default model, from the cache, without the network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from planlearn.endpoint import Endpoint, EndpointError, complete
from planlearn.evaluate import Prompt, Stop
from tests.conftest import Need

NEEDS = ("torch", "transformers", "fastapi", "uvicorn", "openai", "httpx2")
QUESTIONS = ("What is the capital of France?", "Which block is on the table: the red one or the blue one?")
SHORT, LONG = 6, 12  # the first answer takes 8 tokens, its end mark included; with a cap of 8 the server says "length" all the same
START_SECONDS = 200.0


@pytest.fixture(scope="module")
def folder(need: Need) -> Path:
    """The model's folder; its name is what the server calls the model."""
    lacking = [name for name in NEEDS if not find_spec(name)]
    if lacking:
        need("serve", f"`transformers serve` needs {', '.join(lacking)}; planlearn's extra [test] brings them")
    from planlearn.models import PRESETS, fetch, is_fetched

    preset = PRESETS["smollm2-135m"]
    if not is_fetched(preset):
        need("smollm2", "it is not in the cache; `make fetch-model` fetches it")
    return fetch(preset)


@pytest.fixture(scope="module")
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = "import sys; from transformers.cli.transformers import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "serve", str(folder), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    log = tmp_path_factory.mktemp("serve") / "log.txt"
    with log.open("wb") as words, pytest.MonkeyPatch.context() as environment:
        environment.setenv("NO_PROXY", "127.0.0.1")
        process = subprocess.Popen(
            command, env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL, stdout=words, stderr=words
        )
        try:
            plain, end = build_opener(ProxyHandler({})), time.monotonic() + START_SECONDS
            while True:
                with suppress(URLError, ConnectionError, TimeoutError), plain.open(f"http://127.0.0.1:{port}/health", timeout=5):
                    break
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.1)
                if process.returncode is not None or time.monotonic() > end:
                    pytest.fail(f"`transformers serve` did not start: {log.read_text()[-2000:]}")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def endpoint(url: str, folder: Path) -> Endpoint:
    return Endpoint(base_url=url, model=str(folder), key_variable="PLANLEARN_TEST_KEY", price_in=1.0, price_out=2.0, retries=1)


def test_it_answers_as_our_own_greedy_decoding_does(endpoint: Endpoint, folder: Path) -> None:
    """Text, end and token counts; the chat template, which the server puts around a prompt, is put around ours here."""
    import torch

    from planlearn.models import generate, load_model

    torch.set_num_threads(1)
    loaded = load_model(str(folder), download=False, device="cpu")
    asked = [Prompt(id=question, text=question) for question in QUESTIONS]
    written = [
        Prompt(id=q, text=loaded.tokenizer.apply_chat_template([{"role": "user", "content": q}], tokenize=False, add_generation_prompt=True))
        for q in QUESTIONS
    ]
    for cap in (SHORT, LONG):
        theirs = {c.id: c for c in complete(endpoint, asked, max_tokens=cap)}
        ours = {c.id: c for c in generate(loaded, written, max_tokens=cap, batch_size=1)}
        assert theirs.keys() == ours.keys()
        for question in QUESTIONS:
            one, own = theirs[question], ours[question]
            assert (one.text, one.stop, one.reason) == (own.text, own.stop, "")
            assert (one.prompt_tokens, one.tokens) == (own.prompt_tokens, own.tokens)
            assert one.cost == pytest.approx((one.prompt_tokens + 2 * one.tokens) / 1e6)
        assert theirs[QUESTIONS[0]].stop is (Stop.CAP if cap == SHORT else Stop.END)


def test_another_model_than_the_one_it_serves_ends_the_run(endpoint: Endpoint) -> None:
    wrong = replace(endpoint, model="nobody/nothing", give_up=3)
    with pytest.raises(EndpointError, match="left 3 answers in a row missing.*answered 400: Server is pinned to"):
        list(complete(wrong, [Prompt(id=str(number), text="?") for number in range(9)], max_tokens=SHORT))
