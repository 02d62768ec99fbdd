"""Muon and AdamW as one: who steps what, and that the steps are those of torch's own."""

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")

from transformers import LlamaConfig, LlamaForCausalLM  # noqa: E402

from planlearn.learn.optimizer import MuonAndAdamW, orthogonal  # noqa: E402


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


def both_kinds(of):
    linear = [p for name, p in of.named_parameters() if "_proj" in name]
    return linear, [p for name, p in of.named_parameters() if "_proj" not in name]


def in_float32(grad, coefficients, steps, eps):
    """What torch.optim.Muon works out in bfloat16, one matrix at a time and as Jordan et al. write it."""
    a, b, c = coefficients
    x = grad / grad.norm().clamp(min=eps)
    for _ in range(steps):
        x = a * x + (b * x @ x.T + c * x @ x.T @ x @ x.T) @ x
    return x


def test_its_steps_are_those_of_torch_at_the_rate_that_a_schedule_gives(monkeypatch):
    monkeypatch.setattr(torch.optim._muon, "_zeropower_via_newtonschulz", in_float32)
    one, other, before = model(), model(), model()
    both = MuonAndAdamW(one, lr=0.01, weight_decay=0.1)
    linear, rest = both_kinds(other)
    apart = [
        torch.optim.Muon(linear, lr=0.01, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=0.01, weight_decay=0.1),
    ]
    halving = [torch.optim.lr_scheduler.ExponentialLR(each, 0.5) for each in (both, *apart)]
    start = loss(one).item()
    for _ in range(4):
        # The same gradients for both: theirs would come apart by what torch rounds.
        loss(one).backward()
        for p, q in zip(one.parameters(), other.parameters(), strict=True):
            q.grad = p.grad.clone()
        for stepper in (both, *apart):
            stepper.step()
            stepper.zero_grad()
        for schedule in halving:
            schedule.step()
    (muon, adamw), (expected, exactly), (old, _) = map(both_kinds, (one, other, before))
    assert all(map(torch.equal, adamw, exactly))
    for p, q, was in zip(muon, expected, old, strict=True):
        assert (p - q).norm() < 1e-4 * (q - was).norm()
    assert loss(one).item() < start
    assert [group["lr"] for group in both.param_groups] == [0.01 / 16] * 2


@pytest.mark.parametrize("shape", [(1, 5, 5), (3, 5, 9), (3, 5, 10), (3, 4, 40), (2, 40, 4), (1, 1, 7)])
def test_a_matrix_becomes_orthogonal_whatever_its_sides(shape):
    """All singular values near one, the directions kept; the way over the short side's square gives the same."""
    torch.manual_seed(0)
    matrices = torch.randn(shape)
    u, s, v = torch.linalg.svd(matrices, full_matrices=False)
    found = orthogonal(matrices)
    assert found.shape == matrices.shape
    ours = (u.transpose(1, 2) @ found @ v.transpose(1, 2)).diagonal(dim1=1, dim2=2)
    well = s > 0.05 * s.amax(1, keepdim=True)
    assert ours[well].min() > 0.65 and ours.max() < 1.25
    assert torch.allclose(u @ torch.diag_embed(ours) @ v, found, atol=1e-4)
    # Wide enough for the square's way; without the columns of zeros it is the plain one.
    wide = torch.nn.functional.pad(matrices, (0, 100))
    assert torch.allclose(orthogonal(wide)[:, :, : shape[2]], found, atol=1e-4)


def test_matrices_of_one_shape_do_not_mix_and_zeros_stay_zeros():
    torch.manual_seed(0)
    one, other = torch.randn(1, 6, 8), torch.zeros(1, 6, 8)
    both = orthogonal(torch.cat([one, other]))
    assert torch.allclose(both[:1], orthogonal(one), atol=1e-6) and not both[1].any()


def test_lora_matrices_are_muons():
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(model(), LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    stepper = MuonAndAdamW(adapted, lr=0.1)
    muon, rest = (group["params"] for group in stepper.param_groups)
    assert len(muon) == 14 and rest == []
    start = loss(adapted).item()
    for _ in range(3):
        loss(adapted).backward()
        stepper.step()
        stepper.zero_grad()
    assert loss(adapted).item() < start
    adapted.load_state_dict(adapted.state_dict())
    stepper.load_state_dict(stepper.state_dict())


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
