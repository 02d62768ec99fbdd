"""The carried domains: PlanBench's names, one English pattern a name, one renaming between Blocksworld and
Mystery.
"""

import re
import subprocess
import sys

import pytest

from planlearn.errors import UnknownDomain
from planlearn.problems import (
    DOMAINS,
    domain_path,
    domain_text,
    domain_words,
    load_named_domain,
    read_planbench,
)
from planlearn.problems.blocksworld import MYSTERY
from val_bridge import read_domain

PLANBENCH_SETS = {
    "blocksworld": "blocksworld",
    "mystery_blocksworld": "mystery_blocksworld",
    "logistics": "logistics",
    "depots": "depots",
}


def schemas(domain):
    return {
        name: (
            [p.name for p in schema.parameters],
            {(lit.atom, lit.positive) for lit in schema.precondition},
            {(lit.atom, lit.positive) for lit in schema.effect},
        )
        for name, schema in domain.actions.items()
    }


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_domains_mean_what_planbenchs_mean(planbench, name):
    """Names, order of parameters, preconditions and effects; the text itself is written anew."""
    theirs = read_planbench(planbench, [PLANBENCH_SETS[name]])[0].domain_text
    ours, read = load_named_domain(name), read_domain(theirs)
    assert (ours.name, ours.predicates.keys()) == (read.name, read.predicates.keys())
    assert schemas(ours) == schemas(read)
    assert domain_text(name) != theirs


def test_mystery_is_the_renaming_of_blocksworld():
    renamed = MYSTERY.of_domain(load_named_domain("blocksworld"))
    assert renamed == load_named_domain("mystery_blocksworld")


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_every_name_has_a_pattern_for_all_its_arguments(name):
    domain, words = load_named_domain(name), domain_words(name)
    assert words.domain == domain.name and words.title and words.idea
    assert words.actions.keys() == domain.actions.keys()
    assert words.predicates.keys() == domain.predicates.keys()
    arities = {a: len(schema.parameters) for a, schema in domain.actions.items()}
    arities |= {p: predicate.arity for p, predicate in domain.predicates.items()}
    for key, pattern in [*words.actions.items(), *words.predicates.items()]:
        assert sorted(re.findall(r"\{(\d)\}", pattern)) == [str(i) for i in range(arities[key])], key


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_every_domain_tells_its_source_and_licence(name):
    text = (domain_path(name) / "README.md").read_text(encoding="utf-8")
    assert "PlanBench" in text and "MIT" in text and "Licence" in text


def test_an_unknown_domain_is_refused():
    with pytest.raises(UnknownDomain, match="did you mean 'logistics'"):
        domain_text("logistic")


def test_importing_the_package_wakes_nothing():
    woken = "[m for m in sys.modules if m.startswith(('torch', 'yaml', 'planlearn.'))]"
    program = f"import planlearn, sys; print({woken})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
