"""A planning task: domain and problem together, with ground actions made on demand and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal as OneOf

from val_bridge.pddl.conditions import TOTAL_TIME
from val_bridge.pddl.errors import nearest
from val_bridge.pddl.read import load_domain, load_problem, read_domain, read_problem
from val_bridge.pddl.syntax import (
    EQUALS,
    OBJECT,
    Atom,
    Call,
    Domain,
    Literal,
    Parameter,
    Plan,
    Problem,
    article,
    counted,
)
from val_bridge.semantics.axioms import Derivation, Rule, axioms_of
from val_bridge.semantics.formulas import Slots, World, calculation_of
from val_bridge.semantics.ground import (
    Action,
    Grounder,
    changing_functions,
    grounders,
    static_bindings,
    static_predicates,
)
from val_bridge.semantics.limits import refuse_heavy
from val_bridge.semantics.numbers import NO_VALUES, Values
from val_bridge.semantics.state import State
from val_bridge.semantics.transition import Masks, applicable

_ANYTHING = (OBJECT,)
_TOTAL_COST = ("total-cost",)
_STATES = 256
"""States of which a task keeps what was derived; a plan asks for a few again and again."""
_TRIES = 1_000_000
"""Tries, in all of them, from which on it forgets them; each may have left an atom."""

BindErrorKind = OneOf["unknown_action", "wrong_arity", "unknown_object", "wrong_type"]


class BindError(LookupError):
    """A call that names no ground action. `argument` counts from 1, None if no single argument is wrong."""

    def __init__(
        self, kind: BindErrorKind, expected: str, found: str, hint: str = "", argument: int | None = None
    ) -> None:
        super().__init__(kind, expected, found, hint, argument)
        self.kind = kind
        self.expected = expected
        self.found = found
        self.hint = hint
        self.argument = argument

    def __str__(self) -> str:
        question = f"; did you mean '{self.hint}'?" if self.hint else ""
        return f"{self.kind}: expected {self.expected}, found {self.found}{question}"


class Task:
    """A domain and a problem of it. Treat it as frozen; what it keeps are ground actions.

    `objects` maps each object and constant to its type. `goal` must be true and `goal_negative` false at the
    end, and so must the parts of `problem.goal_condition`. `static` names the predicates that no action
    changes. `goal_atoms` are those of both. `values` are the initial ones; `warnings` says what was assumed about
    them. `is_strips`: nothing but literals matters (then `applicable`, `progress`, `Masks` tell all there is);
    `is_plain`: nor is there a metric. Comparisons of numbers hold if they miss by less than `tolerance`. Raises
    SourceError of kind unsupported_feature for a condition that asks for too many combinations of objects.
    """

    def __init__(self, domain: Domain, problem: Problem, *, tolerance: Fraction = Fraction(0)) -> None:
        self.domain = domain
        self.problem = problem
        self.tolerance = tolerance
        self._tolerant: Task | None = None
        self.objects: dict[str, str] = {**domain.constants, **problem.objects}
        self.initial: State = problem.initial
        self.static: frozenset[str] = static_predicates(domain)
        # As in an action: an equation that holds is dropped, one that fails is a goal that no state reaches.
        positive: set[Atom] = set()
        negative: set[Atom] = set()
        for literal in problem.goal:
            atom = literal.atom
            if atom[0] != EQUALS:
                (positive if literal.positive else negative).add(atom)
            elif (atom[1] == atom[2]) != literal.positive:
                positive.add(atom)
        self.goal: frozenset[Atom] = frozenset(positive)
        self.goal_negative: frozenset[Atom] = frozenset(negative)
        self.goal_atoms: frozenset[Atom] = self.goal | self.goal_negative
        self.is_strips: bool = domain.is_strips and problem.is_strips
        self.is_plain: bool = self.is_strips and problem.metric is None
        self.values: Values = NO_VALUES
        self.warnings: tuple[str, ...] = ()
        self._fitting: dict[tuple[str, ...], tuple[str, ...]] = {}
        if not self.is_strips:
            self._give_values()
            refuse_heavy(domain, problem, self.fitting)
        self._grounders = grounders(domain)
        self._actions: dict[tuple[str, tuple[str, ...]], Action] = {}
        self._derivations: dict[tuple[State, Values], Derivation] = {}
        self._weights: dict[Rule, int] = {}

    def _give_values(self) -> None:
        values = self.problem.values
        function = self.domain.functions.get(_TOTAL_COST[0])
        if function and not function.parameters and _TOTAL_COST not in values:
            # Many published problems leave it out; VAL takes 0 too.
            values = {**values, _TOTAL_COST: Fraction(0)}
            self.warnings = ("(total-cost) has no initial value; 0 is taken",)
        self.values = Values(values)

    def __repr__(self) -> str:
        return f"Task({self.domain.name}, {self.problem.name})"

    def __reduce__(self) -> tuple[Callable[..., Task], tuple[Domain, Problem, Fraction]]:
        return _task, (self.domain, self.problem, self.tolerance)

    def tolerant(self, tolerance: Fraction) -> Task:
        """The same task, in which comparisons hold that miss by less than this. Raises ValueError below 0."""
        if tolerance < 0:
            raise ValueError(f"a tolerance below 0: {tolerance}")
        if tolerance == self.tolerance:
            return self
        if self._tolerant is None or self._tolerant.tolerance != tolerance:
            self._tolerant = Task(self.domain, self.problem, tolerance=tolerance)
        return self._tolerant

    def action(self, name: str, arguments: tuple[str, ...]) -> Action:
        """The ground action. Raises BindError: unknown_action, wrong_arity, unknown_object or wrong_type."""
        key = (name, arguments)
        action = self._actions.get(key)
        if action is None:
            action = self._actions[key] = self.grounder(name, arguments).ground(arguments, self)
        return action

    def grounder(self, name: str, arguments: tuple[str, ...], *, hint: bool = True) -> Grounder:
        """The action's grounder, which these arguments fit. Raises BindError as `action` does, without `hint` faster."""
        grounder = self._grounders.get(name)
        if grounder is None or not self._fit(arguments, grounder.schema.parameters):
            raise self._bind_error(name, arguments, hint)
        return grounder

    def _fit(self, arguments: tuple[str, ...], parameters: tuple[Parameter, ...]) -> bool:
        if len(arguments) != len(parameters):
            return False
        for argument, parameter in zip(arguments, parameters, strict=True):
            kind = self.objects.get(argument)
            if kind is None or parameter.types != _ANYTHING and not self.domain.fits(kind, parameter):
                return False
        return True

    def bind(self, call: Call) -> Action:
        """The ground action that a call names. Raises BindError as `action` does."""
        return self.action(call.name, call.arguments)

    def applicable_actions(self, state: State, values: Values = NO_VALUES) -> list[Action]:
        """The applicable ground actions, sorted by name and arguments. `state` holds the static facts too."""
        always, watching = self._watchers
        candidates = [action for atom in state for action in watching.get(atom, ())] + always
        found = [a for a in candidates if applicable(state, a, values)]
        found.sort(key=_name_and_arguments)
        return found

    @cached_property
    def goal_literals(self) -> tuple[Literal, ...]:
        """The goal's own literals by name, those that must be false behind the others."""
        return tuple(
            Literal(atom=atom, positive=positive)
            for positive, atoms in ((True, self.goal), (False, self.goal_negative))
            for atom in sorted(atoms)
        )

    def unmet_goals(self, state: State) -> frozenset[Atom]:
        """The atoms of the goal's own literals that do not hold in a state that says all of them."""
        return frozenset(goal.atom for goal in self.goal_literals if not goal.holds_in(state))

    @cached_property
    def static_facts(self) -> frozenset[Atom]:
        """The initial state's atoms that no action changes: true in every state."""
        return frozenset(atom for atom in self.initial if atom[0] in self.static)

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """The ground actions whose types, equalities and static preconditions hold, sorted as above.

        Their number grows with the product of the parameters' objects: 200 blocks give 80,000.
        """
        return tuple(
            self.action(name, arguments)
            for name, grounder in sorted(self._grounders.items())
            for arguments in sorted(
                static_bindings(grounder.schema, self.domain, self.objects, self.static_facts, self.static)
            )
            if not grounder.failing_equations(arguments)
        )

    def fitting(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """The objects and constants of one of these types, in the order of their declaration."""
        found = self._fitting.get(types)
        if found is None:
            subtypes: dict[str, bool] = {}
            for kind in self.objects.values():
                if kind not in subtypes:
                    subtypes[kind] = any(self.domain.is_subtype(kind, wanted) for wanted in types)
            found = tuple([name for name, kind in self.objects.items() if subtypes[kind]])
            self._fitting[types] = found
        return found

    def world(self, state: State, values: Values = NO_VALUES) -> World:
        """What formulas are asked about, derived atoms included."""
        if not self.domain.axioms:
            return World(state.__contains__, values, self.fitting, self.tolerance)
        return self._derivation(state, values).world

    def _derivation(self, state: State, values: Values) -> Derivation:
        key = (state, values)
        found = self._derivations.get(key)
        if found is None:
            kept = self._derivations
            if len(kept) >= _STATES or sum(derivation.tried for derivation in kept.values()) > _TRIES:
                kept.clear()
            world = World(state.__contains__, values, self.fitting, self.tolerance)
            found = kept[key] = Derivation(axioms_of(self.domain), state, world, self._weights)
        return found

    def metric_value(self, values: Mapping[Atom, Fraction], steps: int) -> Fraction:
        """What the problem's metric gives, the number of steps if it has none. Raises NumericError."""
        metric = self.problem.metric
        if metric is None:
            return Fraction(steps)
        slots = Slots(())
        calculate = calculation_of(metric.expression, slots)
        timed = {(TOTAL_TIME,): Fraction(steps), **values}
        return calculate(World(frozenset().__contains__, timed, self.fitting), slots.environment(()))

    @cached_property
    def changing_functions(self) -> frozenset[str]:
        """The functions that some action changes."""
        return changing_functions(self.domain)

    @cached_property
    def masks(self) -> Masks:
        """The fast core, shared by all who judge plans of this task."""
        return Masks(self)

    @cached_property
    def _watchers(self) -> tuple[list[Action], dict[Atom, list[Action]]]:
        """Actions without a fluent precondition, and the others by one fluent atom that they need."""
        always: list[Action] = []
        watching: dict[Atom, list[Action]] = {}
        for action in self.actions:
            fluent = [atom for atom in action.precondition if atom[0] not in self.static | self.domain.derived]
            # The longest atom is true least often, so it wakes the fewest actions in vain.
            if fluent:
                watching.setdefault(max(fluent, key=lambda atom: (len(atom), atom)), []).append(action)
            else:
                always.append(action)
        return always, watching

    def _bind_error(self, name: str, arguments: tuple[str, ...], hinted: bool) -> BindError:
        """What is wrong with a call that names no ground action."""
        schema = self.domain.actions.get(name)
        if schema is None:
            known = sorted(self.domain.actions)
            return BindError("unknown_action", f"one of {' '.join(known)}", name, nearest(name, known) if hinted else "")
        if len(arguments) != len(schema.parameters):
            given = f"{len(arguments)} ({' '.join(arguments)})" if arguments else "none"
            return BindError("wrong_arity", counted(schema.parameters), given)
        for index, (argument, parameter) in enumerate(zip(arguments, schema.parameters, strict=True), 1):
            if argument not in self.objects:
                wanted = f"{article(*parameter.types)} as {parameter.name}"
                hint = nearest(argument, self.fitting(parameter.types)) if hinted else ""
                return BindError("unknown_object", wanted, argument, hint, index)
        index, argument, parameter = next(
            (index, argument, parameter)
            for index, (argument, parameter) in enumerate(zip(arguments, schema.parameters, strict=True), 1)
            if not self.domain.fits(self.objects[argument], parameter)
        )
        wanted = f"{article(*parameter.types)} as {parameter.name}"
        found = f"{argument}, {article(self.objects[argument])}"
        return BindError("wrong_type", wanted, found, argument=index)


def _task(domain: Domain, problem: Problem, tolerance: Fraction) -> Task:
    return Task(domain, problem, tolerance=tolerance)


def _name_and_arguments(action: Action) -> tuple[str, tuple[str, ...]]:
    return action.name, action.arguments


def load_task(domain_path: str | Path, problem_path: str | Path) -> Task:
    """A task from two files. Raises SourceError, OSError."""
    domain = load_domain(domain_path)
    return Task(domain, load_problem(problem_path, domain))


def read_task(
    domain_text: str, problem_text: str, domain_file: str | None = None, problem_file: str | None = None
) -> Task:
    """A task from two texts. Raises SourceError."""
    domain = _domain(domain_text, domain_file)
    return Task(domain, read_problem(problem_text, domain, problem_file))


# Groups of problems share a domain's text; reading it once per problem would cost more than judging plans.
_domain = lru_cache(maxsize=16)(read_domain)

__all__ = ["Action", "BindError", "Call", "Plan", "Task", "load_task", "read_task"]
