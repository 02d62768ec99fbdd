"""A merged model answers as its adapter does; a push says what is wrong in one sentence and never tells more than it should."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from planlearn.errors import AdapterMismatch  # noqa: E402
from planlearn.evaluate import Prompt, ResultExists  # noqa: E402
from planlearn.models import LoadedModel, generate, load_model, load_trained  # noqa: E402
from planlearn.models.export import HubError, export_merged, push_folder  # noqa: E402
from tests.models.adapters import restless_adapter  # noqa: E402

PROMPTS = [Prompt(id=str(n), text="Init: " + "on a b, " * n + "clear c\nGoal: on a b\nChain:\n") for n in range(6)]
RECIPE = "domain: blocksworld\ncorpus:\n  states: full\n  domain_in_prompt: false\n"


@pytest.fixture(scope="module")
def base(restless: Callable[[], LoadedModel], tmp_path_factory: pytest.TempPathFactory) -> Path:
    loaded = restless()
    folder = tmp_path_factory.mktemp("machine") / "base"
    # What a base may bring along and an export must not.
    loaded.model.generation_config.temperature = 0.6
    loaded.model.generation_config.do_sample = True
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def adapter(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As training leaves one, with weights far from zero."""
    folder = restless_adapter(base, tmp_path_factory.mktemp("run") / "adapter")
    (folder / "recipe.yaml").write_text(RECIPE)
    share = {"value": 0.25, "low": 0.1, "high": 0.5, "n": 20}
    (folder / "validation.json").write_text(json.dumps({"results": {"blocksworld": {"greedy": {"plan_validity": share}}}}))
    return folder


@pytest.fixture(scope="module")
def merged(base: Path, adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_merged(adapter, tmp_path_factory.mktemp("out") / "merged", model=str(base))


def answers(loaded: LoadedModel) -> dict[str, str]:
    return {one.id: one.text for one in generate(loaded, PROMPTS, max_tokens=40)}


def test_a_merged_model_gives_the_adapters_greedy_answers(base: Path, adapter: Path, merged: Path) -> None:
    adapted = answers(load_model(base, adapter=adapter))
    assert answers(load_model(merged)) == adapted
    assert len(set(adapted.values())) > 1 and adapted != answers(load_model(base)), "then this test would prove nothing"


def test_transformers_loads_it_alone_and_generates_the_same(base: Path, adapter: Path, merged: Path) -> None:
    """Without planlearn and peft, with the folder's own generation settings."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model, tokenizer = AutoModelForCausalLM.from_pretrained(merged), AutoTokenizer.from_pretrained(merged)
    assert not list(merged.glob("adapter_*"))
    expected = answers(load_model(base, adapter=adapter))
    for prompt in PROMPTS:
        encoded = tokenizer(prompt.text, return_tensors="pt")
        written = model.generate(**encoded, max_new_tokens=40)[0, encoded["input_ids"].shape[1] :]
        if written[-1] == tokenizer.eos_token_id:
            written = written[:-1]
        assert tokenizer.decode(written, clean_up_tokenization_spaces=False) == expected[prompt.id]


def test_it_carries_what_an_evaluation_needs(merged: Path) -> None:
    _, style, about = load_trained(merged, None)
    assert (style.states, style.domain_in_prompt) == ("full", False)
    assert about["model"] == "merged"


def test_its_card_says_how_to_ask_it_and_tells_no_path(base: Path, adapter: Path, merged: Path) -> None:
    card = (merged / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: transformers\n")
    assert "Init: clear a, clear b" in card and "Actions:" not in card
    assert "| validation.json | blocksworld | 25.0 % | 10.0-50.0 | 20 |" in card
    for path in merged.iterdir():
        for folder in (base.parent, adapter.parent, merged.parent):
            assert os.fsencode(folder) not in path.read_bytes(), path.name


def test_generation_settings_are_plain(merged: Path) -> None:
    settings = json.loads((merged / "generation_config.json").read_text())
    assert not settings.get("do_sample") and "temperature" not in settings and "eos_token_id" in settings


def test_a_finished_export_stays_unless_forced(base: Path, adapter: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    out.mkdir()
    (out / "mine.txt").write_text("work of weeks")
    with pytest.raises(ResultExists):
        export_merged(adapter, out, model=str(base))
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    export_merged(adapter, out, model=str(base), force=True)
    assert (out / "model.safetensors").exists() and not (out / "mine.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_an_export_that_fails_leaves_nothing_and_keeps_what_was_there(adapter: Path, tmp_path: Path) -> None:
    out = tmp_path / "m"
    out.mkdir()
    (out / "mine.txt").write_text("work of weeks")
    with pytest.raises(AdapterMismatch):
        export_merged(adapter, out, model="tiny", force=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["m", "mine.txt"]


class PlayedHub:
    """What of HfApi a push calls."""

    endpoint = "https://hub.example"

    def __init__(self, *, token: str | None = "t", there: tuple[str, ...] = (), error: Exception | None = None) -> None:
        self.token, self.there, self.error = token, there, error
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def repo_exists(self, repo: str, *, repo_type: str) -> bool:
        if self.error is not None:
            raise self.error
        return repo in self.there

    def create_repo(self, repo: str, **options: Any) -> None:
        self.calls.append(("create_repo", {"repo": repo} | options))

    def upload_folder(self, **options: Any) -> None:
        self.calls.append(("upload_folder", options))


def test_a_push_makes_a_private_repository_and_one_commit(merged: Path) -> None:
    from huggingface_hub.utils import filter_repo_objects

    hub = PlayedHub()
    assert push_folder(merged, "me/model", api=hub) == "https://hub.example/me/model"
    (create, made), (upload, sent) = hub.calls
    assert (create, upload) == ("create_repo", "upload_folder")
    assert made == {"repo": "me/model", "repo_type": "model", "private": True, "exist_ok": False}
    assert sent["repo_id"] == "me/model" and sent["folder_path"] == merged
    names = ["model.safetensors", "recipe.yaml", ".env", "a/.git/config", "checkpoint-3/optimizer.pt", "run.log", "x.part"]
    assert list(filter_repo_objects(names, ignore_patterns=sent["ignore_patterns"])) == ["model.safetensors", "recipe.yaml"]


def test_a_push_into_a_repository_that_is_there_is_refused_unless_forced(merged: Path) -> None:
    hub = PlayedHub(there=("me/model",))
    with pytest.raises(HubError, match="already"):
        push_folder(merged, "me/model", api=hub)
    assert hub.calls == []
    push_folder(merged, "me/model", api=hub, force=True, private=False)
    assert hub.calls[0][1]["exist_ok"] and not hub.calls[0][1]["private"]


def test_a_corpus_is_pushed_as_a_data_set(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    hub = PlayedHub()
    assert push_folder(tmp_path, "me/data", api=hub) == "https://hub.example/datasets/me/data"
    assert hub.calls[0][1]["repo_type"] == "dataset"


def test_without_a_token_nothing_is_asked(merged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planlearn.models.export._stored_token", lambda: None)
    hub = PlayedHub(token=None, error=AssertionError("the hub was asked"))
    with pytest.raises(HubError, match="HF_TOKEN"):
        push_folder(merged, "me/model", api=hub)


def hub_errors() -> list[tuple[Exception, str]]:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    answer = httpx2.Response(403, request=httpx2.Request("POST", "https://hub.example/api"))
    return [
        (HFValidationError("Repo id must be in the form ..."), "no id of a repository"),
        (HfHubHTTPError("403 Forbidden: this token may not write", response=answer), "refused me/model: 403 Forbidden"),
        (OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE is set"),
        (httpx2.ConnectError("Connection refused"), "cannot be reached"),
        (httpx2.ReadTimeout("timed out"), "cannot be reached"),
        (ConnectionResetError("reset by peer"), "cannot be reached"),
    ]


@pytest.mark.parametrize("number", range(6))
def test_what_a_hub_answers_is_one_sentence(merged: Path, number: int) -> None:
    error, words = hub_errors()[number]
    with pytest.raises(HubError) as raised:
        push_folder(merged, "me/model", api=PlayedHub(error=error))
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_a_defect_of_ours_is_no_unreachable_hub(merged: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        push_folder(merged, "me/model", api=PlayedHub(error=ZeroDivisionError()))


@pytest.mark.parametrize("files", [(), ("notes.txt",), ("config.json",)])
def test_a_folder_that_helps_nobody_is_not_pushed(tmp_path: Path, files: tuple[str, ...]) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    hub = PlayedHub()
    with pytest.raises(HubError, match="holds"):
        push_folder(tmp_path, "me/model", api=hub)
    assert hub.calls == []


def test_an_adapter_on_a_folder_of_this_machine_is_not_pushed(adapter: Path) -> None:
    """peft writes where the base lay."""
    hub = PlayedHub()
    with pytest.raises(HubError, match="folder of this machine"):
        push_folder(adapter, "me/model", api=hub)
    assert hub.calls == []
