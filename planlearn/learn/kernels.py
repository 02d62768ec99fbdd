"""LoRA's linear layer and the loss of a frozen vocabulary, each as one differentiable function.

peft computes base(x) + scale * B(A(x)) as separate modules with their own casts and sums. For a frozen weight and no
dropout the same value and gradients come from fewer passes over memory, and in bfloat16 without casting activations
to float32 and back. Hu et al. 2021, section 4.1.

The loss of a vocabulary of tens of thousands of words is bound by memory, not by products: logits of a few hundred tokens
are a hundred megabytes, read and written by each of torch's passes forward and backward. Where the words' weights are
frozen, the gradient is known as soon as the loss is, so a few rows at a time go through while they lie in the cache.
"""

from __future__ import annotations

import math
import time
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _LoraLinear(torch.autograd.Function):
    """y = x Wᵀ + b + s (x Aᵀ) Bᵀ. Shapes: x (..., in), W (out, in), A (rank, in), B (out, rank), y (..., out).

    Gradients flow to x, A and B; W and b are frozen. A and B are float32, the products run in x's type.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor, scale: float) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        a_low, b_low = a.to(x.dtype), b.to(x.dtype)
        u = flat @ a_low.t()
        y = torch.addmm(F.linear(flat, weight, bias), u, b_low.t(), alpha=scale)
        ctx.save_for_backward(flat, weight, a_low, b_low, u)
        ctx.scale, ctx.shape, ctx.types = scale, x.shape, (a.dtype, b.dtype)
        return y.view(*x.shape[:-1], y.shape[-1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        flat, weight, a, b, u = ctx.saved_tensors
        g = grad.reshape(-1, grad.shape[-1])
        v = g @ b
        dx = None
        if ctx.needs_input_grad[0]:
            dx = torch.addmm(g @ weight, v, a, alpha=ctx.scale).view(ctx.shape)
        da = (v.t() @ flat).to(ctx.types[0]) * ctx.scale
        db = (g.t() @ u).to(ctx.types[1]) * ctx.scale
        return dx, None, None, da, db, None


def fuse_lora(model: nn.Module) -> int:
    """Replace the forward of every plain LoRA linear layer of a peft model; gives how many.

    A layer with dropout, DoRA, several adapters, an adapted bias or a base that is no `nn.Linear` keeps peft's own forward.
    """
    from peft.tuners.lora import Linear as LoraLayer

    count = 0
    for layer in model.modules():
        if not isinstance(layer, LoraLayer) or len(layer.active_adapters) != 1:
            continue
        name = layer.active_adapters[0]
        plain = isinstance(layer.lora_dropout[name], nn.Identity) and not layer.use_dora.get(name, False)
        # GPT-2's Conv1D is a linear layer whose weight lies the other way round.
        plain = plain and isinstance(layer.get_base_layer(), nn.Linear)
        if not plain or layer.lora_A[name].bias is not None or layer.lora_B[name].bias is not None:
            continue
        base, a, b = layer.get_base_layer(), layer.lora_A[name], layer.lora_B[name]
        scale = layer.scaling[name]

        def forward(x: Tensor, *_: Any, base=base, a=a, b=b, scale=scale, **__: Any) -> Tensor:
            return _LoraLinear.apply(x, base.weight, base.bias, a.weight, b.weight, scale)

        layer.forward = forward
        count += 1
    return count


_ROWS = 128
"""Rows of logits at a time: 25 MB in float32 at 49,152 words."""


class _FrozenVocabularyLoss(torch.autograd.Function):
    """Sums over rows of -r log softmax(h Wᵀ + b)[label], and of the same without r, which has no gradient. Shapes: h (n, d), W (v, d),
    b (v), labels (n), r (n) or None for ones; each result is one number.

    Gradients flow to h alone: r (softmax - one-hot) W, worked out beside the loss. Softmax in float32, products in h's type.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor, of_rows: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        loss, plain = hidden.new_zeros((), dtype=torch.float32), hidden.new_zeros((), dtype=torch.float32)
        gradient = torch.empty_like(hidden)
        for start in range(0, len(labels), _ROWS):
            rows, wanted = hidden[start : start + _ROWS], labels[start : start + _ROWS, None]
            logits = F.linear(rows, weight, bias).float()
            logits -= logits.logsumexp(-1, keepdim=True)
            ones = logits.new_ones(len(rows), 1) if of_rows is None else of_rows[start : start + _ROWS, None].float()
            found = logits.gather(1, wanted)
            loss -= (found * ones).sum()
            plain -= found.sum()
            logits.exp_().scatter_add_(1, wanted, logits.new_full((1, 1), -1.0).expand_as(wanted))
            if of_rows is not None:
                logits *= ones
            torch.mm(logits.to(weight.dtype), weight, out=gradient[start : start + _ROWS])
        ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(plain)
        return loss, plain

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = ctx.saved_tensors
        return gradient * grad.to(gradient.dtype), None, None, None, None


def frozen_vocabulary_loss(hidden: Tensor, head: nn.Module, labels: Tensor) -> Tensor:
    """Summed negative log likelihood of `labels` (n) under the words' weights `head`, which must be frozen; no unit."""
    return _FrozenVocabularyLoss.apply(hidden, head.weight, getattr(head, "bias", None), labels, None)[0]


def frozen_vocabulary_losses(hidden: Tensor, head: nn.Module, labels: Tensor, of_rows: Tensor) -> tuple[Tensor, Tensor]:
    """(the same, each row weighing `of_rows` (n) times; the unweighted sum, which has no gradient)."""
    return _FrozenVocabularyLoss.apply(hidden, head.weight, getattr(head, "bias", None), labels, of_rows)


def bfloat16_pays(threshold: float = 1.4, size: int = 1024) -> bool:
    """Whether this processor multiplies matrices at least `threshold` times faster in bfloat16 (best of five)."""

    def seconds(kind: torch.dtype) -> float:
        x, w = torch.ones(size, size, dtype=kind), torch.ones(size, size, dtype=kind)
        best = math.inf
        for _ in range(5):
            start = time.perf_counter()
            F.linear(x, w)
            best = min(best, time.perf_counter() - start)
        return best

    return seconds(torch.float32) / seconds(torch.bfloat16) >= threshold
