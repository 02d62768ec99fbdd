"""What is mutated: tasks with plans, answers and chains that are right, of every carried domain and of random worlds."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from planlearn.chains import ChainStyle, chain_text
from planlearn.problems import DOMAINS, domain_words
from tests.golden_files import GOLDEN
from tests.val_bridge.random_worlds import Features, random_world
from tests.walks import NAMES, walk
from val_bridge import Chain, Task, execute, read_plan, read_task, write_domain, write_problem
from val_bridge.dialect.random_plans import random_plans
from val_bridge.semantics import NumericError, successor

STYLES = (
    ChainStyle(), ChainStyle(states="full", goals=False), ChainStyle(purposes=True),
    ChainStyle(states="full", goals=True, purposes=True),
)  # fmt: skip
RANDOM_WORLDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A task as text, and texts about it; those of one kind are borrowed from each other."""

    name: str
    domain: str
    problem: str
    plans: tuple[str, ...]
    answers: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()
    json_chains: tuple[str, ...] = ()


@cache
def seeds() -> tuple[Seed, ...]:
    return (*_golden(), *_walks(), *_random())


def _golden() -> Iterator[Seed]:
    folder = GOLDEN / "val"
    for world in ("blocks", "delivery", "order"):
        domain, problem = ((folder / f"{world}.{part}.pddl").read_text() for part in ("domain", "problem"))
        plans = tuple(path.read_text() for path in sorted(folder.glob(f"{world}-*.plan")))
        yield Seed(name=world, domain=domain, problem=problem, plans=plans, answers=tuple(map(_in_prose, plans)))


def _walks() -> Iterator[Seed]:
    for name in NAMES:
        for number in range(2):
            task, chain = walk(name, number)
            rng = random.Random(f"plans {name} {number}")
            plans = [text.decode() for _, text in random_plans(task, rng, 3)]
            plan = f"{chain.plan}\n"
            chains = tuple(f"Chain:\n{chain_text(task, chain, style)}Plan:\n{_bare(plan)}" for style in STYLES)
            yield Seed(
                name=f"{name}-{number}",
                domain=write_domain(task.domain),
                problem=write_problem(task.problem),
                plans=(plan, *plans),
                answers=(_in_prose(plan), _in_english(name, chain) or plan, chains[0]),
                chains=chains,
                json_chains=(_json_states(chain), _json_changes(chain)),
            )


def _random() -> Iterator[Seed]:
    for number in range(RANDOM_WORLDS):
        rng = random.Random(f"world {number}")
        features = Features(axioms=number % 2 == 0, numbers=number % 3 > 0)
        if number % 4 < 2:
            features = replace(features, nested_when=False, nested_and=False, empty=False, nary=False)  # what VAL reads
        world = random_world(rng, features)
        task = read_task(world.domain, world.problem)
        plans = [_applicable(task, rng) for _ in range(3)]
        chains = [execute(task, read_plan(plan).calls) for plan in plans]
        yield Seed(
            name=f"random-{number}",
            domain=world.domain,
            problem=world.problem,
            plans=tuple(plans),
            answers=tuple(map(_in_prose, plans)),
            json_chains=tuple(map(_json_states, chains)),
        )


def _applicable(task: Task, rng: random.Random) -> str:
    """A plan of at most four steps that can be executed."""
    state, values, lines = task.initial, task.values, []
    for _ in range(rng.randint(0, 4)):
        ways = task.applicable_actions(state, values)
        if not ways:
            break
        action = rng.choice(ways)
        try:
            state, values = successor(state, action, values)
        except NumericError:
            break
        lines.append(f"{action}\n")
    return "".join(lines)


def _bare(plan: str) -> str:
    return plan.replace("(", "").replace(")", "")


def _in_prose(plan: str) -> str:
    steps = "".join(f"{number}. {line}\n" for number, line in enumerate(plan.splitlines(), 1))
    return f"Let me think.\n\nHere is the plan:\n```\n[PLAN]\n{steps}[PLAN END]\n```\nThis reaches the goal (I hope).\n"


def _in_english(name: str, chain: Chain) -> str:
    if name not in DOMAINS:
        return ""
    sentences = domain_words(name).actions
    return "".join(f"{sentences[step.action.name].format(*step.action.arguments)}\n" for step in chain.steps)


def _json_states(chain: Chain) -> str:
    if not chain.steps:
        return "[]"
    items = [{"state": _facts(chain.steps[0].before)}]
    items += [{"action": str(step.action), "state": _facts(step.after)} for step in chain.steps]
    return json.dumps(items, indent=1)


def _json_changes(chain: Chain) -> str:
    items = [
        {"action": str(s.action), "add": _facts(s.after - s.before), "delete": _facts(s.before - s.after)}
        for s in chain.steps
    ]
    return json.dumps(items, indent=1)


def _facts(atoms: frozenset[tuple[str, ...]]) -> list[str]:
    return [f"({' '.join(atom)})" for atom in sorted(atoms)]
