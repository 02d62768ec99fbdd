"""The losses of a stage over tokens that weigh differently: the surrogates of PDDL-Instruct's L_reasoning and L_final.

    loss = ( Σ_{w>0} w · -log p(token) + Σ_{w<0} |w| · -log(1 - p(token)) + Σ_{two-way} w · BCE ) / n,  n tokens with w != 0

p is the model's probability over its whole vocabulary of the token that was written, given all before it. The first sum is
weighted likelihood (stage "chain": w = 1 + λ |s △ s*| + penalty on the step that corrects a failed one; stage "plan": w = 1),
the second unlikelihood (Welleck et al. 2020) of what was wrong in an invalid plan (w = -β), the third the binary cross entropy of
saying VALID or INVALID about a plan that the model wrote: with z the two words' logits, q = exp(z_VALID) / (exp(z_VALID) +
exp(z_INVALID)), BCE = -log q for a valid plan, -log(1 - q) for an invalid one. Both of the paper's losses count errors of sampled
text, so neither has a gradient; each term here moves the quantity that it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from planlearn.learn.kernels import frozen_vocabulary_losses

@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """total: the stage's loss, one number with a gradient. sums, counts: of each kind without weights, for records."""

    total: Tensor
    sums: dict[str, float]
    counts: dict[str, int]


def unlikelihood(logits: Tensor, labels: Tensor) -> Tensor:
    """-log(1 - p(label)) of each row, exact and with a gradient for certain tokens too. Shapes: logits (n, v), labels (n); result (n)."""
    logits = logits.float()
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return logits.logsumexp(-1) - others.logsumexp(-1)


def two_way(logits: Tensor, said: Tensor, words: tuple[int, int]) -> Tensor:
    """Binary cross entropy of the choice between two words of each row.

    Shapes: logits (n, v), said (n) with 1 for words[0] and -1 for words[1]; result (n).
    """
    difference = logits[:, words[0]].float() - logits[:, words[1]].float()
    return F.softplus(-said.float() * difference)


def stage_loss(
    hidden: Tensor, head: nn.Module, labels: Tensor, weights: Tensor, said: Tensor, words: tuple[int, int] | None
) -> Losses:
    """The stage's loss over rows that carry some.

    Shapes: hidden (n, d), head's weight (v, d); labels, weights, said (n). said: 0, or of a two-way row 1 (VALID) or -1.
    """
    def logits(rows: Tensor) -> Tensor:
        return F.linear(hidden[rows], head.weight, getattr(head, "bias", None)).float()

    likely, unlikely, choice = (weights > 0) & (said == 0), (weights < 0) & (said == 0), said != 0
    total = hidden.new_zeros((), dtype=torch.float32)
    sums: dict[str, float] = {}
    counts: dict[str, int] = {}

    def note(name: str, rows: Tensor, each: Tensor) -> None:
        sums[name], counts[name] = float(each.detach().sum()), int(rows.sum())

    if likely.any():
        if isinstance(head, nn.Linear) and not any(p.requires_grad for p in head.parameters()):
            loss, plain = frozen_vocabulary_losses(hidden[likely], head, labels[likely], weights[likely])
            sums["likelihood"], counts["likelihood"] = float(plain), int(likely.sum())
        else:
            each = F.cross_entropy(logits(likely), labels[likely], reduction="none")
            loss = (each * weights[likely]).sum()
            note("likelihood", likely, each)
        total = total + loss
    if unlikely.any():
        each = unlikelihood(logits(unlikely), labels[unlikely])
        note("unlikelihood", unlikely, each)
        total = total - (each * weights[unlikely]).sum()
    if choice.any():
        if words is None:
            raise ValueError("rows with a two-way choice need its two words")
        each = two_way(logits(choice), said[choice], words)
        note("verdict", choice, each)
        total = total + (each * weights[choice].abs()).sum()
    return Losses(total=total / max(1, len(weights)), sums=sums, counts=counts)


def add_up(kept: dict[str, Any], losses: Losses) -> None:
    """Add a batch's sums and counts to a stage's."""
    for name, value in losses.sums.items():
        total, count = kept.get(name, (0.0, 0))
        kept[name] = total + value, count + losses.counts[name]
