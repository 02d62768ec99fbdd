"""Reward functions and the `submit_plan` environment: their laws, and each driven once by the installed TRL."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planlearn.chains.grammar import PLAN_HEADER
from planlearn.errors import PlanlearnError
from planlearn.evaluate import judge_answer
from planlearn.integrations import read_row
from planlearn.integrations.judge import judge_text
from planlearn.integrations.trl import SubmitPlan, answer_text, plan_progress_reward, plan_validity_reward
from planlearn.problems import domain_text
from planlearn.refine.reward import plan_reward

PROBLEM = (
    "(define (problem p) (:domain blocksworld-4ops) (:objects a b c)"
    " (:init (handempty) (ontable a) (ontable b) (ontable c) (clear a) (clear b) (clear c)) (:goal (and (on a b) (on b c))))"
)
ROW = {"problem_pddl": PROBLEM, "domain_pddl": domain_text("blocksworld")}
TASK = read_row(ROW)
RIGHT = "pick-up b\nstack b c\npick-up a\nstack a b"
HALF = "pick-up b\nstack b c\nstack a b\nput-down a"
WRONG = "stack a b"
GOAL_MISSED = "pick-up b\nstack b c"

STEPS = ("pick-up a", "pick-up b", "stack a b", "stack b c", "put-down b", "unstack b c", "pick-up z", "fly a")
plans = st.lists(st.sampled_from(STEPS), min_size=1, max_size=6).map("\n".join)


def rewards(function: Callable[..., Any], *completions: Any, **columns: Any) -> list[float | None]:
    many = {name: [value] * len(completions) for name, value in (columns or ROW).items()}
    n = len(completions)
    return function(completions=list(completions), prompts=["?"] * n, completion_ids=[[1]] * n, trainer_state=None, **many)


def test_a_valid_plan_has_the_whole_reward_and_no_other_has() -> None:
    assert rewards(plan_validity_reward, RIGHT, HALF, WRONG, GOAL_MISSED, "I do not know.", "") == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert rewards(plan_progress_reward, RIGHT, HALF, WRONG, GOAL_MISSED, "I do not know.", "") == [1.0, 0.25, 0.0, 0.5, 0.0, 0.0]


@given(plans)
def test_the_judgement_is_that_of_the_evaluation_and_the_reward_that_of_refinement(plan: str) -> None:
    judged = judge_text(TASK, plan)
    assert judged.is_valid == judge_answer(TASK, plan).valid
    assert judged.progress == plan_reward(TASK, f"{PLAN_HEADER}\n{plan}\n")
    assert judged.is_valid == (judged.progress == 1.0) and (judged.is_valid or judged.progress <= 0.5)
    assert rewards(plan_progress_reward, plan) == [judged.progress]


@pytest.mark.parametrize("text", [RIGHT, WRONG, "", "I do not know.", "There is no plan that reaches the goal."])
def test_what_is_said_is_what_the_evaluation_says(text: str) -> None:
    assert judge_text(TASK, text).said == judge_answer(TASK, text).reason


def test_a_conversation_is_read_by_its_last_word() -> None:
    talk = [{"role": "assistant", "content": WRONG}, {"role": "tool", "content": RIGHT}, {"role": "assistant", "content": f"Plan:\n{RIGHT}"}]
    assert rewards(plan_validity_reward, talk, talk[:2], []) == [1.0, 0.0, 0.0]
    assert answer_text([{"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]) == "ab"


def test_a_domain_may_be_named() -> None:
    assert rewards(plan_validity_reward, RIGHT, problem_pddl=PROBLEM, domain="blocksworld") == [1.0]
    with pytest.raises(PlanlearnError, match="neither domain_pddl"):
        rewards(plan_validity_reward, RIGHT, problem_pddl=PROBLEM)


def test_what_the_checker_says_stands_beside_the_completions() -> None:
    columns: dict[str, list[Any]] = {}
    plan_validity_reward([RIGHT, WRONG, "?"], [PROBLEM] * 3, [ROW["domain_pddl"]] * 3, log_extra=columns.__setitem__)
    valid, wrong, none = columns["plan_verdict"]
    assert valid == "valid: the goal holds after 4 steps" and wrong.startswith("invalid: step 1") and none == "there is no plan in the answer"


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("a defect")

    monkeypatch.setattr("planlearn.integrations.judge.check_plan", fails)


def test_a_checker_that_fails_gives_no_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    columns: dict[str, list[Any]] = {}
    assert plan_validity_reward([RIGHT], [PROBLEM], [ROW["domain_pddl"]], log_extra=columns.__setitem__) == [None]
    assert columns["plan_verdict"] == ["checker error: RuntimeError: a defect"]


# The environment


def test_the_environment_poses_the_problem_and_rewards_a_plan_that_is_valid_late() -> None:
    world = SubmitPlan(attempts=3, discount=0.5)
    asked = world.reset(prompt=[{"role": "user", "content": "x"}], **ROW)
    assert PROBLEM in asked and "submit_plan" in asked
    assert world.get_reward() == 0.0
    wrong = world.submit_plan(plan=WRONG)
    assert "step 1" in wrong and "(holding a)" in wrong
    assert "valid" in world.submit_plan(plan=RIGHT)
    assert (world.valid_at, world.get_reward()) == (2, 0.5)
    assert world.submit_plan(plan=WRONG) == "A valid plan was handed in already."
    assert (world.valid_at, world.get_reward(), len(world.said)) == (2, 0.5, 2)


def test_it_begins_anew_with_each_problem() -> None:
    world = SubmitPlan(attempts=1)
    world.reset(**ROW)
    world.submit_plan(plan=RIGHT)
    world.reset(**ROW)
    assert (world.valid_at, world.get_reward(), world.said) == (None, 0.0, [])
    world.submit_plan(plan=GOAL_MISSED)
    assert world.submit_plan(plan=RIGHT) == "No attempt is left."
    assert world.get_reward() == 0.0


def test_feedback_has_two_levels() -> None:
    said = {}
    for level in ("binary", "detailed"):
        world = SubmitPlan(feedback=level)
        world.reset(**ROW)
        said[level] = world.submit_plan(plan=WRONG), world.submit_plan(plan="no idea")
    assert "(holding a)" not in said["binary"][0] and "(holding a)" in said["detailed"][0]
    assert said["binary"][1] == "The plan is unreadable." and "there is no plan" in said["detailed"][1]


@given(st.lists(plans, max_size=4))
def test_dense_reward_is_that_of_the_best_plan(submitted: list[str]) -> None:
    world = SubmitPlan(attempts=4, dense=True)
    world.reset(**ROW)
    for plan in submitted:
        world.submit_plan(plan=plan)
    assert world.get_reward() == max((judge_text(TASK, plan).progress for plan in submitted), default=0.0)


def test_a_checker_that_fails_leaves_no_reward_and_no_attempt_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    world = SubmitPlan(attempts=1)
    world.reset(**ROW)
    with monkeypatch.context() as patch:
        broken(patch)
        with pytest.raises(RuntimeError):
            world.submit_plan(plan=RIGHT)
        assert world.get_reward() is None
    world.submit_plan(plan=RIGHT)
    assert world.get_reward() == 1.0


@pytest.mark.parametrize("settings", [{"attempts": 0}, {"discount": 0.0}, {"discount": 1.5}, {"feedback": "kind"}])
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        SubmitPlan(**settings)


# Driven by TRL


@pytest.fixture(scope="module")
def trl() -> Any:
    return pytest.importorskip("trl", reason="the train extra is not installed")


@pytest.fixture(scope="module")
def tokenizer(trl: Any) -> Any:
    """A token a byte, so that any text comes back as it was, with a chat template that knows tools."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast
    from trl.chat_template_utils import qwen3_chat_template

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={char: number for number, char in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    for mark in ("<|im_start|>", "<|im_end|>", "<|endoftext|>"):
        made.add_special_tokens([AddedToken(mark, special=True)])
    fast = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>", clean_up_tokenization_spaces=False)
    fast.chat_template = qwen3_chat_template
    return fast


def trainer(tokenizer: Any, folder: Path, rows: list[dict[str, Any]], **options: Any) -> Any:
    """A GRPOTrainer of one step over a minute random model."""
    import torch
    from datasets import Dataset
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import GRPOConfig, GRPOTrainer

    torch.manual_seed(0)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=8192, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, bos_token_id=None,
    ))
    config = GRPOConfig(
        output_dir=str(folder), max_steps=1, per_device_train_batch_size=2, num_generations=2, max_completion_length=options.pop("length", 8),
        report_to="none", disable_tqdm=True, use_cpu=True, bf16=False, save_strategy="no", logging_steps=1, gradient_checkpointing=False,
        dataloader_pin_memory=False,
    )
    return GRPOTrainer(model=model, args=config, processing_class=tokenizer, train_dataset=Dataset.from_list(rows), **options)


def play(trained: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch, *turns: list[str]) -> list[list[str]]:
    """Let the model's turns be these texts, one a rollout; gives the prompts that it was shown. Everything else is TRL's own."""
    shown: list[list[str]] = []

    def generate(prompt_ids: list[list[int]], *_: Any, **__: Any) -> tuple[list[list[int]], None]:
        shown.append([tokenizer.decode(ids) for ids in prompt_ids])
        return [tokenizer(f"{text}<|im_end|>")["input_ids"] for text in turns[len(shown) - 1]], None

    monkeypatch.setattr(trained, "_generate_single_turn", generate)
    return shown


def logged(trained: Any, name: str) -> float:
    (value,) = [row[name] for row in trained.state.log_history if name in row]
    return value


def test_trl_trains_a_step_on_the_rewards(trl: Any, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"prompt": "Plan:\n", "problem_pddl": PROBLEM, "domain": "blocksworld"}] * 2
    trained = trainer(tokenizer, tmp_path, rows, reward_funcs=[plan_validity_reward, plan_progress_reward], length=200)
    before = [weights.detach().clone() for weights in trained.model.parameters()]
    play(trained, tokenizer, monkeypatch, [RIGHT, HALF])
    trained.train()
    assert logged(trained, "rewards/plan_validity_reward/mean") == 0.5
    assert logged(trained, "rewards/plan_progress_reward/mean") == pytest.approx((1.0 + 0.25) / 2)
    assert any((now != then).any() for now, then in zip(trained.model.parameters(), before, strict=True)), "it learned nothing"


def test_trl_asks_the_model_itself(trl: Any, tokenizer: Any, tmp_path: Path) -> None:
    """Nothing played: a random model's answers are no plans, and that is a reward too."""
    trained = trainer(tokenizer, tmp_path, [{"prompt": "Plan:\n", **ROW}] * 2, reward_funcs=plan_validity_reward)
    trained.train()
    assert logged(trained, "rewards/plan_validity_reward/mean") == 0.0


def call(plan: str) -> str:
    return f"<tool_call>\n{json.dumps({'name': 'submit_plan', 'arguments': {'plan': plan}})}\n</tool_call>"


def test_trl_drives_the_environment(trl: Any, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRL's own loop: it shows the tool, reads the calls, hands the feedback back, asks again, and takes the reward."""
    rows = [{"prompt": [{"role": "user", "content": "Solve it. "}], **ROW}] * 2
    trained = trainer(tokenizer, tmp_path, rows, environment_factory=partial(SubmitPlan, attempts=2, discount=0.5), length=6000)
    # The first rollout is valid at its second attempt, the second one gives up after a wrong plan.
    shown = play(trained, tokenizer, monkeypatch, [call(WRONG), call(GOAL_MISSED)], [call(RIGHT), "I give up."], ["Done."])
    trained.train()
    (first, _), (again, other), (end,) = shown
    assert '"name": "submit_plan"' in first and "one action a line" in first, "the tool is shown with what its argument means"
    assert "Solve it. " in first and PROBLEM in first, "the environment's problem is appended to the prompt"
    assert "<tool_response>" in again and "(holding a)" in again, "the checker's feedback comes back"
    assert "(on a b)" in other and "valid" in end.rpartition("<tool_response>")[2]
    assert logged(trained, "rewards/SubmitPlan/mean") == pytest.approx((0.5 + 0.0) / 2)
    assert [world.valid_at for world in trained.environments] == [2, None]
    assert logged(trained, "tools/call_frequency") == 1.5
    assert logged(trained, "tools/failure_frequency") == 0.0


def test_only_submit_plan_is_a_tool(trl: Any, tokenizer: Any, tmp_path: Path) -> None:
    rows = [{"prompt": [{"role": "user", "content": ""}], **ROW}]
    trained = trainer(tokenizer, tmp_path, rows, environment_factory=SubmitPlan)
    assert [tool.__name__ for tool in trained.tools] == ["submit_plan"]
    assert trained.reward_func_names == ["SubmitPlan"]
