"""Causal self-attention for training on processors, as one differentiable function.

torch's fused attention runs in bfloat16 on a CPU at a fraction of the speed of plain products (in float32 it is the
faster one, so it stays there). Chains are a few hundred tokens long, so the whole matrix of weights fits the cache, and
five batched products do the work. Grouped queries (Ainslie et al. 2023) are folded into the rows: keys never repeat.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

NAME = "planlearn_causal"

PLAIN_ATTENTION = frozenset({"llama", "qwen2", "qwen3"})
"""Kinds of model (`config.model_type`) whose attention is the causal one and nothing else: no window, cap or sink."""


class _Causal(torch.autograd.Function):
    """softmax(scale q kᵀ + causal mask) v. Shapes: q (n, groups * t, d), k and v (n, t, d); the result is q's shape."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: float) -> Tensor:
        scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=scale)
        weights = torch.softmax(scores, -1)
        ctx.save_for_backward(q, k, v, weights)
        ctx.scale = scale
        return torch.bmm(weights, v)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, weights = ctx.saved_tensors
        grad = grad.contiguous()
        dv = torch.bmm(weights.transpose(1, 2), grad)
        # Softmax's Jacobian: w (g - sum(w g)); sum over a row of w g equals grad . output, but output is not kept.
        ds = torch._softmax_backward_data(torch.bmm(grad, v.transpose(1, 2)), weights, -1, weights.dtype)
        dq = torch.bmm(ds, k).mul_(ctx.scale)
        dk = torch.bmm(ds.transpose(1, 2), q).mul_(ctx.scale)
        return dq, dk, dv, None, None


def causal_attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, scaling: float,
    dropout: float = 0.0, **_: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface: query (batch, heads, t, d), key and value (batch, kv heads, t, d) -> (batch, t, heads, d).

    The mask is the causal one, whatever is passed: the trainer pads on the right alone.
    """
    batch, heads, t, d = query.shape
    kv = key.shape[1]
    groups = heads // kv
    mask = _mask(t, groups, query.dtype)
    out = _Causal.apply(
        query.reshape(batch * kv, groups * t, d), key.reshape(batch * kv, t, d), value.reshape(batch * kv, t, d),
        mask, scaling,
    )
    return out.view(batch, heads, t, d).transpose(1, 2).contiguous(), None


_masks: dict[tuple[int, int, torch.dtype], Tensor] = {}


def _mask(t: int, groups: int, kind: torch.dtype) -> Tensor:
    """(1, groups * t, t): 0 where a row may look, minus infinity ahead of it. One is kept: a batch has one length."""
    key = (t, groups, kind)
    if key not in _masks:
        _masks.clear()
        _masks[key] = torch.full((t, t), float("-inf"), dtype=kind).triu(1).repeat(groups, 1)[None]
    return _masks[key]


def use_causal_attention(model: nn.Module) -> None:
    """Let a model (and the peft model around it) train with this attention; padding must be on the right."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, causal_attention)
    model.config._attn_implementation = NAME
