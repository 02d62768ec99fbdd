"""How fast is the checker, beside its peers? `python tests/bench/bench_check.py [PROBLEMS] [REPEATS]`

Prints tables, asserts nothing: times are CPU seconds of one core, of this process and of those that it starts, so
that other work on the machine matters little; the best of at least so many rounds counts. What can be compared between
machines is the ratio to the peers, which are asked in the same run and must give the same verdicts.

- Fresh problems: the domain is read once; then for each problem it is read anew with 8 distinct plans, and of each
  plan verdict, error, step and failing literals are asked. The peers: VAL (`Validate -v`), a process a plan and one for
  all 8; unified-planning's reader and `SequentialPlanValidator`.
- Warm: plans of one problem again and again.
- Growth: random walks of 200 blocks, read and judged; seconds and their ratio for ten times the steps.
- Memory: what 100,000 distinct plans of one problem leave behind.

Problems are PlanBench's where PLANBENCH_DIR names its folder, else generated ones of its sizes. Plans: a reference
plan and others made from it by small changes, none with names that do not exist (VAL may crash on those).
"""

from __future__ import annotations

import gc
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from random import Random

from planlearn.planners import plan as reference_plan
from planlearn.problems import domain_text, get_generator, read_planbench, stream
from val_bridge import Domain, Outcome, Task, check_plan, read_domain, read_plan, read_problem
from val_bridge.dialect.binary import Val, ValNotFound, find_val, scratch
from val_bridge.dialect.random_plans import WELL_FORMED
from val_bridge.dialect.reading import Said, read_output
from val_bridge.pddl import atom_text

DOMAINS = ("blocksworld", "logistics")
GROUP = 8
"""Plans a problem."""
SLOW = 10
"""Problems that are put to a peer which takes milliseconds a plan."""
BLOCKS = 200
MANY = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A problem and distinct plans for it, as texts."""

    problem: str
    plans: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A domain, its text, and problems with plans."""

    domain: Domain
    domain_text: str
    groups: tuple[Group, ...]

    @property
    def plans(self) -> int:
        return sum(len(group.plans) for group in self.groups)

    @property
    def steps(self) -> float:
        """Mean steps a plan."""
        return sum(plan.count("\n") for group in self.groups for plan in group.plans) / self.plans


# Material


def material(name: str, count: int) -> Material:
    """So many problems of a domain, each with a group of plans."""
    text, problems = _problems(name, count)
    domain = read_domain(text)
    groups = [_group(domain, problem, stream("bench", name, index)) for index, problem in enumerate(problems)]
    return Material(domain=domain, domain_text=text, groups=tuple(groups))


def _problems(name: str, count: int) -> tuple[str, list[str]]:
    """The text of the domain, and those of problems of PlanBench's sizes."""
    folder = os.environ.get("PLANBENCH_DIR")
    if folder:
        found = read_planbench(folder, [name])[:count]
        return found[0].domain_text, [problem.problem_text for problem in found]
    generator = get_generator(name)
    rngs = [stream("bench", name, "problem", index) for index in range(count)]
    return domain_text(name), [generator.generate(rng).problem_text for rng in rngs]


def _group(domain: Domain, problem: str, rng: Random) -> Group:
    task = Task(domain, read_problem(problem, domain))
    reference = reference_plan(task)
    assert reference is not None, f"no plan for {task}"
    calls = [(call.name, *call.arguments) for call in reference.calls]
    texts = {_text(calls): None}
    while len(texts) < GROUP:
        changed = calls
        for _ in range(rng.choice((1, 1, 2))):
            changed = rng.choice(WELL_FORMED)(task, changed, rng)
        texts[_text(changed)] = None
    return Group(problem=problem, plans=tuple(texts))


def _text(calls: list[tuple[str, ...]]) -> str:
    return "".join(f"{atom_text(call)}\n" for call in calls)


def distinct_plans(task: Task, rng: Random) -> Iterator[str]:
    """Plans of ten actions without end, hardly one of them twice."""
    actions = [f"{action}\n" for action in task.actions]
    while True:
        yield "".join(rng.choices(actions, k=10))


# Time


def spent() -> float:
    """CPU seconds of this process and of the ended ones that it started."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def seconds(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds of the work: the best of so many rounds, and of as many as two seconds hold."""
    rounds: list[float] = []
    while len(rounds) < repeats or sum(rounds) < 2:
        # Garbage of the past is not the work's own.
        gc.collect()
        begun = spent()
        work()
        rounds.append(spent() - begun)
    return min(rounds)


# Who judges: each gives a verdict a plan, True for valid


def planlearn_verdicts(domain: Domain, groups: tuple[Group, ...]) -> list[bool]:
    """What is asked of each verdict: whether it holds, the error, the step, the failing literals."""
    verdicts = []
    for group in groups:
        task = Task(domain, read_problem(group.problem, domain))
        for text in group.plans:
            verdict = check_plan(task, read_plan(text))
            fault = verdict.first
            _ = fault and (fault.kind, fault.step, fault.failing_literals)
            verdicts.append(verdict.outcome is Outcome.VALID)
    return verdicts


class ValPeer:
    """VAL on files that lie ready. Starting its processes is timed, making sense of their output is not."""

    def __init__(self, val: Val, folder: Path, given: Material) -> None:
        self.program = str(val.program)
        self.folder = folder
        self.groups = given.groups
        self.outputs: list[str] = []
        self.environment = val.environment
        (folder / "domain").write_text(given.domain_text)
        self.files: list[tuple[str, list[str]]] = []
        for number, group in enumerate(given.groups):
            problem, plans = folder / f"{number}", [folder / f"{number}-{i}" for i in range(len(group.plans))]
            problem.write_text(group.problem)
            for path, text in zip(plans, group.plans, strict=True):
                path.write_text(text)
            self.files.append((str(problem), [str(path) for path in plans]))

    def ask(self, batch: int) -> None:
        """One process for each so many plans of a problem."""
        self.outputs = []
        for problem, plans in self.files:
            for start in range(0, len(plans), batch):
                self._run(problem, plans[start : start + batch])

    def verdicts(self) -> list[bool]:
        """What was said in the last round."""
        answers = read_output("\n".join(self.outputs), [plan for _, plans in self.files for plan in plans])
        return [answers[plan].said is Said.VALID for _, plans in self.files for plan in plans]

    def _run(self, problem: str, plans: list[str]) -> None:
        out = self.folder / "output"
        # Leaner than `subprocess`, whose own work would be counted as VAL's.
        child = os.posix_spawn(
            self.program,
            [self.program, "-v", str(self.folder / "domain"), problem, *plans],
            self.environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 1, str(out), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        os.waitpid(child, 0)
        self.outputs.append(out.read_text())


class UnifiedPlanningPeer:
    """unified-planning's reader and its validator, which is put to work on what the reader has read before."""

    def __init__(self, given: Material) -> None:
        from unified_planning.environment import get_environment

        get_environment().credits_stream = None
        self.given = given
        self.pairs = []
        self.said: list[bool] = []

    def read(self) -> None:
        """Problems, and with each the domain: its reader knows no other way."""
        from unified_planning.io import PDDLReader

        self.pairs = []
        for group in self.given.groups[:SLOW]:
            problem = PDDLReader().parse_problem_string(self.given.domain_text, group.problem)
            self.pairs += [(problem, self._plan(problem, text)) for text in group.plans]

    def _plan(self, problem, text: str):
        from unified_planning.plans import ActionInstance, SequentialPlan

        term = problem.environment.expression_manager.ObjectExp
        return SequentialPlan([
            ActionInstance(problem.action(call.name), tuple(term(problem.object(name)) for name in call.arguments))
            for call in read_plan(text).calls
        ])  # fmt: skip

    def ask(self) -> None:
        from unified_planning.engines.plan_validator import SequentialPlanValidator
        from unified_planning.engines.results import ValidationResultStatus

        with SequentialPlanValidator() as validator:
            answers = [validator.validate(problem, plan) for problem, plan in self.pairs]
        self.said = [answer.status is ValidationResultStatus.VALID for answer in answers]


# Tables


def row(label: str, figure: str, ratio: str = "") -> None:
    print(f"  {label:44}{figure:>22}{ratio:>26}", flush=True)


def fresh(name: str, given: Material, repeats: int) -> None:
    """Plans a second where each problem is new, and those of the peers."""
    print(f"{name}: {len(given.groups)} fresh problems, {GROUP} plans each, {given.steps:.1f} steps a plan")
    domain = given.domain
    ours = planlearn_verdicts(domain, given.groups)
    print(f"  {sum(ours)} of {len(ours)} plans are valid")
    rate = given.plans / seconds(lambda: planlearn_verdicts(domain, given.groups), repeats)
    row("planlearn, problem and plans read anew", f"{rate:,.0f} plans/s")
    reading = seconds(lambda: [read_problem(group.problem, domain) for group in given.groups], repeats)
    row("  of which reading a problem", f"{1000 * reading / len(given.groups):.3f} ms")

    def peer(label: str, theirs: float, said: list[bool]) -> None:
        different = sum(one is not other for one, other in zip(ours, said, strict=False))
        ratio = f"planlearn {rate / theirs:.1f} times"
        row(label, f"{theirs:,.1f} plans/s", f"{ratio}{f', {different} DIFFER' if different else ''}")

    try:
        val = find_val()
    except ValNotFound as error:
        print(f"  VAL: {error}")
    else:
        with scratch() as folder:
            asked = ValPeer(val, Path(folder), given)
            for label, batch in ((f"VAL -v, a process for {GROUP} plans", GROUP), ("VAL -v, a process a plan", 1)):
                took = seconds(lambda batch=batch: asked.ask(batch), repeats)
                peer(label, given.plans / took, asked.verdicts())
    if find_spec("unified_planning") is None:
        print("  unified-planning: not installed")
    else:
        other = UnifiedPlanningPeer(given)
        reading, validating = seconds(other.read, 1), seconds(other.ask, repeats)
        peer("unified-planning, problem and plans read anew", len(other.said) / (reading + validating), other.said)
        peer("  its validator alone, on what is read", len(other.said) / validating, other.said)


def warm(name: str, given: Material, repeats: int) -> None:
    """Plans a second of problems whose actions are known already."""
    tasks = [Task(given.domain, read_problem(group.problem, given.domain)) for group in given.groups]
    texts = [(task, text) for task, group in zip(tasks, given.groups, strict=True) for text in group.plans]
    plans = [(task, read_plan(text)) for task, text in texts]
    valid = [(task, plan) for task, plan in plans if check_plan(task, plan).outcome is Outcome.VALID]

    def rate(work: Callable[[], object], count: int) -> str:
        work()
        return f"{count / seconds(work, repeats):,.0f} plans/s"

    print(f"{name}, warm")
    row("valid plans, read", rate(lambda: [check_plan(*pair) for pair in valid], len(valid)))
    row("all plans, read", rate(lambda: [check_plan(*pair) for pair in plans], len(plans)))
    row("all plans, as texts", rate(lambda: [check_plan(task, read_plan(text)) for task, text in texts], len(texts)))


def walk(blocks: int, steps: int, rng: Random) -> tuple[str, str]:
    """A problem of so many blocks on the table, and a plan text: a random walk that can be executed."""
    names = [f"b{number}" for number in range(1, blocks + 1)]
    initial = " ".join(["(handempty)", *(f"(ontable {name}) (clear {name})" for name in names)])
    problem = (
        f"(define (problem walk) (:domain blocksworld-4ops) (:objects {' '.join(names)}) (:init {initial})"
        " (:goal (handempty)))"
    )
    below: dict[str, str | None] = dict.fromkeys(names)
    clear = list(names)
    lines = []
    for _ in range(steps // 2):
        taken = clear.pop(rng.randrange(len(clear)))
        support = below[taken]
        lines.append(f"(pick-up {taken})" if support is None else f"(unstack {taken} {support})")
        if support is not None:
            clear.append(support)
        place = rng.randrange(len(clear) + 1)
        below[taken] = clear[place] if place < len(clear) else None
        if place < len(clear):
            lines.append(f"(stack {taken} {clear[place]})")
            clear[place] = taken
        else:
            lines.append(f"(put-down {taken})")
            clear.append(taken)
    return problem, "\n".join(lines)


def growth(repeats: int) -> None:
    """Seconds for long plans, all read anew, and their ratio for ten times the steps."""
    domain = read_domain(domain_text("blocksworld"))
    print(f"{BLOCKS} blocks, problem and plan read anew")
    took: dict[int, float] = {}
    for steps in (1_000, 10_000, 100_000):
        problem, plan = walk(BLOCKS, steps, Random(steps))
        group = Group(problem=problem, plans=(plan,))
        assert planlearn_verdicts(domain, (group,)) == [True]
        took[steps] = seconds(lambda group=group: planlearn_verdicts(domain, (group,)), repeats)
        ratio = f"{took[steps] / took[steps // 10]:.1f} times {steps // 10:,}" if steps // 10 in took else ""
        row(f"{steps:,} steps", f"{took[steps]:.3f} s", ratio)


def memory(count: int = MANY) -> None:
    """What distinct plans of one problem leave behind, once a tenth of them has filled what is kept."""
    domain = read_domain(domain_text("blocksworld"))
    rng = stream("bench", "memory")
    task = Task(domain, read_problem(get_generator("blocksworld").generate(rng).problem_text, domain))
    plans = distinct_plans(task, rng)

    def in_use_after(number: int) -> int:
        for text in islice(plans, number):
            check_plan(task, read_plan(text))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    before = in_use_after(count // 10)
    kept = in_use_after(count) - before
    tracemalloc.stop()
    print(f"memory\n  {count:,} plans of one problem leave {kept / 1024:.1f} KiB, {kept / count:.3f} bytes a plan")


def main(problems: int = 60, repeats: int = 3) -> None:
    for name in DOMAINS:
        given = material(name, problems)
        fresh(name, given, repeats)
        warm(name, given, repeats)
    growth(repeats)
    memory()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
