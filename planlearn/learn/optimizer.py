"""Muon for the weights of linear layers, AdamW for all else, as one optimizer.

Muon (Jordan et al. 2024) makes each matrix's momentum orthogonal before it becomes a step. Embeddings, the head, norms and
biases are left to AdamW (Loshchilov and Hutter 2019), torch's own. The step of a matrix is scaled to the size that AdamW's
would have, so one rate serves both (Liu et al. 2025).

Rejected: `torch.optim.Muon`. It multiplies in bfloat16, one matrix after another: on a processor without bfloat16
instructions a step of `nano` takes seconds (data/LAB.md, 23).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

# Of x -> a x + b x³ + c x⁵, which drives singular values in (0, 1] towards 1 (Jordan et al. 2024).
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
MOMENTUM = 0.95


def orthogonal(matrices: Tensor) -> Tensor:
    """About U Vᵀ where a matrix is U S Vᵀ, all singular values between 0.7 and 1.2; of zeros zeros. Shape (n, rows, columns).

    In the matrices' own type. Where one side is much longer than the other the iteration runs on the square of the short one:
    with X of rows <= columns, each iterate is Q X for a polynomial Q in X Xᵀ.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.transpose(1, 2)).transpose(1, 2)
    a, b, c = NEWTON_SCHULZ
    x = matrices / matrices.flatten(1).norm(dim=1).clamp(min=1e-7)[:, None, None]
    if x.shape[2] < 2 * x.shape[1]:
        for _ in range(ITERATIONS):
            gram = x @ x.transpose(1, 2)
            x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
        return x
    gram = x @ x.transpose(1, 2)
    total: Tensor | None = None
    for left in reversed(range(ITERATIONS)):
        one = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        one.diagonal(dim1=1, dim2=2).add_(a)
        total = one if total is None else one @ total
        if left:
            gram = one @ gram @ one
    return total @ x


class Muon(Optimizer):
    """Nesterov momentum, made orthogonal. params: matrices. lr, weight_decay: no unit."""

    def __init__(self, params: Any, *, lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        for group in self.param_groups:
            alike = defaultdict(list)  # matrices of one shape go through the products together
            for p in group["params"]:
                if p.grad is not None:
                    alike[p.shape, p.dtype, p.device].append(p)
            for (shape, _, _), same in alike.items():
                steps = orthogonal(torch.stack([self._momentum(p) for p in same]))
                scale = group["lr"] * 0.2 * max(shape) ** 0.5
                for p, step in zip(same, steps, strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(step, alpha=-scale)

    def _momentum(self, p: nn.Parameter) -> Tensor:
        """The running mean of the gradients, brought up to date, and a look ahead of it."""
        state = self.state[p]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(p)
        mean = state["momentum_buffer"].lerp_(p.grad, 1 - MOMENTUM)
        return p.grad.lerp(mean, MOMENTUM)


class MuonAndAdamW(Optimizer):
    """Two groups of parameters: those of Muon, then those of AdamW. lr, weight_decay: no unit, for all of them (norms too)."""

    def __init__(
        self, model: nn.Module, *, lr: float, weight_decay: float = 0.0, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:  # fmt: skip
        head = model.get_output_embeddings()
        linear = {id(m.weight) for m in model.modules() if isinstance(m, nn.Linear) and m is not head}
        trained = [p for p in model.parameters() if p.requires_grad]
        groups = [[p for p in trained if (id(p) in linear) is inside] for inside in (True, False)]
        super().__init__([{"params": group} for group in groups], {"lr": lr, "weight_decay": weight_decay})
        muon, rest = self.param_groups
        # They share the groups themselves, so a schedule's rates reach them.
        self._parts: tuple[Optimizer, ...] = (
            Muon([muon], lr=lr, weight_decay=weight_decay),
            AdamW([rest], lr=lr, weight_decay=weight_decay, betas=betas, eps=eps),
        )

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        loss = closure() if closure else None
        for part in self._parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self._parts[0].state_dict(), "adamw": self._parts[1].state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for part, name in zip(self._parts, ("muon", "adamw"), strict=True):
            part.load_state_dict(state_dict[name])
        self.param_groups = [group for part in self._parts for group in part.param_groups]
