"""A task under names that say nothing and that no training has: for the renamed sets.

More than a renaming of objects: predicates, actions, variables, the domain and the problem lose their names, and everything is
listed in the order of the new ones, so that no order tells what was what. Rejected: nonsense words (a tokenizer cuts them into many pieces,
and the set would measure that).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from planlearn.problems import random_renaming
from val_bridge import ActionSchema, Call, Domain, Literal, Plan, Predicate, Problem, Task
from val_bridge.pddl.formula import Parameter

WORDS = tuple("""
acorn amber anvil apron arrow aspen attic bacon badge bagel banjo basil baton beach beard bench berry birch bison blaze bloom bonus booth
brook broom brush bugle cabin cable camel candy canoe carol cedar chalk charm cherry chess chime cider cliff cloak clove coast cobra comet
coral couch crayon creek cricket crown curry daisy dance denim diary dingo dough drama dream eagle easel ember fable falcon fairy feather
fern fiber fiddle finch flame flask flint flora flute fossil frost fudge galaxy garlic gecko ginger glove goose grape gravel guitar
hammer harp hazel heron hobby honey hornet igloo ivory jacket jaguar jelly jersey jewel jungle kayak kettle kiosk kiwi koala ladder lagoon
lemon lilac lily linen lizard llama lotus lynx magnet mango maple marble meadow melon mint mirror mitten moose mosaic moth mural needle
nickel nutmeg oasis ocean olive onion opal orchid otter oyster paddle panda panther paprika parrot pastry peach peanut pebble pencil pepper
pigeon pillow pine piano plum poem poker pollen pony poppy pretzel prism pumpkin puppet quail quartz quill rabbit radish raisin raven reef
ribbon river robin rocket rose ruby saddle salmon sandal satin sauce scarf sesame shawl shell shrub sleet slipper snail sonnet spice spider
spruce squid stamp statue stove sugar summit swan tango teapot temple thistle thunder tiger toast tulip tundra turnip turtle umbra valley
velvet vinegar violin walnut walrus whale willow window winter wolf yarn yogurt zebra zinc
""".split())
"""The new names. None is a name or a word of a domain in `domains/`, a word of the chain format or of feedback."""

NAME = "renamed"
"""The name of each domain and problem."""


def disguise(task: Task, rng: random.Random) -> Task:
    """The task with a word for each predicate, action and object, drawn from WORDS, and ?x0, ?x1, ... for variables.

    The task has as long plans as before and the same class. Raises ValueError for a domain with types, whose names would tell, and for a
    task with more names than there are words; BeyondStrips.
    """
    if task.domain.types:
        raise ValueError(f"domain {task.domain.name} has types, whose names would stay")
    renaming = random_renaming(rng, task.domain, task.problem, list(WORDS))
    domain, problem = renaming.of_domain(task.domain), renaming.of_problem(task.problem)
    domain = replace(
        domain, name=NAME, constants=dict(sorted(domain.constants.items())),
        predicates={name: _plain_predicate(predicate) for name, predicate in sorted(domain.predicates.items())},
        actions={name: _plain_schema(schema) for name, schema in sorted(domain.actions.items())},
    )  # fmt: skip
    problem = replace(
        problem, name=NAME, domain_name=NAME, objects=dict(sorted(problem.objects.items())),
        goal=tuple(sorted(problem.goal, key=lambda literal: literal.atom)),
    )  # fmt: skip
    return Task(domain, problem)


def _numbered(parameters: tuple[Parameter, ...]) -> tuple[Parameter, ...]:
    return tuple(replace(parameter, name=f"?x{number}") for number, parameter in enumerate(parameters))


def _plain_predicate(predicate: Predicate) -> Predicate:
    return replace(predicate, parameters=_numbered(predicate.parameters))


def _plain_schema(schema: ActionSchema) -> ActionSchema:
    parameters = _numbered(schema.parameters)
    new = {old.name: now.name for old, now in zip(schema.parameters, parameters, strict=True)}
    return replace(
        schema, parameters=parameters, precondition=_plain_literals(schema.precondition, new), effect=_plain_literals(schema.effect, new)
    )


def _plain_literals(literals: tuple[Literal, ...], new: Mapping[str, str]) -> tuple[Literal, ...]:
    plain = [replace(literal, atom=tuple([new.get(term, term) for term in literal.atom])) for literal in literals]
    return tuple(sorted(plain, key=lambda literal: (not literal.positive, literal.atom)))


def under_names_of(domain: Domain, problem: Problem, plan: Plan, other: Task, rng: random.Random) -> tuple[Problem, Plan] | None:
    """A solved problem of a domain, told in the names of another task's domain, which is the same one under other names.

    Its objects have words that the other task has not. None where the two are not known as one domain (see `planlearn.planners.recognise`),
    or where there are more objects than words.
    """
    from planlearn.planners import recognise

    ours, theirs = recognise(domain), recognise(other.domain) if other.domain.is_strips else None
    known = {*other.domain.predicates, *other.domain.actions, *other.objects}
    words = [word for word in WORDS if word not in known]
    same = ours is not None and theirs is not None and ours.model == theirs.model
    if not same or domain.constants or len(words) < len(problem.objects):
        return None
    predicates = {own: theirs.predicates[model] for model, own in ours.predicates.items()}
    types = {own: theirs.types[model] for model, own in ours.types.items()}
    actions = {own: (model, order) for model, (own, order) in ours.actions.items()}
    objects = dict(zip(sorted(problem.objects), rng.sample(words, len(problem.objects)), strict=True))

    def told(call: Call) -> Call:
        model, order = actions[call.name]
        return theirs.call(model, *(objects[name] for _, name in sorted(zip(order, call.arguments, strict=True))))

    def atom(own: tuple[str, ...]) -> tuple[str, ...]:
        return predicates[own[0]], *(objects[name] for name in own[1:])

    renamed = replace(
        problem, name=other.problem.name, domain_name=other.problem.domain_name,
        objects=dict(sorted((objects[name], types.get(kind, kind)) for name, kind in problem.objects.items())),
        initial=frozenset(map(atom, problem.initial)),
        goal=tuple(sorted((replace(literal, atom=atom(literal.atom)) for literal in problem.goal), key=lambda literal: literal.atom)),
    )  # fmt: skip
    return renamed, Plan(calls=tuple(map(told, plan.calls)))
