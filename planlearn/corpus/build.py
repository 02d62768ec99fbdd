"""Build a corpus folder from a recipe: seeded, disjoint by class, resumable, the same bytes for the same seed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from random import Random
from typing import Any

import planlearn
from planlearn.chains import ChainStyle, answer_segments, plan_text, unsolvable_segments
from planlearn.chains.grammar import UNSOLVABLE
from planlearn.corpus.example import Example
from planlearn.corpus.split import SHARES, split_of
from planlearn.errors import RecipeError
from planlearn.files import file_sha256, full_disk_is_named, write_json, write_json_lines, write_text
from planlearn.problems import (
    UNSOLVABLE_KINDS,
    domain_text,
    get_generator,
    planbench_classes,
    problem_class,
    shuffled_names,
    stream,
    unsolvable_problem,
)
from planlearn.recipes import CorpusRecipe, refuse_another
from val_bridge.semantics.ground import static_predicates
from val_bridge import Plan, Task, execute, read_domain, read_problem, write_problem

# Tries for one problem before a size counts as exhausted: small sizes have few classes that may be trained on.
PATIENCE = 400
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A generated problem with its reference plan."""

    index: int
    size: str
    problem_class: str
    problem_pddl: str
    task: Task
    plan: Plan


def style_of(corpus: CorpusRecipe) -> ChainStyle:
    return ChainStyle(states=corpus.states, goals=corpus.goals, purposes=corpus.purposes, domain_in_prompt=corpus.domain_in_prompt)


class ProblemSource:
    """Problems of one split, drawn in order; counts what it rejected and why.

    fresh_classes: whether a class may come once only (validation and test) or again under other names (train). There a
    size of which all problems were drawn gives drawn ones again, so that the recipe's shares of sizes hold: of 4 blocks few
    classes are left for training.
    """

    def __init__(self, domain: str, seed: int, split: str, *, fresh_classes: bool) -> None:
        self.domain, self.seed, self.split, self.fresh_classes = domain, seed, split, fresh_classes
        self.generator = get_generator(domain)
        self.pddl = read_domain(domain_text(domain))
        self.excluded = planbench_classes()
        self.has_static_facts = bool(static_predicates(self.pddl))
        self.seen_problems: set[str] = set()
        self.seen_classes: set[str] = set()
        self.rejected: Counter[str] = Counter()
        self.drawn: dict[str, list[Drawn]] = {}
        self.repeated: Counter[str] = Counter()
        self.exhausted: set[tuple[str, int | None]] = set()

    def need_free_names(self, key: str) -> None:
        """Raise RecipeError, which names the recipe's key, where the names of objects may not be shuffled."""
        if self.has_static_facts:
            raise RecipeError(f"{key}: domain {self.domain} has static facts, whose names carry meaning")

    def draw(self, index: int, sizes: dict[str, float], max_steps: int | None) -> Drawn | None:
        """The index-th problem of the split, or None where no size yields one more."""
        rng = stream(self.seed, self.domain, self.split, index)
        open_sizes = dict(sorted(sizes.items()))
        while open_sizes:
            size = rng.choices(list(open_sizes), list(open_sizes.values()))[0]
            drawn = self._new(rng, index, size, max_steps) or self._again(rng, index, size, max_steps)
            if drawn is not None:
                return drawn
            del open_sizes[size]
        return None

    def _new(self, rng: Random, index: int, size: str, max_steps: int | None) -> Drawn | None:
        """A problem of a size that was not drawn before, or None where none is found with patience."""
        from planlearn.planners import reference_plan

        if (size, max_steps) in self.exhausted:
            return None
        for _ in range(PATIENCE):
            made = self.generator.generate(rng, size)
            task = Task(self.pddl, read_problem(made.problem_text, self.pddl))
            kind = problem_class(task)
            reason = self._refuse(kind, made.problem_text)
            if reason:
                self.rejected[reason] += 1
                continue
            plan = reference_plan(self.domain, task, to_teach=True)
            if max_steps is not None and len(plan.calls) > max_steps:
                self.rejected["plan too long"] += 1
                continue
            self.seen_problems.add(made.problem_text)
            self.seen_classes.add(kind)
            drawn = Drawn(
                index=index, size=made.size_name, problem_class=kind, problem_pddl=made.problem_text, task=task, plan=plan,
            )
            if not self.fresh_classes:
                self.drawn.setdefault(size, []).append(drawn)
            return drawn
        self.exhausted.add((size, max_steps))
        return None

    def _again(self, rng: Random, index: int, size: str, max_steps: int | None) -> Drawn | None:
        """A problem of the size that was drawn before; None where none fits or none may come again."""
        if self.fresh_classes:
            return None
        fitting = [d for d in self.drawn.get(size, ()) if max_steps is None or len(d.plan.calls) <= max_steps]
        if not fitting:
            return None
        self.repeated[size] += 1
        return replace(rng.choice(fitting), index=index)

    def renamed(self, drawn: Drawn, index: int, max_steps: int | None) -> Drawn:
        """The problem with its objects' names shuffled, and the plan to learn from for these: plans go by names, so the same
        plan under other names is none to learn from. As it was drawn where none of many shuffles has a plan short enough.
        """
        from planlearn.planners import reference_plan

        rng = stream(self.seed, self.domain, "renaming", index)
        for _ in range(PATIENCE):
            task, _ = shuffled_names(drawn.task, rng)
            plan = reference_plan(self.domain, task, to_teach=True)
            if max_steps is None or len(plan.calls) <= max_steps:
                return replace(drawn, index=index, problem_pddl=write_problem(task.problem), task=task, plan=plan)
        return replace(drawn, index=index)

    def _refuse(self, kind: str, text: str) -> str:
        if kind in self.excluded:
            return "class is PlanBench's"
        if split_of(kind) != self.split:
            return "class of another split"
        if self.fresh_classes and kind in self.seen_classes:
            return "class already drawn"
        if text in self.seen_problems:
            return "problem already drawn"
        return ""


class UnsolvableSource:
    """Examples of one split whose problems have no plan; counts what it rejected and why, and the kinds of what it gave.

    fresh_classes: whether a class may come once only. No problem comes twice.
    """

    def __init__(self, domain: str, seed: int, split: str, style: ChainStyle, *, fresh_classes: bool) -> None:
        self.domain, self.seed, self.split, self.style, self.fresh_classes = domain, seed, split, style, fresh_classes
        self.excluded = planbench_classes()
        self.seen: set[str] = set()
        self.exhausted: set[str] = set()
        self.rejected: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()

    def draw(self, index: int, size: str) -> Example | None:
        """An example of the size, or None where none is found with patience; the index names its random stream and is in its id."""
        from planlearn.planners import goal_conflict

        rng = stream(self.seed, self.domain, "unsolvable", self.split, index)
        for _ in range(PATIENCE if size not in self.exhausted else 0):
            drawn = unsolvable_problem(self.domain, rng, size)
            text, task = drawn.problem.problem_text, drawn.problem.task()
            kind = problem_class(task)
            never = goal_conflict(task)
            reason = self._refuse(kind, text) or ("not confirmed" if never is None else "")
            if reason:
                self.rejected[f"unsolvable: {reason}"] += 1
                continue
            self.seen.add(kind if self.fresh_classes else text)
            self.kinds[drawn.kind] += 1
            return Example(
                id=f"{self.domain}-{self.split}-{self.seed}-unsolvable-{index}", kind="unsolvable", domain=self.domain,
                size=drawn.problem.size_name, split=self.split, seed=self.seed, problem_class=kind, problem_pddl=text, plan=UNSOLVABLE,
                steps=0, error="", segments=unsolvable_segments(task, never or (), self.style),
            )
        self.exhausted.add(size)
        return None

    def _refuse(self, kind: str, text: str) -> str:
        if kind in self.excluded:
            return "class is PlanBench's"
        if split_of(kind) != self.split:
            return "class of another split"
        if (kind if self.fresh_classes else text) in self.seen:
            return "class already drawn" if self.fresh_classes else "problem already drawn"
        return ""


def _training_problems(source: ProblemSource, recipe: CorpusRecipe, progress: Progress) -> Iterator[Drawn]:
    """The training problems in the order of training: stage by stage, in a stage renaming by renaming."""
    if recipe.renamings > 1:
        source.need_free_names("corpus.renamings")
    total = sum(stage.share for stage in recipe.stages)
    start, done = 0, 0.0
    for stage in recipe.stages:
        done += stage.share / total
        end = round(recipe.examples * done)
        originals: list[Drawn] = []
        for index in range(start, end):
            copy, place = divmod(index - start, -(-(end - start) // recipe.renamings))
            if copy == 0:
                drawn = source.draw(index, stage.sizes, stage.max_steps)
                if drawn is None:
                    raise RecipeError(
                        f"corpus.stages: found no problem of sizes {', '.join(stage.sizes)} with at most {stage.max_steps} steps "
                        "that may be trained on: PlanBench's classes and those of other splits are left out"
                    )
                originals.append(drawn)
            else:
                drawn = source.renamed(originals[place], index, stage.max_steps)
            yield drawn
            progress("train", index + 1, recipe.examples)
        start = end


def _chain_example(drawn: Drawn, domain: str, split: str, seed: int, style: ChainStyle) -> Example:
    chain = execute(drawn.task, [drawn.task.bind(call) for call in drawn.plan.calls])
    return Example(
        id=f"{domain}-{split}-{seed}-{drawn.index}", kind="chain", domain=domain, size=drawn.size, split=split,
        seed=seed, problem_class=drawn.problem_class, problem_pddl=drawn.problem_pddl, plan=plan_text(drawn.plan),
        steps=len(drawn.plan.calls), error="", segments=answer_segments(drawn.task, chain, style),
    )


def _mended_example(drawn: Drawn, domain: str, seed: int, style: ChainStyle, dropped: Counter[str]) -> Example:
    """A chain to be mended; a plain one where no fault could be made in it."""
    from planlearn.corpus.mend import spoiled_mending

    plain = _chain_example(drawn, domain, "train", seed, style)
    chain = execute(drawn.task, [drawn.task.bind(call) for call in drawn.plan.calls])
    segments = spoiled_mending(drawn.task, chain, style, stream(seed, domain, "mend", drawn.index))
    if segments is None:
        dropped["mend: not possible"] += 1
        return plain
    return replace(plain, kind="mend", segments=segments)


def held_out_judged(
    domain: str, seed: int, split: str, count: int, sizes: dict[str, float], style: ChainStyle, progress: Progress
) -> list[Example]:
    """Plans of a split that nothing learns from, half of them spoiled, to be judged. Classes come again under other names.

    Raises RecipeError where the split has no class of these sizes.
    """
    source, dropped = ProblemSource(domain, seed, split, fresh_classes=False), Counter()
    rows: list[Example] = []
    for index in range(count):
        drawn = source.draw(index, sizes, None)
        if drawn is None:
            raise RecipeError(f"corpus.{split}: no class of sizes {', '.join(sizes)} is left for {split}")
        rows.append(_judged_example(drawn, domain, seed, style, dropped, split))
        progress(f"{split}, judged", index + 1, count)
    return rows


def _judged_example(
    drawn: Drawn, domain: str, seed: int, style: ChainStyle, dropped: Counter[str], split: str = "train"
) -> Example:
    from planlearn.corpus.corrupt import ErrorClass, spoil
    from planlearn.corpus.judge import confirm, judgement_segments

    rng = stream(seed, domain, "judge" if split == "train" else f"judge {split}", drawn.index)
    chain = execute(drawn.task, [drawn.task.bind(call) for call in drawn.plan.calls])
    spoiled = None
    # Half of the judged plans are correct; a spoiled one that turned out otherwise is tried again, then left correct.
    if rng.random() < 0.5:
        for _ in range(8):
            error = rng.choice(list(ErrorClass))
            candidate = spoil(drawn.task, chain, error, rng, states=style.states)
            if candidate is not None and confirm(drawn.task, candidate):
                spoiled = candidate
                break
            dropped[f"{error.value}: not possible" if candidate is None else f"{error.value}: not confirmed"] += 1
    segments = judgement_segments(drawn.task, chain, style, spoiled=spoiled, rng=rng)
    return Example(
        id=f"{domain}-{split}-{seed}-{drawn.index}", kind="judge", domain=domain, size=drawn.size, split=split,
        seed=seed, problem_class=drawn.problem_class, problem_pddl=drawn.problem_pddl, plan=plan_text(drawn.plan),
        steps=len(drawn.plan.calls), error=spoiled.error.value if spoiled else "", segments=segments,
    )


def _counts(examples: list[Example]) -> dict[str, Any]:
    sizes: dict[str, set[str]] = {}
    for example in examples:
        sizes.setdefault(example.size, set()).add(example.problem_class)
    return {
        "examples": len(examples),
        "kinds": dict(sorted(Counter(e.kind for e in examples).items())),
        "errors": dict(sorted(Counter(e.error for e in examples if e.error).items())),
        "sizes": dict(sorted(Counter(e.size for e in examples).items())),
        "distinct_classes": {size: len(kinds) for size, kinds in sorted(sizes.items())},
        "steps": {str(steps): count for steps, count in sorted(Counter(e.steps for e in examples if e.kind != "unsolvable").items())},
    }


def build_corpus(folder: Path, domain: str, seed: int, recipe: CorpusRecipe, progress: Progress) -> dict[str, Any]:
    """Build the corpus in `folder` unless its manifest says that it is there; gives the manifest.

    The manifest is written last, so a folder with one is whole; a folder without one is built again from the start
    (minutes at most). Raises RecipeError where the folder holds a corpus made from anything else, where a split finds
    no problem, or where unsolvable ones are asked for and none are made of the domain; DiskFull.
    """
    if recipe.unsolvable and domain not in UNSOLVABLE_KINDS:
        known = ", ".join(UNSOLVABLE_KINDS)
        raise RecipeError(f"corpus.unsolvable: no unsolvable problems are made of domain {domain}; they are of {known}")
    manifest_path = folder / "manifest.json"
    made_from = {
        "domain": domain, "seed": seed, "recipe": recipe.model_dump(mode="json"), "template_hash": _template_hash(domain),
    }
    if manifest_path.exists():
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        refuse_another(folder, {key: manifest.get(key) for key in made_from}, made_from)
        return manifest
    style = style_of(recipe)
    dropped: Counter[str] = Counter()
    splits: dict[str, list[Example]] = {}
    rejected: dict[str, dict[str, int]] = {}

    source = ProblemSource(domain, seed, "train", fresh_classes=False)
    unsolvable = {
        split: UnsolvableSource(domain, seed, split, style, fresh_classes=split != "train") for split in ("train", "validation", "test")
    }
    train = []
    for drawn in _training_problems(source, recipe, progress):
        kind = stream(seed, domain, "kind", drawn.index).random()
        if kind < recipe.judged:
            train.append(_judged_example(drawn, domain, seed, style, dropped))
        elif kind < recipe.judged + recipe.mended:
            train.append(_mended_example(drawn, domain, seed, style, dropped))
        elif kind < recipe.judged + recipe.mended + recipe.unsolvable and (one := unsolvable["train"].draw(drawn.index, drawn.size)):
            train.append(one)  # in the solvable one's place: the other examples are those of a corpus without any
        else:
            train.append(_chain_example(drawn, domain, "train", seed, style))
    if recipe.shuffled:
        from planlearn.corpus.shuffle import shuffle_chains

        train, dropped["kept its own chain: alone of its size and length"] = shuffle_chains(train, stream(seed, domain, "shuffle"))
    splits["train"], rejected["train"] = train, dict(sorted(source.rejected.items()))
    repeated = dict(sorted(source.repeated.items()))

    for split, count in (("validation", recipe.validation), ("test", recipe.test)):
        splits[split], rejected[split] = held_out(domain, seed, split, count, recipe.validation_sizes, style, progress)
        if recipe.unsolvable:
            few = max(1, round(count * recipe.unsolvable))
            splits[split] += held_out_unsolvable(unsolvable[split], few, recipe.validation_sizes, progress)
    for split, of_split in unsolvable.items():
        rejected[split] = dict(sorted((rejected[split] | of_split.rejected).items()))

    asked = {"train": recipe.examples, "validation": recipe.validation, "test": recipe.test}
    for name, rows in splits.items():
        write_json_lines(folder / f"{name}.jsonl", (_row(row, recipe) for row in rows))
    written = [folder / f"{name}.jsonl" for name in splits] + _write_parquet(folder, splits, recipe)
    manifest = {
        "schema": 1, "planlearn": planlearn.__version__, "versions": _versions(), **made_from, "split_shares": SHARES,
        "splits": {name: {"asked": asked[name]} | _counts(rows) for name, rows in splits.items()},
        "rejected": rejected, "drawn_again": repeated, "spoiled_plans_dropped": dict(sorted(dropped.items())),
        "excluded_classes": len(planbench_classes()), "files_sha256": {path.name: file_sha256(path) for path in written},
    }
    if recipe.unsolvable:
        manifest["unsolvable_kinds"] = {split: dict(sorted(of_split.kinds.items())) for split, of_split in unsolvable.items()}
    write_text(folder / "README.md", _card(manifest))
    write_json(manifest_path, manifest)
    return manifest


def held_out(
    domain: str, seed: int, split: str, count: int, sizes: dict[str, float], style: ChainStyle, progress: Progress, *,
    fresh_classes: bool = True,
) -> tuple[list[Example], dict[str, int]]:
    """(problems of a split that nothing learns from, what was rejected by reason); fewer where no class is left.

    fresh_classes: one problem a class; else a class may come again under other names, but no problem twice. Raises RecipeError where
    there is none.
    """
    source = ProblemSource(domain, seed, split, fresh_classes=fresh_classes)
    rows: list[Example] = []
    texts: set[str] = set()
    for index in range(2 * count):
        drawn = source.draw(index, sizes, None)
        if drawn is None or len(rows) == count:
            break
        if drawn.problem_pddl not in texts:  # a size of which all problems were drawn gives drawn ones again
            texts.add(drawn.problem_pddl)
            rows.append(_chain_example(drawn, domain, split, seed, style))
            progress(split, len(rows), count)
    if not rows:
        raise RecipeError(
            f"corpus.{split}: asked for {count} problems of sizes {', '.join(sizes)}, found none: no class of these sizes is left "
            f"for {split}"
        )
    return rows, dict(sorted(source.rejected.items()))


def held_out_unsolvable(source: UnsolvableSource, count: int, sizes: dict[str, float], progress: Progress) -> list[Example]:
    """Problems without a plan for a split that nothing learns from; fewer where no class of the sizes is left."""
    rows: list[Example] = []
    open_sizes = dict(sorted(sizes.items()))
    index = 0
    while open_sizes and len(rows) < count:
        rng = stream(source.seed, source.domain, "unsolvable size", source.split, index)
        size = rng.choices(list(open_sizes), list(open_sizes.values()))[0]
        if one := source.draw(index, size):
            rows.append(one)
            progress(f"{source.split}, unsolvable", len(rows), count)
        else:
            del open_sizes[size]
        index += 1
    return rows


def _row(example: Example, recipe: CorpusRecipe) -> dict[str, Any]:
    """The example's columns; in a corpus with unsolvable problems all rows say whether there is a plan, those without have no steps."""
    row = example.to_row()
    if recipe.unsolvable:
        row["solvable"] = example.kind != "unsolvable"
        row["steps"] = row["steps"] if row["solvable"] else None
    return row


def _write_parquet(folder: Path, splits: dict[str, list[Example]], recipe: CorpusRecipe) -> list[Path]:
    """Parquet beside the JSONL where `datasets` is installed; its bytes depend on that library's version."""
    try:
        from datasets import Dataset, disable_progress_bars
    except ImportError:
        return []
    disable_progress_bars()  # they would mix with our own lines
    written = []
    for name, rows in splits.items():
        if rows:
            path, beside = folder / f"{name}.parquet", folder / f".{name}.parquet.part"
            with full_disk_is_named(folder):
                Dataset.from_list([_row(row, recipe) for row in rows]).to_parquet(str(beside))
            os.replace(beside, path)
            written.append(path)
    return written


def _versions() -> dict[str, str | None]:
    """Of what else decides the files' bytes: Python's random streams, the libraries that write Parquet; None if missing."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in ("datasets", "pyarrow"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found


def _template_hash(domain: str) -> str:
    """sha256 over what decides the examples: the judgement templates, the code of problems, plans, chains and corpora, the
    domain's PDDL and the classes that are left out.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    rooms = ("problems", "planners", "chains", "feedback", "corpus")
    code = [path for room in rooms for path in (here.parent / room).glob("*.py")]
    for path in sorted([*here.glob("templates/*.jinja"), *(here.parent / "feedback").rglob("*.jinja"), *code]):
        digest.update(f"{path.parent.name}/{path.name}".encode() + b"\0" + path.read_bytes())
    for text in (domain_text(domain), *sorted(planbench_classes())):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def _card(manifest: dict[str, Any]) -> str:
    """The dataset card: front matter that the `datasets` library reads, and the counts."""
    domain = manifest["domain"]
    rows = "\n".join(
        f"| {name} | {c['examples']} | {sum(c['distinct_classes'].values())} |"
        for name, c in manifest["splits"].items()
    )
    files = "\n".join(
        f"  - split: {name}\n    path: {name}.jsonl" for name in manifest["splits"]
    )
    unsolvable = "".join(
        f"{split}: {sum(kinds.values())} examples of problems that no plan solves "
        f"({', '.join(f'{n} {kind}' for kind, n in kinds.items())}).\n"
        for split, kinds in manifest.get("unsolvable_kinds", {}).items()
    )
    said = f"There is no plan for the examples of kind `unsolvable`; their answer says so and names goals that never hold.\n{unsolvable}\n"
    return (
        f"---\npretty_name: planlearn {domain}\nconfigs:\n- config_name: {domain}\n  data_files:\n{files}\n---\n"
        f"# planlearn corpus: {domain}, seed {manifest['seed']}\n\n"
        "State-action-state chains and judged plans in prompt-completion form; `segments` keeps each stretch's role.\n"
        "Splits are disjoint by class (the problem up to renaming); no class of PlanBench's instances is in any.\n\n"
        f"| split | examples | classes |\n|---|---|---|\n{rows}\n\n"
        f"{said if unsolvable else ''}"
        "Made by `planlearn data build`; the manifest has seeds, counts, hashes and versions.\n"
    )
