"""`planlearn compare`: two runs on the same problems, answer by answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
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
    arm: Annotated[str | None, typer.Option(help="The arm of both; default: greedy where both have it, else the only one that they share.")] = None,
    arm_a: Annotated[str | None, typer.Option(help="The arm of A alone.")] = None,
    arm_b: Annotated[str | None, typer.Option(help="The arm of B alone.")] = None,
    domain: Annotated[str | None, typer.Option(help="Only the problems of this domain.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the problems at which the two differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare two runs by problem: exact McNemar test, bootstrap interval of the difference, by size too.

    Problems without a plan are compared apart, by whether the answer says so.
    """
    from planlearn.evaluate.paired import PairingError, answers_of, by_size, compare_pairs, pair_up
    from planlearn.evaluate.saved import samples_file, saved_rows

    paths = samples_file(a), samples_file(b)
    rows = [saved_rows(path) for path in paths]
    found = [{row["arm"] for _, row in some if domain in (None, row["domain"])} for some in rows]
    for path, some in zip(paths, found, strict=True):
        if not some:
            raise PairingError(f"{path} holds no answer in domain {domain}")
    wanted = arm_a or arm, arm_b or arm
    arms = _arms(found, wanted, paths)
    if arms[0] == arms[1] and paths[0].samefile(paths[1]):
        raise PairingError("A and B are the same answers; name two arms of the run with --arm-a and --arm-b")
    # An arm's answers are found among all rows, a domain's among these: how many attempts it may make is seen in any.
    answers = (answers_of([row for _, row in some], name) for some, name in zip(rows, arms, strict=True))
    pairs = pair_up(*([one for one in some if domain in (None, one.domain)] for some in answers))
    compared = _Compared(
        pairs=pairs, whole=compare_pairs(pairs.solvable) if pairs.solvable else None, sizes=by_size(pairs.solvable),
        unsolvable=compare_pairs(pairs.unsolvable) if pairs.unsolvable else None,
    )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(_object(paths, arms, compared), ensure_ascii=False))
    else:
        names = [f"{side}  {path} ({name})\n" for side, path, name in zip("AB", (a, b), arms, strict=True)]
        if wanted == (None, None) and len(shared := found[0] & found[1]) > 1:
            names.append(f"Both have {', '.join(sorted(shared))}: {arms[0]} is taken, another with --arm.\n")
        typer.echo("".join(names) + "\n" + comparison_table(compared) + (_differing(pairs) if listed else ""), nl=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """whole, sizes: of the solvable problems; unsolvable: of the others. None where there are no such."""

    pairs: Pairs
    whole: Paired | None
    sizes: dict[str, Paired]
    unsolvable: Paired | None


def _arms(found: Sequence[set[str]], wanted: tuple[str | None, str | None], paths: tuple[Path, Path]) -> tuple[str, str]:
    """The arm of each side. Raises PairingError where it has none of that name, or where it is not clear which is meant."""
    from planlearn.evaluate.arms import GREEDY
    from planlearn.evaluate.paired import PairingError

    for path, some, name in zip(paths, found, wanted, strict=True):
        if name is not None and name not in some:
            raise PairingError(f"{path} has no arm {name!r}; it has {', '.join(sorted(some))}")
    shared = found[0] & found[1]
    shared = shared & {GREEDY} or shared
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


def comparison_table(compared: _Compared) -> str:
    """What people read: a line for all solvable problems and one a size, a table of those without a plan, then what was left out."""
    parts, pairs = [], compared.pairs
    if compared.whole is not None:
        lines = [("all", compared.whole), *(compared.sizes.items() if len(compared.sizes) > 1 else ())]
        parts.append(_section("problems", "valid %", lines))
    if compared.unsolvable is not None:
        parts.append(_section("problems without a plan", "recognised %", [("all", compared.unsolvable)]))
    left = [
        f"{count} {words}"
        for count, words in (
            (pairs.only_first, "only in A"), (pairs.only_second, "only in B"), (pairs.unjudged, "without a verdict in one of the two"),
            (pairs.unfinished, "undecided, since an attempt is missing in one of the two"),
        )
        if count
    ]  # fmt: skip
    apart = "\n" if len(parts) > 1 else ""  # it is said of both tables
    return "\n".join(parts) + (f"{apart}Left out: {', '.join(left)}.\n" if left else "")


def _section(problems: str, share: str, lines: Sequence[tuple[str, Paired]]) -> str:
    """A table and how its figures were made; the first line is of all."""
    from planlearn.evaluate import text_table

    (_, whole), several = lines[0], lines[0][1].comparison.n < lines[0][1].n
    sides = ("A ahead", "B ahead") if several else ("A alone", "B alone")
    header = (problems, "n", f"A {share}", f"B {share}", "A - B, points (95 %)", *sides, "p")
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
    return text_table(header, cells) + "\n" + "\n".join(said) + "\n"


def _p(p: float) -> str:
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def _differ(pairs: Pairs) -> list[tuple[str, Answered]]:
    return [("A" if one.right else "B", one) for one, other in pairs.pairs if one.right != other.right]


def _differing(pairs: Pairs) -> str:
    """A line an answer that only one run has right; A's first."""
    attempts = any(one.attempt != 1 for one, _ in pairs.pairs)
    lines = [
        f"{side} alone  {one.domain}  {one.size}  {one.id}{f'  attempt {one.attempt}' if attempts else ''}{'' if one.solvable else '  no plan exists'}\n"
        for side, one in _differ(pairs)
    ]
    return "\n" + "".join(sorted(lines, key=lambda line: line[0]))


def _object(paths: tuple[Path, Path], arms: tuple[str, str], compared: _Compared) -> dict[str, Any]:
    pairs, whole = compared.pairs, compared.whole
    none = {"n": 0, "problems": 0} | dict.fromkeys(("right", "difference", "difference_score", "alone", "p"))
    return {
        **{side: {"samples": str(path), "arm": name} for side, path, name in zip("ab", paths, arms, strict=True)},
        **(none if whole is None else whole.to_dict()),
        "unsolvable": None if compared.unsolvable is None else compared.unsolvable.to_dict(),
        "only_a": pairs.only_first, "only_b": pairs.only_second, "unjudged": pairs.unjudged, "undecided": pairs.unfinished,
        "by_size": {size: one.to_dict() for size, one in compared.sizes.items()},
        "differ": [
            {"domain": one.domain, "id": one.id, "attempt": one.attempt, "solvable": one.solvable, "right": side.lower()}
            for side, one in _differ(pairs)
        ],
    }  # fmt: skip
