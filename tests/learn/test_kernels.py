"""The fused layers compute what peft and torch compute, forward and backward."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="the train extra is not installed")
peft = pytest.importorskip("peft", reason="the train extra is not installed")

from planlearn.learn.attention import NAME, causal_attention, use_causal_attention  # noqa: E402
from planlearn.learn.kernels import bfloat16_pays, frozen_vocabulary_loss, fuse_lora  # noqa: E402


@pytest.fixture
def adapted():
    from planlearn.models import load_model

    torch.manual_seed(0)
    model = peft.get_peft_model(
        load_model("tiny").model, peft.LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)  # zeros would hide half of the gradients
    return model.train()


def gradients(model, ids):
    model.zero_grad()
    loss = model(input_ids=ids, labels=ids).loss
    loss.backward()
    return loss.item(), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def test_fused_lora_has_pefts_loss_and_gradients(adapted):
    ids = torch.randint(5, 200, (3, 17))
    fused = copy.deepcopy(adapted)
    layers = sum(1 for n, _ in adapted.named_modules() if n.endswith(("_proj.lora_A",)))
    assert fuse_lora(fused) == layers == 14
    (loss, expected), (same, found) = gradients(adapted, ids), gradients(fused, ids)
    assert same == pytest.approx(loss, abs=1e-6)
    assert expected.keys() == found.keys() and len(expected) == 2 * layers
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], atol=1e-6, rtol=1e-4, msg=name)


def test_layers_with_dropout_keep_pefts_forward(adapted):
    for module in adapted.modules():
        if hasattr(module, "lora_dropout"):
            module.lora_dropout["default"] = torch.nn.Dropout(0.1)
    assert fuse_lora(adapted) == 0


@pytest.mark.parametrize("rows", [1, 128, 300])
@pytest.mark.parametrize("bias", [True, False])
def test_the_loss_of_a_frozen_vocabulary_has_torchs_value_and_gradient(rows, bias):
    """In one piece and in several; far labels and near ones."""
    torch.manual_seed(0)
    head = torch.nn.Linear(16, 77, bias=bias).requires_grad_(False)
    hidden, labels = 3 * torch.randn(rows, 16), torch.randint(0, 77, (rows,))
    ours, theirs = (hidden.clone().requires_grad_() for _ in range(2))
    found = frozen_vocabulary_loss(ours, head, labels)
    expected = torch.nn.functional.cross_entropy(head(theirs), labels, reduction="sum")
    (found / 7).backward()
    (expected / 7).backward()
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(ours.grad, theirs.grad)


@pytest.mark.parametrize("shape", [(2, 6, 2, 9, 8), (1, 3, 3, 33, 4)])
def test_causal_attention_has_torchs_values_and_gradients(shape):
    """shape: batch, heads, key heads, tokens, width; float64 leaves only real differences."""
    batch, heads, kv, t, d = shape
    torch.manual_seed(0)
    tensors = [
        torch.randn(batch, n, t, d, dtype=torch.float64, requires_grad=True) for n in (heads, kv, kv)
    ]
    weight = torch.randn(batch, t, heads, d, dtype=torch.float64)

    def grads(output):
        return torch.autograd.grad((output * weight).sum(), tensors)

    expected = torch.nn.functional.scaled_dot_product_attention(*tensors, is_causal=True, enable_gqa=True).transpose(1, 2)
    found, _ = causal_attention(torch.nn.Module(), *tensors, None, d**-0.5)
    torch.testing.assert_close(found, expected)
    for a, b in zip(grads(found), grads(expected)):
        torch.testing.assert_close(a, b)


def test_a_model_gives_the_same_states_with_it(adapted):
    ids = torch.randint(5, 200, (2, 21))
    expected = adapted(input_ids=ids).logits
    use_causal_attention(adapted.get_base_model())
    assert adapted.get_base_model().config._attn_implementation == NAME
    torch.testing.assert_close(adapted(input_ids=ids).logits, expected, atol=1e-5, rtol=1e-4)


def test_the_choice_of_precision_follows_the_measurement():
    assert bfloat16_pays(threshold=0.0) and not bfloat16_pays(threshold=1e9)
