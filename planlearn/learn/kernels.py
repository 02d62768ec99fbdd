"""LoRA's linear layer as one differentiable function.

peft computes base(x) + scale * B(A(x)) as separate modules with their own casts and sums. For a frozen weight and no
dropout the same value and gradients come from fewer passes over memory, and in bfloat16 without casting activations
to float32 and back. Hu et al. 2021, section 4.1.
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

    A layer with dropout, DoRA, several adapters or an adapted bias keeps peft's own forward.
    """
    from peft.tuners.lora import Linear as LoraLayer

    count = 0
    for layer in model.modules():
        if not isinstance(layer, LoraLayer) or len(layer.active_adapters) != 1:
            continue
        name = layer.active_adapters[0]
        plain = isinstance(layer.lora_dropout[name], nn.Identity) and not layer.use_dora.get(name, False)
        if not plain or layer.lora_A[name].bias is not None or layer.lora_B[name].bias is not None:
            continue
        base, a, b = layer.get_base_layer(), layer.lora_A[name], layer.lora_B[name]
        scale = layer.scaling[name]

        def forward(x: Tensor, *_: Any, base=base, a=a, b=b, scale=scale, **__: Any) -> Tensor:
            return _LoraLinear.apply(x, base.weight, base.bias, a.weight, b.weight, scale)

        layer.forward = forward
        count += 1
    return count


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
