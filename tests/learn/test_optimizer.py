"""Muon and AdamW as one: who steps what, and that it is torch's own step."""

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402

from planlearn.learn.optimizer import MuonAndAdamW  # noqa: E402


def model():
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=11, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
    ))


def loss(of):
    ids = torch.arange(11)[None]
    return of(input_ids=ids, labels=ids).loss


def test_linear_layers_but_the_head_are_muons():
    one = model()
    names = {id(p): name for name, p in one.named_parameters()}
    muon, rest = ([names[id(p)] for p in group["params"]] for group in MuonAndAdamW(one, lr=0.1).param_groups)
    assert all("_proj.weight" in name for name in muon) and len(muon) == 7
    assert {"model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"} < set(rest)
    assert len(muon) + len(rest) == len(names)


def test_its_steps_are_those_of_both_at_the_rate_that_a_schedule_gives():
    one, other = model(), model()
    both = MuonAndAdamW(one, lr=0.01, weight_decay=0.1)
    linear = [p for name, p in other.named_parameters() if "_proj" in name]
    rest = [p for name, p in other.named_parameters() if "_proj" not in name]
    apart = [
        torch.optim.Muon(linear, lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=0.01, weight_decay=0.1),
    ]
    halving = [torch.optim.lr_scheduler.ExponentialLR(each, 0.5) for each in (both, *apart)]
    start = loss(one).item()
    for _ in range(4):
        for of, steppers in ((one, [both]), (other, apart)):
            loss(of).backward()
            for stepper in steppers:
                stepper.step()
                stepper.zero_grad()
        for schedule in halving:
            schedule.step()
    assert all(map(torch.equal, one.parameters(), other.parameters()))
    assert loss(one).item() < start
    assert [group["lr"] for group in both.param_groups] == [0.01 / 16] * 2


def test_what_is_loaded_goes_on_as_what_was_saved(tmp_path):
    one, other = model(), model()
    first, second = MuonAndAdamW(one, lr=0.01), MuonAndAdamW(other, lr=0.5)
    loss(one).backward()
    first.step()
    torch.save(first.state_dict(), tmp_path / "optimizer.pt")
    other.load_state_dict(one.state_dict())
    second.load_state_dict(torch.load(tmp_path / "optimizer.pt", weights_only=True))
    for of, stepper in ((one, first), (other, second)):
        of.zero_grad()
        loss(of).backward()
        stepper.step()
    assert all(map(torch.equal, one.parameters(), other.parameters()))
    second.param_groups[0]["lr"] = second.param_groups[1]["lr"] = 0.0
    before = [p.clone() for p in other.parameters()]
    second.step()
    assert all(map(torch.equal, before, other.parameters()))
