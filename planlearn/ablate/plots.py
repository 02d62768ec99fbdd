"""Pictures of an ablation: validity by round, and what the invalid plans failed at by round."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from planlearn.ablate.compare import Measured

COLOURS = {
    "base": "#999999", "phase1": "#555555", "longer": "#000000", "phase2": "#aa7733", "none": "#4477aa", "binary": "#ee9933",
    "detailed": "#228833", "nll": "#cc3377", "shuffled": "#aa3333",
}  # fmt: skip
FAULTS = {
    "precondition": "#4477aa", "effect": "#ee6677", "frame": "#ccbb44", "goal": "#228833", "other": "#888888", "unreadable": "#cccccc",
}  # fmt: skip
LINES = ("-", "--", ":", "-.")


def _save(figure: Figure, path: Path) -> None:
    beside = path.with_name(f".{path.name}.part")
    FigureCanvasAgg(figure).print_figure(beside, format="png", dpi=150)
    beside.replace(path)


def _band(axes: Any, at: Sequence[int], summaries: Sequence[Any], colour: str, line: str, label: str) -> None:
    shares = [summary["plan_validity"] for summary in summaries]
    axes.plot(at, [100 * s["value"] for s in shares], line, color=colour, marker="o", markersize=3, label=label)
    axes.fill_between(at, [100 * s["low"] for s in shares], [100 * s["high"] for s in shares], color=colour, alpha=0.12, linewidth=0)


def plot_validity(found: Sequence[Measured], path: Path) -> None:
    """Left by round, on the rounds' validation problems; right at the end, on the problems that all arms answered."""
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
    seeds = sorted({one.seed for one in found})
    for one in found:
        line = LINES[seeds.index(one.seed) % len(LINES)]
        if one.rounds:
            _band(left, range(len(one.rounds)), one.rounds, COLOURS[one.arm], line, f"{one.arm}, seed {one.seed}")
    left.set(title="validation problems, by round", xlabel="round", ylabel="valid plans, % (95 % interval)", ylim=(0, 100))
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    if left.lines:
        figure.legend(handles=left.lines, fontsize="small", loc="outside lower center", ncols=5)
    arms = list(dict.fromkeys(one.arm for one in found))
    for one in found:
        share = one.results["plan_validity"]
        place = arms.index(one.arm) + 0.15 * (seeds.index(one.seed) - (len(seeds) - 1) / 2)
        reach = [[100 * (share["value"] - share["low"])], [100 * (share["high"] - share["value"])]]
        right.errorbar([place], [100 * share["value"]], yerr=reach, fmt="o", color=COLOURS[one.arm], capsize=3)
    right.set_xticks(range(len(arms)), arms, rotation=45, ha="right")
    right.set(title=f"at the end, n = {found[0].results['plan_validity']['n']} a seed", xlim=(-0.6, len(arms) - 0.4))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    _save(figure, path)


def plot_faults(found: Sequence[Measured], path: Path) -> None:
    """A panel an arm with rounds, of its first seed: shares of the validation problems by what their plan failed at, stacked.

    Where no arm has rounds, one panel of what the arms failed at in the end.
    """
    firsts: dict[str, Measured] = {}
    for one in found:
        if one.rounds:
            firsts.setdefault(one.arm, one)
    panels: list[tuple[str, Sequence[str], Sequence[Any]]] = [
        (arm, [str(number) for number in range(len(one.rounds))], one.rounds) for arm, one in firsts.items()
    ] or [("at the end", [f"{one.arm}, {one.seed}" for one in found], [one.results for one in found])]
    figure = Figure(figsize=(3 * len(panels) + 1.6, 3.6), layout="constrained")
    for axes, (title, labels, summaries) in zip(figure.subplots(1, len(panels), sharey=True, squeeze=False)[0], panels):
        floor = [0.0] * len(labels)
        for name, colour in FAULTS.items():
            share = [100 * {**s["causes"], **s["outcomes"]}.get(name, 0) / s["plan_validity"]["n"] for s in summaries]
            axes.bar(range(len(labels)), share, bottom=floor, color=colour, label=name, width=0.8)
            floor = [a + b for a, b in zip(floor, share)]
        axes.set(title=title, xlabel="round" if firsts else "")
        if firsts:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        else:
            axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
    figure.axes[0].set_ylabel("problems without valid plan, %")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), fontsize="small", loc="outside right center")
    _save(figure, path)
