"""Text -> syntax with places, and back.

Takes PDDL text, gives `Domain`, `Problem`, `Plan`; a text that cannot be read is a `SourceError` that points,
says what was expected and what was found.

Not taken: Lark or another parser generator (a dependency, and errors about grammar rules instead of PDDL);
recursive descent (deep nesting would end in a RecursionError); a lenient mode (what is not understood must
not be judged).
"""

from val_bridge.pddl.errors import SourceError, SourceErrorKind, nearest
from val_bridge.pddl.formula import (
    And,
    Comparison,
    ConditionalEffect,
    Exists,
    Expression,
    Fluent,
    Forall,
    Formula,
    Imply,
    Not,
    Number,
    NumericEffect,
    Operation,
    Or,
    number_text,
)
from val_bridge.pddl.read import (
    load_domain,
    load_plan,
    load_problem,
    read_atom,
    read_domain,
    read_plan,
    read_problem,
)
from val_bridge.pddl.span import Span
from val_bridge.pddl.syntax import (
    ActionSchema,
    Atom,
    Axiom,
    Call,
    Domain,
    Function,
    Literal,
    Metric,
    Parameter,
    Plan,
    Predicate,
    Problem,
    atom_text,
)
from val_bridge.pddl.write import write_domain, write_plan, write_problem

__all__ = [
    "ActionSchema",
    "And",
    "Atom",
    "Axiom",
    "Call",
    "Comparison",
    "ConditionalEffect",
    "Domain",
    "Exists",
    "Expression",
    "Fluent",
    "Forall",
    "Formula",
    "Function",
    "Imply",
    "Literal",
    "Metric",
    "Not",
    "Number",
    "NumericEffect",
    "Operation",
    "Or",
    "Parameter",
    "Plan",
    "Predicate",
    "Problem",
    "SourceError",
    "SourceErrorKind",
    "Span",
    "atom_text",
    "load_domain",
    "load_plan",
    "load_problem",
    "nearest",
    "number_text",
    "read_atom",
    "read_domain",
    "read_plan",
    "read_problem",
    "write_domain",
    "write_plan",
    "write_problem",
]
