"""`planlearn compare`: two runs on the same problems, answer by answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from planlearn.cli.app import command

if TYPE_CHECKING:
    from planlearn.evaluate.paired import Answered, Paired, Pairs


@command()
def compare(
    a: Annotated[Path, typer.Argument(exists=True, help="A run's folder, or its samples.jsonl.")],
    b: Annotated[Path, typer.Argument(exists=True, help="Another, or the same one with two arms named.")],
    arm: Annotated[str | None, typer.Option(help="The arm of both; default: the only one that they share.")] = None,
    arm_a: Annotated[str | None, typer.Option(help="The arm of A alone.")] = None,
    arm_b: Annotated[str | None, typer.Option(help="The arm of B alone.")] = None,
    domain: Annotated[str | None, typer.Option(help="Only the problems of this domain.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the problems at which the two differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare two runs by problem: exact McNemar test, bootstrap interval of the difference, by size too."""
    from planlearn.evaluate.paired import PairingError, answers_of, by_size, compare_pairs, pair_up
    from planlearn.evaluate.saved import samples_file, saved_rows

    paths = samples_file(a), samples_file(b)
    rows = [saved_rows(path) for path in paths]
    if domain is not None:
        rows = [[row for row in some if row[1]["domain"] == domain] for some in rows]
        for path, some in zip(paths, rows, strict=True):
            if not some:
                raise PairingError(f"{path} holds no answer in domain {domain}")
    arms = _arms([{row["arm"] for _, row in some} for some in rows], (arm_a or arm, arm_b or arm), paths)
    if arms[0] == arms[1] and paths[0].samefile(paths[1]):
        raise PairingError("A and B are the same answers; name two arms of the run with --arm-a and --arm-b")
    pairs = pair_up(*(answers_of([row for _, row in some], name) for some, name in zip(rows, arms, strict=True)))
    whole, sizes = compare_pairs(pairs.pairs), by_size(pairs.pairs)
    if as_json:
        typer.echo(json.dumps(_object(paths, arms, pairs, whole, sizes), ensure_ascii=False))
    else:
        names = [f"{side}  {path} ({name})" for side, path, name in zip("AB", (a, b), arms, strict=True)]
        typer.echo("\n".join(names) + "\n\n" + comparison_table(pairs, whole, sizes) + (_differing(pairs) if listed else ""), nl=False)


def _arms(found: Sequence[set[str]], wanted: tuple[str | None, str | None], paths: tuple[Path, Path]) -> tuple[str, str]:
    """The arm of each side. Raises PairingError where it has none of that name, or where it is not clear which is meant."""
    from planlearn.evaluate.paired import PairingError

    for path, some, name in zip(paths, found, wanted, strict=True):
        if name is not None and name not in some:
            raise PairingError(f"{path} has no arm {name!r}; it has {', '.join(sorted(some))}")
    shared = found[0] & found[1]
    chosen: list[str] = []
    for some, name in zip(found, wanted, strict=True):
        if name is None:
            # One arm alone needs no name, whatever the other run calls its own.
            known = some if len(some) == 1 else shared if wanted == (None, None) else set()
            if len(known) != 1:
                said = "; ".join(f"{path} has {', '.join(sorted(own))}" for path, own in zip(paths, found, strict=True))
                raise PairingError(f"name the arms with --arm, or with --arm-a and --arm-b: {said}")
            (name,) = known
        chosen.append(name)
    return chosen[0], chosen[1]


def comparison_table(pairs: Pairs, whole: Paired, sizes: dict[str, Paired]) -> str:
    """What people read: a line for all problems and one a size, then what was left out."""
    from planlearn.evaluate import text_table

    several = whole.comparison.n < whole.n
    header = ("problems", "n", "A %", "B %", "A - B, points (95 %)", *(("A ahead", "B ahead") if several else ("A alone", "B alone")), "p")
    lines = [("all", whole), *(sizes.items() if len(sizes) > 1 else ())]
    cells = [
        (name, one.n, *(100 * hits / one.n for hits in one.right), str(one.difference), one.comparison.first, one.comparison.second,
         _p(one.comparison.p))
        for name, one in lines
    ]  # fmt: skip
    said = ["Exact McNemar test, two-sided; bootstrap over problems, percentile interval."]
    if several:
        said = [f"{whole.comparison.n} problems; exact sign test over problems, two-sided; bootstrap over problems, percentile interval."]
    if whole.score is not None:
        said.append(f"Newcombe's score interval of all: {whole.score}.")
    if without := sum(not one.solvable for one, _ in pairs.pairs):
        said.append(f"No plan exists in {without} of the pairs: the right answer says so.")
    left = [
        f"{count} {words}"
        for count, words in (
            (pairs.only_first, "only in A"), (pairs.only_second, "only in B"), (pairs.unjudged, "without a verdict in one of the two"),
        )
        if count
    ]  # fmt: skip
    if left:
        said.append(f"Left out: {', '.join(left)}.")
    return text_table(header, cells) + "\n" + "\n".join(said) + "\n"


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def _differ(pairs: Pairs) -> list[tuple[str, Answered]]:
    return [("A" if one.right else "B", one) for one, other in pairs.pairs if one.right != other.right]


def _differing(pairs: Pairs) -> str:
    """A line an answer that only one run has right; A's first."""
    attempts = any(one.attempt != 1 for one, _ in pairs.pairs)
    lines = [f"{side} alone  {one.domain}  {one.size}  {one.id}{f'  attempt {one.attempt}' if attempts else ''}\n" for side, one in _differ(pairs)]
    return "\n" + "".join(sorted(lines, key=lambda line: line[0]))


def _object(paths: tuple[Path, Path], arms: tuple[str, str], pairs: Pairs, whole: Paired, sizes: dict[str, Paired]) -> dict[str, Any]:
    return {
        **{side: {"samples": str(path), "arm": name} for side, path, name in zip("ab", paths, arms, strict=True)},
        **whole.to_dict(),
        "only_a": pairs.only_first, "only_b": pairs.only_second, "unjudged": pairs.unjudged,
        "by_size": {size: one.to_dict() for size, one in sizes.items()},
        "differ": [{"domain": one.domain, "id": one.id, "attempt": one.attempt, "right": side.lower()} for side, one in _differ(pairs)],
    }  # fmt: skip
