"""Planning problems: one seeded generator a domain, PlanBench's instances, the class that tells them apart.

Takes a domain's name, a size and a random stream and gives a problem as PDDL text. Sizes and shares follow
PlanBench, so that a test set made here is like PlanBench's; `problem_class` keeps PlanBench's instances,
under any names, out of what is trained on.

Rejected: running the C generators that PlanBench ran (a compiler at install time, and seeds that the C
library interprets); seeds made by adding an index (streams of two runs overlap); exact isomorphism instead of
colour refinement (a hash could then not be compared with a list, and the merged classes only make the
exclusion stricter).
"""

from planlearn.problems.classes import SchemaColours, planbench_classes, problem_class, schema_colours
from planlearn.problems.domains import (
    DomainWords,
    domain_names,
    domain_path,
    domain_text,
    domain_words,
    load_named_domain,
)
from planlearn.problems.generate import DOMAINS, get_generator
from planlearn.problems.generated import GeneratedProblem, Generator, SizeChoice
from planlearn.problems.planbench import PlanBenchProblem, has_no_plans, read_planbench
from planlearn.problems.renaming import Renaming, random_renaming, shuffled_names
from planlearn.problems.streams import stream
from planlearn.problems.unsolvable import UNSOLVABLE_KINDS, UnsolvableProblem, decoy_problem, unsolvable_problem

__all__ = [
    "DOMAINS",
    "DomainWords",
    "GeneratedProblem",
    "Generator",
    "PlanBenchProblem",
    "Renaming",
    "SchemaColours",
    "SizeChoice",
    "UNSOLVABLE_KINDS",
    "UnsolvableProblem",
    "decoy_problem",
    "domain_names",
    "domain_path",
    "domain_text",
    "domain_words",
    "get_generator",
    "has_no_plans",
    "load_named_domain",
    "planbench_classes",
    "problem_class",
    "random_renaming",
    "read_planbench",
    "schema_colours",
    "shuffled_names",
    "stream",
    "unsolvable_problem",
]
