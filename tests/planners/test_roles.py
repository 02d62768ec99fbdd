"""A known domain is recognised by what its actions do, not by its words."""

import string
from dataclasses import replace

import pytest

from planlearn.planners import recognise
from planlearn.planners.roles import MODELS
from planlearn.problems import (
    DOMAINS,
    get_generator,
    load_named_domain,
    random_renaming,
    read_planbench,
    schema_colours,
    stream,
)
from val_bridge import Call, read_domain

WORDS = [a + b for a in string.ascii_lowercase for b in string.ascii_lowercase]
EXPECTED = {
    "blocksworld": "blocksworld",
    "blocksworld_3": "blocksworld",
    "blocksworld_generalized": "blocksworld",
    "blocksworld_hard": "blocksworld",
    "depots": "depots",
    "logistics": "logistics",
    "logistics_generalized": "logistics",
    "mystery_blocksworld": "blocksworld",
    "mystery_blocksworld_3": "blocksworld",
    "obfuscated_deceptive_logistics": "logistics",
    "obfuscated_randomized_logistics": "logistics",
    "sokoban": None,
    "unsolvable_blocksworld": "blocksworld",
}


@pytest.mark.parametrize("model", MODELS)
def test_colours_tell_a_models_words_apart(model):
    colours = schema_colours(load_named_domain(model))
    assert len(set(colours.predicates.values())) == len(colours.predicates)
    assert len(set(colours.actions.values())) == len(colours.actions)
    assert all(len(set(parameters)) == len(parameters) for parameters in colours.parameters.values())


def test_planbenchs_domains_are_recognised(planbench):
    domains = {instance.set: instance.domain_text for instance in read_planbench(planbench)}
    found = {name: recognise(read_domain(text)) for name, text in domains.items()}
    assert {name: roles and roles.model for name, roles in found.items()} == EXPECTED


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_any_words_and_any_order_of_parameters_are_understood(name):
    domain = load_named_domain(name)
    rng = stream("roles", name)
    renaming = random_renaming(rng, domain, get_generator(name).generate(rng, "small").task().problem, WORDS)
    disguised = renaming.of_domain(domain)
    reversed_ = {
        action: replace(schema, parameters=schema.parameters[::-1])
        for action, schema in disguised.actions.items()
    }
    roles, plain = recognise(replace(disguised, actions=reversed_)), recognise(domain)
    assert roles is not None and plain is not None
    assert {p: renaming.predicates[own] for p, own in plain.predicates.items()} == roles.predicates
    for action, (own, _) in plain.actions.items():
        arguments = tuple("wxyz"[: len(domain.actions[own].parameters)])
        straight = plain.call(action, *arguments)
        assert roles.call(action, *arguments) == Call(
            name=renaming.actions[straight.name], arguments=straight.arguments[::-1]
        )


def test_a_domain_that_does_something_else_is_not_taken_for_a_known_one():
    domain = load_named_domain("blocksworld")
    schema = domain.actions["put-down"]
    for changed in (
        replace(schema, effect=schema.effect[1:]),
        replace(schema, precondition=(replace(schema.precondition[0], positive=False),)),
    ):
        assert recognise(replace(domain, actions={**domain.actions, "put-down": changed})) is None
