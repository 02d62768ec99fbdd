"""Spoil a true chain in one known way.

Takes a task and a true `Chain`, gives a `Spoiled`: the claims of a chain with one planted mistake, and which
it is. The four classes are those of PDDL-Instruct (arXiv 2509.13351). This module knows what actions do and
never asks the checker, so that the two are independent witnesses; they meet in `judge.confirm`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from val_bridge.semantics import (
    Action,
    Atom,
    BindError,
    Call,
    Chain,
    Claim,
    ParsedChain,
    Plan,
    State,
    Task,
    applicable,
    goal_lookups,
    progress,
    unmet,
)


class ErrorClass(StrEnum):
    """What is wrong with a judged chain; the values stand in the judgements."""

    PRECONDITION = "precondition"
    EFFECT = "effect"
    FRAME = "frame"
    GOAL = "goal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """A chain with one planted mistake.

    step: where the first fault lies, from 1; None if only the goal is missed. atom: one atom that is wrong
    there. method: a key of `METHODS[error]`. parsed: what the chain claims, with effects and state of every
    step, and its plan. Claims behind the mistake follow from it, as a model's would.
    """

    error: ErrorClass
    step: int | None
    atom: Atom
    method: str
    parsed: ParsedChain


Planted = tuple[int | None, Atom, ParsedChain]
Method = Callable[[Task, Chain, random.Random], Planted | None]


def spoil(
    task: Task, chain: Chain, error: ErrorClass, rng: random.Random, *, states: str = "changes"
) -> Spoiled | None:
    """The chain with one mistake of the class, or None where no method of the class can plant one.

    states: how the chain will be shown (`ChainStyle.states`). "full" also plants frame errors that stand in a
    written state alone, while the effects beside it are right.
    """
    names = [name for name in METHODS[error] if states == "full" or name not in IN_STATE_ALONE]
    for name in rng.sample(names, len(names)):
        planted = METHODS[error][name](task, chain, rng)
        if planted is not None:
            step, atom, parsed = planted
            return Spoiled(error=error, step=step, atom=atom, method=name, parsed=parsed)
    return None


# What a spoiled chain claims.


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """Wrong effects of one step: its index, the atom that is wrong, and what it is said to add and delete."""

    index: int
    atom: Atom
    add: frozenset[Atom]
    delete: frozenset[Atom]


def _claims(
    task: Task, actions: Sequence[Action], slip: Slip | None = None, *, in_state_alone: bool = False
) -> ParsedChain:
    """The claims of the actions; one may have the slip's effects, written and in the claimed state, or in the
    claimed state alone.
    """
    claims, state = [], task.initial
    for index, action in enumerate(actions):
        written = claimed = (action.add, action.delete)
        if slip is not None and index == slip.index:
            claimed = (slip.add, slip.delete)
            written = written if in_state_alone else claimed
        state = (state - claimed[1]) | claimed[0]
        claims.append(
            Claim(
                call=_call(action), precondition=_fluent(task, action.precondition), add=written[0],
                delete=written[1], after=state,
                goals=goal_lookups(task, state),
            )
        )  # fmt: skip
    plan = Plan(calls=tuple(map(_call, actions)))
    return ParsedChain(
        initial=task.initial, goals=goal_lookups(task, task.initial), claims=tuple(claims), plan=plan
    )


def _fluent(task: Task, atoms: Iterable[Atom]) -> frozenset[Atom]:
    return frozenset(atom for atom in atoms if atom[0] not in task.static)


def _call(action: Action) -> Call:
    return Call(name=action.name, arguments=action.arguments)


def _actions(chain: Chain) -> list[Action]:
    return [step.action for step in chain.steps]


# Which names and atoms could be mistaken for each other.


def _alike(task: Task) -> dict[str, list[str]]:
    """Object -> the other objects of its type that are of the same kind by a static predicate."""
    kinds: dict[str, set[str]] = {name: set() for name in task.objects}
    for atom in task.initial:
        if len(atom) == 2 and atom[0] in task.static:
            kinds[atom[1]].add(atom[0])

    def are_alike(a: str, b: str) -> bool:
        same = kinds[a] == kinds[b] or bool(kinds[a] & kinds[b])
        return a != b and task.objects[a] == task.objects[b] and same

    return {a: sorted(b for b in kinds if are_alike(a, b)) for a in kinds}


def _variants(alike: Mapping[str, list[str]], words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The atom or call with one argument exchanged for an object like it; no object comes to stand twice."""
    for place, word in enumerate(words[1:], start=1):
        for other in alike[word]:
            if other not in words[1:]:
                yield (*words[:place], other, *words[place + 1 :])


# Precondition: the plan no longer runs; it stops at the step that was changed or at a later one.


def _first_broken(task: Task, plans: Iterable[list[Action]]) -> Planted | None:
    """The first of the plans that does not run to its end, and the step at which it stops."""
    for actions in plans:
        state = task.initial
        for number, action in enumerate(actions, start=1):
            if not applicable(state, action):
                return number, unmet(state, action)[0].atom, _claims(task, actions)
            state = progress(state, action)
    return None


def _replaced(
    chain: Chain, rng: random.Random, choices: Callable[[Action], Iterable[Action]]
) -> Iterator[list[Action]]:
    """Plans in which one step is another action; steps and actions in random order."""
    actions = _actions(chain)
    for index in rng.sample(range(len(actions)), len(actions)):
        others = sorted(set(choices(actions[index])) - {actions[index]}, key=str)
        for other in rng.sample(others, len(others)):
            yield actions[:index] + [other] + actions[index + 1 :]


def _other_action(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """One step is another action, which could be taken at another point of the chain."""
    elsewhere = {action for step in chain.steps for action in task.applicable_actions(step.before)}
    return _first_broken(task, _replaced(chain, rng, lambda action: elsewhere))


def _other_argument(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """One step has one other argument."""
    alike = _alike(task)

    def with_other_argument(action: Action) -> Iterator[Action]:
        for name, *arguments in _variants(alike, (action.name, *action.arguments)):
            try:
                yield task.action(name, tuple(arguments))
            except BindError:  # A parameter may have a narrower type than the object's look-alikes.
                continue

    return _first_broken(task, _replaced(chain, rng, with_other_argument))


def _dropped_step(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """A step is left out that a later one needs."""
    actions = _actions(chain)
    order = rng.sample(range(len(actions)), len(actions))
    return _first_broken(task, (actions[:i] + actions[i + 1 :] for i in order))


def _swapped_steps(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """Two neighbouring steps have changed places."""
    actions = _actions(chain)
    order = rng.sample(range(1, len(actions)), len(actions) - 1) if actions else []
    swapped = (actions[: i - 1] + [actions[i], actions[i - 1]] + actions[i + 1 :] for i in order)
    return _first_broken(task, swapped)


# Effect and frame: the plan is right, and what is written about one of its steps is wrong.


def _planted_slip(
    task: Task, chain: Chain, rng: random.Random, slips: Iterable[Slip], *, in_state_alone: bool = False
) -> Planted | None:
    """One of the slips, planted; step first, so that steps in larger states are not chosen more often."""
    by_step: dict[int, list[Slip]] = {}
    for slip in slips:
        # A step of which nothing is written claims nothing.
        if slip.add or slip.delete or _fluent(task, chain.steps[slip.index].action.precondition):
            by_step.setdefault(slip.index, []).append(slip)
    if not by_step:
        return None
    slip = rng.choice(by_step[rng.choice(sorted(by_step))])
    return slip.index + 1, slip.atom, _claims(task, _actions(chain), slip, in_state_alone=in_state_alone)


def _unwritten_add(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """An atom that the step makes true is not written."""
    return _planted_slip(task, chain, rng, (
        Slip(index=index, atom=atom, add=step.action.add - {atom}, delete=step.action.delete)
        for index, step in enumerate(chain.steps)
        for atom in sorted(step.after - step.before)
    ))  # fmt: skip


def _unwritten_delete(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """An atom that the step makes false is not written, so the claimed state keeps it."""
    return _planted_slip(task, chain, rng, (
        Slip(index=index, atom=atom, add=step.action.add, delete=step.action.delete - {atom})
        for index, step in enumerate(chain.steps)
        for atom in sorted(step.before - step.after)
    ))  # fmt: skip


def _wrong_argument(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """An atom that the step makes true is written with one other argument."""
    alike = _alike(task)
    return _planted_slip(task, chain, rng, (
        Slip(index=index, atom=atom, add=step.action.add - {atom} | {wrong}, delete=step.action.delete)
        for index, step in enumerate(chain.steps)
        for atom in sorted(step.after - step.before)
        for wrong in _variants(alike, atom)
        if wrong not in step.before | step.after
    ))  # fmt: skip


def _lost(task: Task, chain: Chain) -> Iterator[Slip]:
    """A fact that the step leaves true becomes false."""
    for index, step in enumerate(chain.steps):
        add, delete = step.action.add, step.action.delete
        for atom in sorted(_fluent(task, step.before) - add - delete):
            yield Slip(index=index, atom=atom, add=add, delete=delete | {atom})


def _gained(task: Task, chain: Chain) -> Iterator[Slip]:
    """A fact that the step leaves false becomes true: one of another state in the chain, or a look-alike."""
    alike = _alike(task)
    elsewhere = frozenset().union(*(step.before | step.after for step in chain.steps))
    for index, step in enumerate(chain.steps):
        add, delete = step.action.add, step.action.delete
        near = {wrong for atom in _fluent(task, step.before) for wrong in _variants(alike, atom)}
        for atom in sorted((elsewhere | near) - step.before - add - delete):
            yield Slip(index=index, atom=atom, add=add | {atom}, delete=delete)


def _lost_fact(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    return _planted_slip(task, chain, rng, _lost(task, chain))


def _gained_fact(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    return _planted_slip(task, chain, rng, _gained(task, chain))


def _lost_in_state(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    return _planted_slip(task, chain, rng, _lost(task, chain), in_state_alone=True)


def _gained_in_state(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    return _planted_slip(task, chain, rng, _gained(task, chain), in_state_alone=True)


# Goal: every step runs, and the goal does not hold at the end.


def _missed(task: Task, actions: list[Action], end: State) -> Planted | None:
    """The plan with the first goal that its end misses; None if the goal holds there."""
    missed = sorted(task.unmet_goals(end))
    return (None, missed[0], _claims(task, actions)) if missed else None


def _stopped_early(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """The last steps are left out; all of them only where the plan has a single step."""
    lengths = range(1, len(chain.steps)) or range(len(chain.steps))
    for length in rng.sample(lengths, len(lengths)):
        if planted := _missed(task, _actions(chain)[:length], chain.steps[length].before):
            return planted
    return None


def _diverted(task: Task, chain: Chain, rng: random.Random) -> Planted | None:
    """From some step on, other applicable actions; no state comes twice, so no step is plainly undone."""
    for index in rng.sample(range(len(chain.steps)), len(chain.steps)):
        actions, state = _actions(chain)[:index], chain.steps[index].before
        seen = {state, *(step.before for step in chain.steps[:index])}
        while len(actions) < len(chain.steps):
            instead = chain.steps[index].action if len(actions) == index else None
            ways = [(a, progress(state, a)) for a in task.applicable_actions(state) if a != instead]
            ways = [(action, after) for action, after in ways if after not in seen]
            if not ways:
                break
            action, state = rng.choice(ways)
            actions.append(action)
            seen.add(state)
        if len(actions) > index and (planted := _missed(task, actions, state)):
            return planted
    return None


METHODS: Mapping[ErrorClass, Mapping[str, Method]] = MappingProxyType({
    ErrorClass.PRECONDITION: MappingProxyType({
        "other_action": _other_action, "other_argument": _other_argument, "dropped_step": _dropped_step,
        "swapped_steps": _swapped_steps,
    }),
    ErrorClass.EFFECT: MappingProxyType({
        "unwritten_add": _unwritten_add, "unwritten_delete": _unwritten_delete,
        "wrong_argument": _wrong_argument,
    }),
    ErrorClass.FRAME: MappingProxyType({
        "lost_fact": _lost_fact, "gained_fact": _gained_fact, "lost_in_state": _lost_in_state,
        "gained_in_state": _gained_in_state,
    }),
    ErrorClass.GOAL: MappingProxyType({"stopped_early": _stopped_early, "diverted": _diverted}),
})  # fmt: skip
"""How each class is planted."""

IN_STATE_ALONE = frozenset({"lost_in_state", "gained_in_state"})
"""Methods whose mistake only a chain with full states shows."""
