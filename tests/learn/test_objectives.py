"""The losses of a stage: hand-computed values, where their gradients are zero, and what a step along them moves."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from torch import nn  # noqa: E402

from planlearn.chains import Role, Segment  # noqa: E402
from planlearn.corpus import Example  # noqa: E402
from planlearn.corpus.judge import VERDICTS  # noqa: E402
from planlearn.learn.lessons import LessonTokens, lesson_tokens  # noqa: E402
from planlearn.learn.objectives import stage_loss, two_way, unlikelihood  # noqa: E402
from planlearn.learn.tokens import IGNORED, tokenize  # noqa: E402
from planlearn.models import first_tokens, load_model  # noqa: E402
from planlearn.refine import Lesson  # noqa: E402


def head(rows: list[list[float]], frozen: bool = False) -> nn.Linear:
    """A head whose logits are the products with these rows, one a word."""
    layer = nn.Linear(len(rows[0]), len(rows), bias=False)
    layer.weight = nn.Parameter(torch.tensor(rows), requires_grad=not frozen)
    return layer


# Logits (0, ln 3): the probabilities of the two words are 1/4 and 3/4.
QUARTER = [[0.0], [math.log(3.0)]]


@pytest.mark.parametrize("frozen", [False, True])
def test_the_loss_by_hand(frozen):
    hidden = torch.ones(4, 1, requires_grad=True)
    losses = stage_loss(
        hidden, head(QUARTER, frozen), labels=torch.tensor([0, 1, 0, 1]), weights=torch.tensor([1.0, 3.5, -0.5, 2.0]),
        said=torch.tensor([0, 0, 0, 1]), words=(1, 0),
    )
    wanted = 1.0 * -math.log(1 / 4) + 3.5 * -math.log(3 / 4) + 0.5 * -math.log(1 - 1 / 4) + 2.0 * -math.log(3 / 4)
    assert losses.total.item() == pytest.approx(wanted / 4, rel=1e-6)
    assert losses.sums["likelihood"] == pytest.approx(-math.log(1 / 4) - math.log(3 / 4), rel=1e-6)
    assert losses.counts == {"likelihood": 2, "unlikelihood": 1, "verdict": 1}
    assert losses.sums["unlikelihood"] == pytest.approx(-math.log(3 / 4), rel=1e-6)
    assert losses.sums["verdict"] == pytest.approx(-math.log(3 / 4), rel=1e-6)


def test_a_frozen_head_gives_the_same_gradients():
    torch.manual_seed(0)
    rows = torch.randn(7, 5).tolist()
    gradients = []
    for frozen in (False, True):
        torch.manual_seed(1)
        hidden = torch.randn(6, 5, requires_grad=True)
        stage_loss(
            hidden, head(rows, frozen), torch.tensor([0, 1, 2, 3, 4, 5]), torch.tensor([1.0, 2.0, 0.5, -1.0, 1.0, 4.0]),
            torch.tensor([0, 0, 0, 0, -1, 0]), (2, 4),
        ).total.backward()
        gradients.append(hidden.grad)
    assert torch.allclose(*gradients, atol=1e-6)


def step_along(loss, logits) -> torch.Tensor:
    """The logits after a small step down the loss's gradient."""
    loss.backward()
    return (logits - 0.1 * logits.grad).detach()


def test_likelihood_raises_and_unlikelihood_lowers_the_probability():
    for sign in (1.0, -1.0):
        logits = torch.tensor([[0.3, 0.1, -0.2]], requires_grad=True)
        before = logits.softmax(-1)[0, 1].item()
        identity = head([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
        after = step_along(
            stage_loss(logits, identity, torch.tensor([1]), torch.tensor([sign]), torch.tensor([0]), None).total, logits
        )
        assert (after.softmax(-1)[0, 1].item() - before) * sign > 1e-4


def test_a_step_that_weighs_more_moves_more():
    """w = 1 + λ |s △ s*| + penalty: of two equal rows the heavier one's gradient is w times as large."""
    logits = torch.zeros(2, 3, requires_grad=True)
    identity = head(torch.eye(3).tolist())
    stage_loss(logits, identity, torch.tensor([1, 1]), torch.tensor([1.0, 2.5]), torch.tensor([0, 0]), None).total.backward()
    assert torch.allclose(logits.grad[1], 2.5 * logits.grad[0])


@pytest.mark.parametrize("truth", [1, -1])
def test_bce_moves_the_choice_and_nothing_else(truth):
    logits = torch.tensor([[0.2, -0.4, 1.0]], requires_grad=True)
    said = torch.tensor([truth])
    before = logits[0, 0] - logits[0, 1]
    after = step_along(two_way(logits, said, (0, 1)).sum(), logits)
    assert ((after[0, 0] - after[0, 1] - before) * truth).item() > 1e-3
    assert after[0, 2] == logits[0, 2], "a word that is neither of the two"


def test_unlikelihood_of_a_certain_token_is_finite():
    logits = torch.tensor([[1000.0, 0.0]], requires_grad=True)
    loss = unlikelihood(logits, torch.tensor([0]))
    loss.sum().backward()
    assert loss.item() == pytest.approx(1000.0) and logits.grad[0].tolist() == pytest.approx([1.0, -1.0])


# Lessons -> tokens


def lesson(chain: float, plan: float, end: float, verdict: bool | None = None, last: Role = Role.PLAN) -> Lesson:
    segments = (
        Segment(role=Role.PROMPT, text="Init: clear a\nFeedback:\n"), Segment(role=Role.FEEDBACK, text="The plan is invalid.\n"),
        Segment(role=Role.PROMPT, text="Chain:\n"), Segment(role=Role.CHAIN, text="state clear a\ngoals none\n"),
        Segment(role=last, text="Plan:\npick-up a" if last is Role.PLAN else "INVALID goal: on a b"),
    )
    example = Example(
        id="e", kind="mend", domain="blocksworld", size="1", split="d2", seed=0, problem_class="", problem_pddl="", plan="",
        steps=1, error="", segments=segments,
    )
    return Lesson(example=example, weights=(0.0, 0.0, 0.0, chain, plan), end=end, verdict=verdict)


@pytest.fixture(scope="module")
def loaded():
    return load_model("tiny", vocabulary=["state clear a\ngoals none\nPlan:\npick-up a INVALID VALID"])


def texts_with_loss(one: LessonTokens, tokenizer) -> str:
    return tokenizer.decode([token for token, label in zip(one.input_ids, one.labels, strict=True) if label != IGNORED])


def test_tokens_carry_the_weights_of_their_segments(loaded):
    (chain,) = lesson_tokens([lesson(2.5, 0.0, 0.0)], loaded.tokenizer, 500)
    assert texts_with_loss(chain, loaded.tokenizer) == "state clear a\ngoals none\n"
    assert set(chain.weights) == {0.0, 2.5}
    (plan,) = lesson_tokens([lesson(0.0, -0.5, 1.0)], loaded.tokenizer, 500)
    assert texts_with_loss(plan, loaded.tokenizer) == f"Plan:\npick-up a{loaded.tokenizer.eos_token}"
    assert {w for w in plan.weights if w} == {-0.5, 1.0} and plan.weights[-1] == 1.0
    # The same ids as in training on examples.
    row = lesson(1, 1, 1).example.to_row()
    assert tokenize([row], loaded.tokenizer, 500)[0].input_ids.tolist() == chain.input_ids


@pytest.mark.parametrize("truth", [True, False])
def test_the_first_token_of_a_verdict_is_a_choice(loaded, truth):
    (one,) = lesson_tokens([lesson(0.0, 1.0, 1.0, truth, Role.VERDICT)], loaded.tokenizer, 500)
    places = [place for place, said in enumerate(one.said) if said]
    assert len(places) == 1 and one.said[places[0]] == (1 if truth else -1)
    assert one.input_ids[places[0]] == first_tokens(loaded.tokenizer, VERDICTS)[1]


def test_no_gradient_flows_from_what_has_no_weight(loaded):
    """In stage "chain" the logits at PLAN tokens get none, and the other way round."""
    for weights in ((1.0, 0.0, 0.0), (0.0, 1.0, 1.0)):
        (one,) = lesson_tokens([lesson(*weights)], loaded.tokenizer, 500)
        ids = torch.tensor([one.input_ids])
        hidden = loaded.model.base_model(input_ids=ids).last_hidden_state[:, :-1].detach().requires_grad_()
        labels = torch.tensor([one.labels])[:, 1:]
        at = labels != IGNORED
        stage_loss(
            hidden[at], loaded.model.get_output_embeddings(), labels[at], torch.tensor([one.weights])[:, 1:][at],
            torch.tensor([one.said])[:, 1:][at], None,
        ).total.backward()
        flows = hidden.grad[0].abs().sum(-1) > 0
        wanted = torch.tensor(one.weights)[1:] != 0
        assert torch.equal(flows, wanted) and wanted.any() and not wanted.all()
