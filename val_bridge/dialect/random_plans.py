"""Random plans for a task, most of them with mistakes: what two validators are compared on.

A walk takes applicable actions, with a leaning towards the goal; mutations then spoil the calls or the text. Only
well-formed plans (calls of declared actions with the right number of declared objects) compare the semantics; the
others show what each validator makes of a broken text.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from val_bridge.check.plan import goal_fault, split_goals
from val_bridge.pddl import atom_text
from val_bridge.semantics import Action, NumericError, State, Task, Values, successor

Calls = list[tuple[str, ...]]
Way = tuple[Action, State, Values]
"""An action, and the state and values behind it."""

LONGEST_WALK = 12


def random_plans(task: Task, rng: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` plans, each a name that says its number, and the bytes of its text."""
    for number in range(1, count + 1):
        calls = _walk(task, rng)
        if rng.random() < 0.75:
            for _ in range(rng.choice((1, 1, 2, 3))):
                calls = rng.choice(WELL_FORMED)(task, calls, rng)
        if rng.random() < 0.1:
            calls = rng.choice(ILL_FORMED)(task, calls, rng)
        text = "".join(f"{atom_text(call)}\n" for call in calls)
        if rng.random() < 0.25:
            text = rng.choice(LAYOUTS)(text, rng)
        if rng.random() < 0.06:
            text = rng.choice(DAMAGES)(text, rng)
        yield f"random-{number}", text.encode()


def _walk(task: Task, rng: random.Random) -> Calls:
    """Calls that can be executed; about half of the steps are chosen for the goals they reach."""
    state, values = task.initial, task.values
    calls: Calls = []
    for _ in range(rng.randint(0, LONGEST_WALK)):
        ways = list(_ways(task, state, values))
        if not ways:
            break
        rng.shuffle(ways)
        chosen = min(ways, key=lambda way: _unmet(task, way)) if rng.random() < 0.5 else ways[0]
        action, state, values = chosen
        calls.append((action.name, *action.arguments))
        if goal_fault(task, state, values) is None and rng.random() < 0.8:
            break
    return calls


def _ways(task: Task, state: State, values: Values) -> Iterator[Way]:
    """The applicable actions and where they lead; without those that need a number that does not exist."""
    for action in task.applicable_actions(state, values):
        try:
            yield action, *successor(state, action, values)
        except NumericError:
            continue


def _unmet(task: Task, way: Way) -> int:
    """How many of the goal's literals do not hold at the end of a way."""
    return len(split_goals(task, way[1], way[2])[1])


# Calls that may fail, but that name actions and objects.


def _drop(task: Task, calls: Calls, rng: random.Random) -> Calls:
    index = rng.randrange(len(calls) + 1)
    return calls[:index] + calls[index + 1 :]


def _swap(task: Task, calls: Calls, rng: random.Random) -> Calls:
    calls = list(calls)
    if len(calls) > 1:
        one, other = rng.sample(range(len(calls)), 2)
        calls[one], calls[other] = calls[other], calls[one]
    return calls


def _repeat(task: Task, calls: Calls, rng: random.Random) -> Calls:
    return [*calls, rng.choice(calls)] if calls else []


def _insert(task: Task, calls: Calls, rng: random.Random) -> Calls:
    schema = task.domain.actions[rng.choice(sorted(task.domain.actions))]
    arguments = []
    for parameter in schema.parameters:
        fitting = sorted(name for name, kind in task.objects.items() if task.domain.fits(kind, parameter))
        if not fitting:
            return calls
        arguments.append(rng.choice(fitting))
    index = rng.randrange(len(calls) + 1)
    return [*calls[:index], (schema.name, *arguments), *calls[index:]]


def _other_object(task: Task, calls: Calls, rng: random.Random) -> Calls:
    return _changed(calls, rng, lambda _: rng.choice(sorted(task.objects)))


# Calls that name no action.


def _changed(calls: Calls, rng: random.Random, change: Callable[[str], str]) -> Calls:
    """The calls with one argument changed; all of them where none has an argument."""
    places = [(row, column) for row, call in enumerate(calls) for column in range(1, len(call))]
    if not places:
        return calls
    row, column = rng.choice(places)
    call = calls[row]
    spoiled = (*call[:column], change(call[column]), *call[column + 1 :])
    return [*calls[:row], spoiled, *calls[row + 1 :]]


def _unknown_object(task: Task, calls: Calls, rng: random.Random) -> Calls:
    return _changed(calls, rng, lambda name: f"{name}-unknown")


def _unknown_action(task: Task, calls: Calls, rng: random.Random) -> Calls:
    index = rng.randrange(len(calls) + 1)
    return [*calls[:index], ("unknown-action", *sorted(task.objects)[:1]), *calls[index:]]


def _surplus(task: Task, calls: Calls, rng: random.Random) -> Calls:
    index = rng.randrange(len(calls) + 1)
    return [(*call, rng.choice(sorted(task.objects))) if i == index else call for i, call in enumerate(calls)]


def _missing(task: Task, calls: Calls, rng: random.Random) -> Calls:
    index = rng.randrange(len(calls) + 1)
    return [call[:-1] if i == index and len(call) > 1 else call for i, call in enumerate(calls)]


# The same plan, written otherwise.


def _upper(text: str, rng: random.Random) -> str:
    return text.upper()


def _comments(text: str, rng: random.Random) -> str:
    return "; a plan (of sorts)\n" + text.replace("\n", " ; then\n")


def _one_line(text: str, rng: random.Random) -> str:
    return text.replace("\n", "")


def _carriage_returns(text: str, rng: random.Random) -> str:
    return text.replace("\n", "\r\n\r\n")


def _stamped(text: str, rng: random.Random) -> str:
    time, lines = rng.randint(0, 3), []
    for line in text.splitlines():
        lines.append(f"{time}.5: {line} [1]\n")
        time += rng.randint(1, 3)
    return "".join(lines)


# Texts that are no plan, or that say their order in two ways.


def _prose(text: str, rng: random.Random) -> str:
    return rng.choice(("Here is the plan.\n" + text, text + "\nThis reaches the goal.\n", "There is no plan.\n"))


def _comma(text: str, rng: random.Random) -> str:
    return text.replace("\n", ",\n", 1)


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _numbered(text: str, rng: random.Random) -> str:
    return "".join(f"{number}. {line}\n" for number, line in enumerate(text.splitlines(), 1))


def _same_time(text: str, rng: random.Random) -> str:
    return "".join(f"{rng.randint(1, 3)}: {line}\n" for line in text.splitlines())


WELL_FORMED = (_drop, _swap, _repeat, _insert, _other_object)
ILL_FORMED = (_unknown_object, _unknown_action, _surplus, _missing)
LAYOUTS = (_upper, _comments, _one_line, _carriage_returns, _stamped)
DAMAGES = (_prose, _comma, _cut, _numbered, _same_time)
