"""What a failed condition is explained with, when somebody asks: the and-or tree, and what would repair it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from val_bridge.check.repair import Repair, repair_of
from val_bridge.check.sources import sources
from val_bridge.pddl.formula import And, Atom, Comparison, Formula, Literal, atom_text
from val_bridge.pddl.syntax import Call
from val_bridge.semantics.explain import Asked, Explanation, ask, bound_text, explain, literals_of
from val_bridge.semantics.formulas import bound_atom
from val_bridge.semantics.numbers import NO_VALUES, Values
from val_bridge.semantics.state import State
from val_bridge.semantics.task import Task
from val_bridge.semantics.transition import unmet_goal

@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The precondition of a call, or the goal if `call` is None, and where it was judged.

    `reached` is the state, or its mask among those of the task.
    """

    task: Task
    reached: State | int
    values: Values = NO_VALUES
    call: Call | None = None

    @property
    def state(self) -> State:
        return self.task.masks.decode(self.reached) if isinstance(self.reached, int) else self.reached

    @property
    def parts(self) -> tuple[Formula, ...]:
        """The conjuncts of the condition, literals first."""
        if self.call is None:
            return (*self.task.problem.goal, *self.task.problem.goal_condition)
        schema = self.task.domain.actions[self.call.name]
        return (*schema.precondition, *schema.condition)

    @property
    def binding(self) -> dict[str, str]:
        """What the free variables of the condition stand for."""
        if self.call is None:
            return {}
        parameters = self.task.domain.actions[self.call.name].parameters
        return {p.name: argument for p, argument in zip(parameters, self.call.arguments, strict=True)}

    def facts(self, unmet: Iterable[Atom]) -> str:
        """What is true of the call's objects; of those of the unmet atoms, where the goal was judged."""
        objects = self.call.arguments if self.call else {name for atom in unmet for name in atom[1:]}
        return " ".join(map(atom_text, facts_about(self.task, self.state, objects))) or "nothing"

    def explanation(self) -> Explanation:
        world = self.task.world(self.state, self.values)
        return explain(And(parts=self.parts), self.binding, world)

    def asked(self) -> list[Asked]:
        """Of each conjunct whether it holds, and all of its literals that do and do not."""
        world, binding = self.task.world(self.state, self.values), self.binding
        return [ask(part, binding, world) for part in self.parts]

    def satisfied(self) -> tuple[Literal, ...]:
        """All literals and comparisons of the condition that hold, each once."""
        return literals_of(leaf for part in self.asked() for leaf in part.satisfied)

    def progress(self) -> tuple[int, int]:
        """How many conjuncts of the condition hold, of how many."""
        truths = [part.holds for part in self.asked()]
        return truths.count(True), len(truths)

    def sources(self, literals: Iterable[Literal]) -> dict[Literal, Literal | Comparison]:
        """What each of these literals of the condition is called in the domain or problem."""
        return sources(self.parts, self.binding, literals)

    def unmet_goal(self) -> tuple[Literal, ...]:
        """All that does not hold of the goal, whatever is the condition."""
        return unmet_goal(self.task, self.state, self.values).literals

    def effect_of(self, wanted: Literal) -> tuple[Literal, str] | None:
        """The literal of the call's schema that brings one about here, and when it does, `, for ?y = b, when (p)`.

        None if no effect does, as for the precondition of another action.
        """
        assert self.call is not None
        binding = self.binding
        schema = self.task.domain.actions[self.call.name]
        for effect in schema.effect:
            if effect.positive is wanted.positive and bound_atom(effect.atom, binding) == wanted.atom:
                return effect, ""
        general = self.task.bind(self.call).general
        for firing in general.firings(self.task.world(self.state, self.values)) if general else ():
            atoms = firing.changes.add if wanted.positive else firing.changes.delete
            if wanted.atom in atoms:
                literals = [literal for literal in firing.effect.literals if literal.positive is wanted.positive]
                names = zip(firing.effect.parameters, firing.objects, strict=True)
                objects = {parameter.name: name for parameter, name in names}
                where = f", for {' and '.join(f'{n} = {o}' for n, o in objects.items())}" if objects else ""
                conditions = [bound_text(part, {**binding, **objects}) for part in firing.effect.condition]
                when = f", when {' and '.join(conditions)}" if conditions else ""
                return literals[atoms.index(wanted.atom)], where + when
        return None

    def repair(self) -> Repair | None:
        """What would make the condition hold, None if nothing could."""
        return repair_of(self.task, self.task.world(self.state, self.values), And(parts=self.parts), self.binding)


def facts_about(task: Task, state: State, objects: Iterable[str]) -> list[Atom]:
    """The changing facts that are about these objects or about none, sorted; the static ones where there are no others."""
    known = frozenset(objects)
    about = sorted(a for a in state if len(a) == 1 or not known.isdisjoint(a[1:]))
    return [a for a in about if a[0] not in task.static] or about
