"""The task folder, run by the installed lm-evaluation-harness: right answers, spoiled ones, the prompt, the numbers, the shape."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from planlearn.chains import ChainStyle
from planlearn.errors import PlanlearnError
from planlearn.evaluate import Completion, Prompt, Stop, asked_from_rows, chain_prompt, measure
from planlearn.evaluate.lm_eval_shape import lm_eval_results
from planlearn.evaluate.prompts import plan_prompt
from planlearn.evaluate.sets import read_set
from planlearn.integrations import LM_EVAL_TASKS
from planlearn.integrations.lm_eval import docs
from tests.conftest import Need

DOMAINS = ("blocksworld", "logistics", "mystery_blocksworld")
Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def harness(request: pytest.FixtureRequest, need: Need) -> None:
    if "documents" not in request.node.name and find_spec("lm_eval") is None:
        need("lm_eval", "lm-evaluation-harness is not installed")


def run(answer: Callable[[str], str], problems: Path, tasks: list[str], *, folder: Path = LM_EVAL_TASKS, **metadata: Any) -> dict[str, Any]:
    """What `lm_eval run` gives, for a model that is a function; the requests stand in "requests"."""
    import lm_eval
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    class Played(LM):
        requests: list[Any] = []

        def generate_until(self, requests: Iterable[Any]) -> list[str]:
            Played.requests += [request.args for request in requests]
            return [answer(request.args[0]) for request in requests]

        def loglikelihood(self, requests: Any) -> Any:
            raise NotImplementedError

        def loglikelihood_rolling(self, requests: Any) -> Any:
            raise NotImplementedError

    manager = TaskManager(include_path=str(folder), include_defaults=False, metadata={"problems": str(problems)} | metadata)
    return lm_eval.simple_evaluate(model=Played(), tasks=tasks, task_manager=manager, bootstrap_iters=100) | {"requests": Played.requests}


def right(rows: Rows) -> Callable[[str], str]:
    """Answers each of our prompts with its reference plan."""
    plans = {chain_prompt(one, ChainStyle()): row["plan"] for one, row in zip(asked_from_rows(rows), rows, strict=True)}
    return lambda prompt: f"Plan:\n{plans[prompt]}\n"


def spoiled(rows: Rows) -> Callable[[str], str]:
    """The same without its last step, which no shortest plan can spare."""
    whole = right(rows)
    return lambda prompt: whole(prompt).rstrip("\n").rpartition("\n")[0] + "\n"


def test_the_folder_has_a_task_a_domain_and_a_group() -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=str(LM_EVAL_TASKS), include_defaults=False)
    assert manager.all_subtasks == sorted(f"planlearn_{domain}" for domain in (*DOMAINS, "depots"))
    assert manager.all_groups == ["planlearn"]


def test_right_answers_are_all_valid(rows: Rows, problems: Path) -> None:
    results = run(right(rows), problems, ["planlearn"])
    for domain in DOMAINS:
        numbers = results["results"][f"planlearn_{domain}"]
        assert (numbers["plan_validity,none"], numbers["goal_reached,none"], numbers["executable_prefix,none"]) == (1.0, 1.0, 1.0)
        assert (numbers["sample_len"], numbers["checker_error,none"]) == (3, 0.0)
    assert results["groups"]["planlearn"]["plan_validity,none"] == 1.0


def test_spoiled_answers_are_none(rows: Rows, problems: Path) -> None:
    results = run(spoiled(rows), problems, ["planlearn"])
    for domain in DOMAINS:
        numbers = results["results"][f"planlearn_{domain}"]
        assert (numbers["plan_validity,none"], numbers["goal_reached,none"], numbers["executable_prefix,none"]) == (0.0, 0.0, 1.0)
    assert results["groups"]["planlearn"]["plan_validity,none"] == 0.0


def test_the_prompt_is_that_of_planlearn_eval_and_decoding_is_greedy(rows: Rows, problems: Path) -> None:
    style = {"states": "full", "domain_in_prompt": False}
    results = run(lambda prompt: "", problems, ["planlearn_blocksworld"], style=style)
    expected = [chain_prompt(one, ChainStyle(**style)) for one in asked_from_rows(rows) if one.domain == "blocksworld"]
    assert [prompt for prompt, _ in results["requests"]] == expected
    assert all(settings["do_sample"] is False and settings["until"] == [] for _, settings in results["requests"])


def test_a_chat_model_is_asked_in_pddl_and_read_leniently(rows: Rows, problems: Path) -> None:
    blocks = [(one, row) for one, row in zip(asked_from_rows(rows), rows, strict=True) if one.domain == "blocksworld"]
    answers = {plan_prompt(one): f"Sure! Here is the plan:\n```\n{row['plan']}\n```\nGood luck." for one, row in blocks}
    chat = run(answers.__getitem__, problems, ["planlearn_blocksworld"], ask="chat")
    assert chat["results"]["planlearn_blocksworld"]["plan_validity,none"] == 1.0
    prose = {chain_prompt(one, ChainStyle()): answers[plan_prompt(one)] for one, _ in blocks}
    ours = run(prose.__getitem__, problems, ["planlearn_blocksworld"])
    assert ours["results"]["planlearn_blocksworld"]["plan_validity,none"] == 0.0, "our own format is read strictly"


def test_numbers_and_shape_are_those_of_planlearn_eval(rows: Rows, problems: Path, tmp_path: Path) -> None:
    """One set of answers, some right, some spoiled, some no plan: counted by the harness, and by `measure` in the harness's shape."""
    whole, less = right(rows), spoiled(rows)

    def answer(prompt: str) -> str:
        return (whole, less, lambda _: "I do not know.")[sorted(prompts).index(prompt) % 3](prompt)

    def complete(asked: Iterable[Prompt]) -> Iterable[Completion]:
        for one in asked:
            yield Completion(id=one.id, text=answer(one.text), stop=Stop.END, prompt_tokens=1, tokens=1, seconds=0.0)

    asked = asked_from_rows(rows)
    prompts = [chain_prompt(one, ChainStyle()) for one in asked]
    theirs = run(answer, problems, ["planlearn"])
    ours = lm_eval_results(measure(complete, asked, ChainStyle(), tmp_path, max_tokens=1400, about={"model": "m"}, hashes={}))
    seen = set()
    for domain in DOMAINS:
        name = f"planlearn_{domain}"
        mine, other = ours["results"][name], theirs["results"][name]
        assert set(mine) == set(other)
        for key in set(mine) - {"executable_prefix_stderr,none"}:  # of which results.json keeps the mean alone
            assert mine[key] == (pytest.approx(other[key]) if isinstance(other[key], float) else other[key]), key
        seen.add(mine["plan_validity,none"])
        for part in ("versions", "n-shot", "n-samples", "higher_is_better"):
            assert ours[part][name] == theirs[part][name], part
        assert {"task", "output_type", "metric_list", "num_fewshot", "metadata"} <= set(ours["configs"][name]) & set(theirs["configs"][name])
        assert ours["configs"][name]["metric_list"] == theirs["configs"][name]["metric_list"]
    assert seen - {0.0, 1.0}, "then rounding or counting could not differ"


def test_every_key_of_the_shape_is_the_harnesss_own() -> None:
    from lm_eval.result_schema import EvalResults

    shape = lm_eval_results({"results": {}, "versions": {"transformers": "5"}})
    assert set(shape) - set(EvalResults.__annotations__) == {"planlearn_version"}


def test_a_checker_that_fails_is_no_wrong_plan(rows: Rows, problems: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import planlearn.evaluate.scoring as scoring

    real, asked = scoring.check_plan, []

    def fails_once(task: Any, plan: Any) -> Any:
        asked.append(plan)
        if len(asked) == 1:
            raise RuntimeError("a defect")
        return real(task, plan)

    monkeypatch.setattr(scoring, "check_plan", fails_once)
    numbers = run(right(rows), problems, ["planlearn_blocksworld"])["results"]["planlearn_blocksworld"]
    assert (numbers["plan_validity,none"], numbers["checker_error,none"], numbers["sample_len"]) == (1.0, pytest.approx(1 / 3), 3)


def test_the_folder_works_from_elsewhere(rows: Rows, problems: Path, tmp_path: Path) -> None:
    """Somebody copies it to change a setting."""
    folder = tmp_path / "mine"
    shutil.copytree(LM_EVAL_TASKS, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    results = run(right(rows), problems, ["planlearn_blocksworld"], folder=folder)
    assert results["results"]["planlearn_blocksworld"]["plan_validity,none"] == 1.0


def test_a_model_answers_the_harness_as_it_answers_planlearn(rows: Rows, problems: Path) -> None:
    """A minute random model, by lm-evaluation-harness's own class for transformers and by planlearn's generation."""
    torch = pytest.importorskip("torch", reason="the train extra is not installed")
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from planlearn.models import generate, load_model

    asked = [one for one in asked_from_rows(rows) if one.domain == "blocksworld"]
    prompts = [Prompt(id=one.id, text=chain_prompt(one, ChainStyle())) for one in asked]
    loaded = load_model("tiny", seed=8, vocabulary=[prompt.text for prompt in prompts], device="cpu")
    with torch.no_grad():
        for weights in loaded.model.parameters():
            if weights.dim() == 2:
                weights.mul_(20)  # else a random Llama says one word for ever
    expected = {one.id: one.text for one in generate(loaded, prompts, max_tokens=12)}
    manager = TaskManager(include_path=str(LM_EVAL_TASKS), include_defaults=False, metadata={"problems": str(problems)})
    results = lm_eval.simple_evaluate(
        model=HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer, batch_size=2, device="cpu"),
        tasks=["planlearn_blocksworld"], task_manager=manager, gen_kwargs={"max_gen_toks": 12}, bootstrap_iters=0,
    )
    written = {row["doc"]["id"]: row["resps"][0][0] for row in results["samples"]["planlearn_blocksworld"]}
    assert written == expected
    assert len(set(written.values())) > 1
    assert results["results"]["planlearn_blocksworld"]["plan_validity,none"] == 0.0


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"set": "blocksworl"}, "did you mean"),
        ({"problems": "no-such-file.jsonl"}, "no-such-file.jsonl"),
        ({"ask": "politely"}, "ask: expected one of planlearn, chat"),
        ({"style": {"states": "some"}}, "style: states"),
        ({"style": {"colour": 1}}, "style: "),
        ({"domain": "depots"}, "no problem of domain depots"),
    ],
)
def test_documents_say_what_is_wrong(problems: Path, metadata: dict[str, Any], words: str) -> None:
    given = {"domain": "blocksworld", "set": "x", "problems": None if "set" in metadata else str(problems)}
    with pytest.raises((PlanlearnError, FileNotFoundError), match=words):
        docs.documents(**given | metadata)


def test_documents_are_the_carried_sets_unless_something_else_is_named() -> None:
    for domain in (*DOMAINS, "depots"):
        found = docs.documents(domain=domain, set=domain, version=1.0, config_source="a.yaml")["test"]
        assert found["id"] == [row["id"] for row in read_set(domain)]
    longer = docs.documents(domain="blocksworld", set="blocksworld", problems="blocksworld-long")["test"]
    assert longer["id"] == [row["id"] for row in read_set("blocksworld-long")]


def test_documents_of_changed_names_show_their_own_domain() -> None:
    """No model could know it, whatever the style says."""
    name = "blocksworld-renamed"
    doc = docs.documents(domain="blocksworld", set="x", problems=name, style={"domain_in_prompt": False})["test"][0]
    assert doc["domain_pddl"] == read_set(name)[0]["domain_pddl"] and "Actions:" in doc["prompt"]


def test_documents_without_a_plan_are_refused(rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "blocksworld.jsonl"
    path.write_text(json.dumps(rows[0] | {"solvable": False, "steps": None}) + "\n")
    with pytest.raises(PlanlearnError, match="blocksworld-1 has no plan"):
        docs.documents(domain="blocksworld", set="x", problems=str(tmp_path))
