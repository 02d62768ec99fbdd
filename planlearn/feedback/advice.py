"""What would make a literal hold: actions that bring it about, and the step that undid it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from planlearn.errors import require_strips
from val_bridge import ActionSchema, Atom, Literal, State, Step, Task, atom_text
from val_bridge.check.plan import last_changing

# Looking for an example must stay cheap: after so many partial bindings the schemas have to do.
_PARTIAL = 500

Binding = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """How to mend one unmet literal.

    achievers: actions that bring it about, sorted; a parameter that stays open is written "?y". Where the
    true state is known, only the one that lacks least in it. Empty: no action of the domain does. undone_by:
    number and action of the executed step that last made the literal false; None if it never held. holds: the
    literal does hold in the true state, so a state written before it is what is wrong.
    """

    literal: Literal
    achievers: tuple[str, ...] = ()
    undone_by: tuple[int, str] | None = None
    holds: bool = False


def advise(task: Task, literal: Literal, steps: Sequence[Step], state: State | None) -> Advice:
    """Advice on a literal that is unmet behind the executed steps.

    state: the true state at that place, None where nobody knows it (a step before it cannot be executed).
    Raises BeyondStrips for a task whose effects are more than literals.
    """
    require_strips(task, task.problem.name, "pieces of advice")
    if state is not None and literal.holds_in(state):
        return Advice(literal=literal, holds=True)
    ways = list(_achieving(task, literal))
    closest = None if state is None else _closest(task, ways, state)
    return Advice(
        literal=literal,
        achievers=(closest,)
        if closest
        else tuple(sorted({_call(schema, binding) for schema, binding in ways})),
        undone_by=_undone(task, literal, steps),
    )


def _achieving(task: Task, literal: Literal) -> Iterator[tuple[ActionSchema, Binding]]:
    """Each schema with an effect that can be the literal, and what its parameters must be then; sorted by name."""
    for _, schema in sorted(task.domain.actions.items()):
        added = {effect.atom for effect in schema.effect if effect.positive}
        for effect in schema.effect:
            # Delete, then add: what an action also adds, it does not delete.
            if effect.positive is not literal.positive or (not effect.positive and effect.atom in added):
                continue
            binding = _match(task, schema, effect.atom, literal.atom, {})
            if binding is not None and _can_be(task, schema, binding):
                yield schema, binding


def _can_be(task: Task, schema: ActionSchema, binding: Binding) -> bool:
    """Whether no fact that nothing changes stands against it: a package cannot be driven, wherever it is."""
    for condition in schema.precondition:
        atom = (condition.atom[0], *(binding.get(term, term) for term in condition.atom[1:]))
        if atom[0] in task.static and not any(term[0] == "?" for term in atom[1:]) and not condition.positive == (atom in task.initial):
            return False
    return True


def _match(task: Task, schema: ActionSchema, lifted: Atom, atom: Atom, binding: Binding) -> Binding | None:
    """The binding, extended so that the lifted atom becomes the ground one; None if nothing does that."""
    if lifted[0] != atom[0] or len(lifted) != len(atom):
        return None
    parameters = {parameter.name: parameter for parameter in schema.parameters}
    found = dict(binding)
    for term, name in zip(lifted[1:], atom[1:], strict=True):
        if term not in parameters:
            if term != name:
                return None
        elif found.setdefault(term, name) != name or not task.domain.fits(
            task.objects[name], parameters[term]
        ):
            return None
    return found


def _closest(task: Task, ways: Iterable[tuple[ActionSchema, Binding]], state: State) -> str | None:
    """Of the actions that the schemas can become, the one that lacks least in the state; None if that takes
    too long.

    Fewest unmet preconditions first, then most met ones, then fewest open parameters: taking a block off
    another beats an action that needs a block in the hand, although both lack one thing.
    """
    facts: dict[str, list[Atom]] = {}
    for fact in sorted(state):
        facts.setdefault(fact[0], []).append(fact)
    queue: list[tuple[int, int, int, int, int, ActionSchema, tuple[Atom, ...], Binding]] = []
    serial = count()

    def push(unmet: int, schema: ActionSchema, waiting: tuple[Atom, ...], binding: Binding) -> None:
        # A binding meets at most what it does not lack, and leaves open at least what no condition can bind.
        bindable = binding.keys() | {term for lifted in waiting for term in lifted}
        left_open = sum(parameter.name not in bindable for parameter in schema.parameters)
        # The serial number keeps the rest from being compared.
        rank = (unmet, -len(schema.precondition), left_open, len(waiting), next(serial))
        heappush(queue, (*rank, schema, waiting, binding))

    for schema, binding in ways:
        conditions = tuple(condition.atom for condition in schema.precondition if condition.positive)
        push(0, schema, conditions, binding)
    for _ in range(_PARTIAL):
        if not queue:
            return None
        unmet, *_, schema, waiting, binding = heappop(queue)
        if not waiting:
            return _call(schema, binding)
        # The most bound condition first: it has the fewest facts that match.
        chosen = min(
            waiting, key=lambda lifted: sum(term[0] == "?" and term not in binding for term in lifted)
        )
        rest = tuple(lifted for lifted in waiting if lifted is not chosen)
        for fact in facts.get(chosen[0], ()):
            extended = _match(task, schema, chosen, fact, binding)
            if extended is not None:
                push(unmet, schema, rest, extended)
        if chosen[0] not in task.static:
            push(unmet + 1, schema, rest, binding)
    return None


def _call(schema: ActionSchema, binding: Binding) -> str:
    return atom_text(
        (schema.name, *(binding.get(parameter.name, parameter.name) for parameter in schema.parameters))
    )


def _undone(task: Task, literal: Literal, steps: Sequence[Step]) -> tuple[int, str] | None:
    number = last_changing(task, steps, literal.atom, literal.positive)
    return None if number is None else (number, str(steps[number - 1].action))
