"""The same domain and problem under other words."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from planlearn.errors import require_strips
from val_bridge import ActionSchema, Atom, Call, Domain, Literal, Plan, Problem, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """New names by old name; what is not listed keeps its name. `domain` is the renamed domain's name.

    The caller sees to it that no two things get one name.
    """

    domain: str
    predicates: Mapping[str, str] = field(default_factory=dict, hash=False)
    actions: Mapping[str, str] = field(default_factory=dict, hash=False)
    objects: Mapping[str, str] = field(default_factory=dict, hash=False)

    def atom(self, atom: Atom) -> Atom:
        predicate, *arguments = atom
        return (self.predicates.get(predicate, predicate), *(self.objects.get(a, a) for a in arguments))

    def of_domain(self, domain: Domain) -> Domain:
        """Raises BeyondStrips for a domain whose schemas are more than literals."""
        require_strips(domain, domain.name, "renamings")
        return replace(
            domain,
            name=self.domain,
            constants={self.objects.get(name, name): kind for name, kind in domain.constants.items()},
            predicates={
                (new := self.predicates.get(name, name)): replace(predicate, name=new)
                for name, predicate in domain.predicates.items()
            },
            actions={(new := self._schema(schema)).name: new for schema in domain.actions.values()},
        )

    def of_problem(self, problem: Problem) -> Problem:
        """Raises BeyondStrips for a problem that is more than literals."""
        require_strips(problem, problem.name, "renamings")
        return replace(
            problem,
            domain_name=self.domain,
            objects={self.objects.get(name, name): kind for name, kind in problem.objects.items()},
            initial=frozenset(map(self.atom, problem.initial)),
            goal=self._literals(problem.goal),
        )

    def of_plan(self, plan: Plan) -> Plan:
        return Plan(
            calls=tuple(
                Call(
                    name=self.actions.get(call.name, call.name),
                    arguments=tuple(self.objects.get(a, a) for a in call.arguments),
                )
                for call in plan.calls
            )
        )

    def _schema(self, schema: ActionSchema) -> ActionSchema:
        return replace(
            schema,
            name=self.actions.get(schema.name, schema.name),
            precondition=self._literals(schema.precondition),
            effect=self._literals(schema.effect),
        )

    def _literals(self, literals: tuple[Literal, ...]) -> tuple[Literal, ...]:
        return tuple(replace(literal, atom=self.atom(literal.atom)) for literal in literals)


def random_renaming(rng: random.Random, domain: Domain, problem: Problem, words: list[str]) -> Renaming:
    """Each predicate, action and object under its own word, drawn from `words`; types keep their names.

    Raises ValueError if there are fewer words than names.
    """
    groups = [domain.predicates.keys(), domain.actions.keys(), domain.constants | problem.objects]
    names = [sorted(group) for group in groups]
    count = sum(map(len, names))
    if len(set(words)) < count:
        raise ValueError(f"{count} names need as many different words, found {len(set(words))}")
    drawn = iter(rng.sample(sorted(set(words)), count))
    predicates, actions, objects = ({name: next(drawn) for name in group} for group in names)
    return Renaming(domain=f"renamed-{domain.name}", predicates=predicates, actions=actions, objects=objects)


def shuffled_names(task: Task, rng: random.Random) -> tuple[Task, Renaming]:
    """The same problem with the names of its objects shuffled among those of one type.

    Raises BeyondStrips for a problem that is more than literals.
    """
    problem = task.problem
    names: dict[str, str] = {}
    for kind in sorted(set(problem.objects.values())):
        old = sorted(name for name, its in problem.objects.items() if its == kind)
        names.update(zip(old, rng.sample(old, len(old))))
    renaming = Renaming(domain=problem.domain_name, objects=names)
    return Task(task.domain, replace(renaming.of_problem(problem), objects=problem.objects)), renaming
