"""Tables and plots of an ablation, made anew from what its folders hold: `ablation.json`, `ablation.md`, two pictures."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from planlearn.ablate.arms import ARMS, PAIRS
from planlearn.ablate.compare import Measured, compared
from planlearn.evaluate import Interval, text_table
from planlearn.files import write_json, write_text

SCHEMA = 1
EARLIER = 10
"""The round that is shown beside the last: the paper's smaller η."""

Rows = list[tuple[Any, ...]]
VALIDITY = ("arm", "seed", "of round", "valid % (95 %)", "n", "tokens (10^6)", "minutes of training", "minutes of rounds", "paper %")
BY_ROUND = ("arm", "seed", "η", "valid % (95 %)", "n", "paper %")
COMPARED = ("arms", "seed", "first alone", "second alone", "n", "p (McNemar)")


@cache
def paper(key: str) -> Any:
    """The paper's per cent of a domain by arm and η, empty where it has none; or its "source"."""
    return yaml.safe_load(Path(__file__).with_name("paper.yaml").read_text(encoding="utf-8")).get(key, {})


def _theirs(domain: str, arm: str, eta: int) -> int | None:
    return paper(domain).get(arm, {}).get(eta)


def _percent(summary: Any) -> tuple[str, int]:
    share = Interval(**summary["plan_validity"])
    return str(share), share.n


def validity_rows(found: Sequence[Measured], domain: str) -> Rows:
    """A row an arm and seed, on the problems that all arms answered."""
    return [
        (one.arm, one.seed, one.best if one.rounds else None, *_percent(one.results), f"{one.tokens / 1e6:.2f}", round(one.training / 60, 1), round(one.seconds / 60, 1),
         _theirs(domain, one.arm, max(0, len(one.rounds) - 1)))
        for one in found
    ]  # fmt: skip


def round_rows(found: Sequence[Measured], domain: str) -> Rows:
    """Of each arm with rounds the tenth and the last, on the validation problems of the rounds."""
    rows: Rows = []
    for one in found:
        last = len(one.rounds) - 1
        for eta in sorted({min(EARLIER, last), last} if last > 0 else ()):
            rows.append((one.arm, one.seed, eta, *_percent(one.rounds[eta]), _theirs(domain, one.arm, eta)))
    return rows


def comparison_rows(found: Sequence[Measured]) -> Rows:
    """A row a pair of arms and seed."""
    by_key = {(one.arm, one.seed): one for one in found}
    rows: Rows = []
    for first, second in PAIRS:
        for seed in sorted({one.seed for one in found}):
            one, other = by_key.get((first, seed)), by_key.get((second, seed))
            if one and other:
                result = compared(one, other)
                rows.append((f"{first} against {second}", seed, result.first, result.second, result.n, f"{result.p:.4f}"))
    return rows


def tables(found: Sequence[Measured], domain: str) -> str:
    """The tables as text, for a terminal."""
    parts = [text_table(VALIDITY, validity_rows(found, domain))]
    if rows := round_rows(found, domain):
        parts.append(f"by round, validation problems\n{text_table(BY_ROUND, rows)}")
    if rows := comparison_rows(found):
        parts.append(f"the same problems\n{text_table(COMPARED, rows)}")
    return "\n".join(parts)


def _markdown(header: Sequence[str], rows: Rows) -> str:
    cells = [header, ["---"] * len(header), *([("" if cell is None else str(cell)) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def write_report(out: Path, found: Sequence[Measured], domain: str, about: dict[str, Any]) -> list[Path]:
    """Write what is measured so far; gives the files. Plots where matplotlib is installed."""
    pairs = [dict(zip(("arms", "seed", "first", "second", "n", "p"), row)) for row in comparison_rows(found)]
    write_json(out / "ablation.json", {"schema": SCHEMA, "about": about, "arms": [one.to_row() for one in found], "compared": pairs})
    arms = "".join(f"- `{name}`: {ARMS[name].says}\n" for name in dict.fromkeys(one.arm for one in found))
    text = (
        f"# Ablation: {domain}, {about['model']}\n\n"
        "Plan validity of the model alone (greedy, one attempt, no feedback), Wilson intervals. All arms of a seed answer the same "
        "generated problems of the test split, whose classes nothing is trained on; of an arm with rounds the best by the validation split is measured, of the others what training ended with. Tokens are those "
        "read, phase 1's and those of prompts included; minutes of training are those before the rounds, minutes of rounds have their attempts and measurements in them. The paper's column is "
        f"{paper('source')}: other problems and another model.\n\n{arms}\n"
        f"{_markdown(VALIDITY, validity_rows(found, domain))}\n"
        f"By round, on the validation problems of the rounds:\n\n{_markdown(BY_ROUND, round_rows(found, domain))}\n"
        f"The same problems, exact two-sided McNemar test:\n\n{_markdown(COMPARED, comparison_rows(found))}"
    )
    files = [out / "ablation.json", out / "ablation.md"]
    try:
        from planlearn.ablate.plots import plot_faults, plot_validity
    except ImportError:
        text += "\nNo plots: matplotlib is not installed.\n"
    else:
        for name, plot in (("validity", plot_validity), ("faults", plot_faults)):
            files.append(out / f"{name}.png")
            plot(found, files[-1])
            text += f"\n![{name} by round]({name}.png)\n"
    write_text(out / "ablation.md", text)
    return files
