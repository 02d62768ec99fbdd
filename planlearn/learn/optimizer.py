"""Muon for the weights of linear layers, AdamW for all else, as one optimizer.

Muon (Jordan et al. 2024) makes each matrix's momentum orthogonal before it becomes a step. Embeddings, the head, norms and
biases are left to AdamW (Loshchilov and Hutter 2019). Both are torch's own; the step of a matrix is scaled to the size that AdamW's
would have, so one rate serves both (Liu et al. 2025).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import AdamW, Muon, Optimizer


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
            Muon([muon], lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"),
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
