"""Written domains and problems read back as the same values."""

from __future__ import annotations

import random

from hypothesis import example, given
from hypothesis import strategies as st

from tests.val_bridge.random_worlds import Features, random_world
from val_bridge import (
    ActionSchema,
    Domain,
    Literal,
    Parameter,
    Predicate,
    Problem,
    read_domain,
    read_problem,
    write_domain,
    write_problem,
)

TYPES = {"truck": "vehicle", "vehicle": "object", "place": "object"}


@st.composite
def domains(draw) -> Domain:
    """Small well-formed domains, typed or not."""
    types = draw(st.sampled_from([{}, TYPES]))
    kinds = st.sampled_from(["object", *types])
    constants = draw(st.dictionaries(st.sampled_from(["hub", "base"]), kinds, max_size=2))
    chosen = st.lists(kinds, min_size=1, max_size=2, unique=True).map(tuple)

    def parameters(names: list[str]) -> tuple[Parameter, ...]:
        return tuple(Parameter(name=name, types=draw(chosen)) for name in names)

    # Arguments of any type fit these, so that every literal is well-formed.
    loose = [Predicate(name="p"), Predicate(name="q", parameters=tuple(map(_parameter, ("?a", "?b"))))]
    predicates = [*loose, Predicate(name="r", parameters=parameters(["?x", "?y"]))]
    names = draw(st.lists(st.sampled_from(["?u", "?v", "?w"]), max_size=3, unique=True))
    terms = st.sampled_from([*names, *constants] or [""])

    def literals(equations: bool) -> tuple[Literal, ...]:
        heads = ["p", *(["q", *(["="] if equations else [])] if names or constants else [])]
        return tuple(
            Literal(
                atom=(head, *(draw(terms) for _ in range(0 if head == "p" else 2))),
                positive=draw(st.booleans()),
            )
            for head in draw(st.lists(st.sampled_from(heads), max_size=4))
        )

    schema = ActionSchema(
        name="act", parameters=parameters(names), precondition=literals(True), effect=literals(False)
    )
    return Domain(
        name="d",
        requirements=draw(st.sampled_from([(), (":strips", ":typing")])),
        types=types,
        constants=constants,
        predicates={predicate.name: predicate for predicate in predicates},
        actions={"act": schema, "wait": ActionSchema(name="wait")},
    )


@st.composite
def problems(draw) -> tuple[Domain, Problem]:
    domain = draw(domains())
    objects = draw(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["object", *domain.types])))
    names = sorted({**domain.constants, **objects})
    pairs = [("q", x, y) for x in names for y in names]
    atoms = st.sampled_from([("p",), *pairs])
    goal = st.lists(
        st.builds(lambda atom, sign: Literal(atom=atom, positive=sign), atoms, st.booleans()), max_size=3
    )
    return domain, Problem(
        name="x",
        domain_name="d",
        objects=objects,
        initial=draw(st.frozensets(atoms, max_size=4)),
        goal=tuple(draw(goal)),
    )


def _parameter(name: str) -> Parameter:
    return Parameter(name=name)


@given(domains())
def test_a_written_domain_reads_back(domain):
    assert read_domain(write_domain(domain)) == domain


@given(problems())
def test_a_written_problem_reads_back(pair):
    domain, problem = pair
    assert read_problem(write_problem(problem), domain) == problem


@given(st.integers(0, 2**32))
@example(120308)  # a disjunction of one part
def test_all_of_the_language_reads_back(seed):
    """Formulas, conditional and numeric effects, axioms, values and metrics of a random domain and problem."""
    world = random_world(random.Random(seed), Features())
    domain = read_domain(world.domain)
    problem = read_problem(world.problem, domain)
    assert read_domain(write_domain(domain)) == domain
    assert read_problem(write_problem(problem), domain) == problem
    assert not domain.is_strips and domain.axioms and domain.functions


def test_the_small_worlds_read_back(worlds):
    for world in worlds:
        domain = read_domain(world.domain)
        problem = read_problem(world.problem, domain)
        assert read_domain(write_domain(domain)) == domain
        assert read_problem(write_problem(problem), domain) == problem


def test_a_problem_is_written_sorted(blocks):
    problem = read_problem(blocks.problem, read_domain(blocks.domain))
    assert write_problem(problem) == (
        "(define (problem swap)\n"
        "  (:domain blocks)\n"
        "  (:objects\n    a b c\n  )\n"
        "  (:init\n    (clear b)\n    (clear c)\n    (handempty)\n"
        "    (on b a)\n    (ontable a)\n    (ontable c)\n  )\n"
        "  (:goal (and (on a b) (on b c)))\n"
        ")\n"
    )
