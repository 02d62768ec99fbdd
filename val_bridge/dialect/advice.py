"""What would mend a failed plan: a tree of advice, and VAL's words for it.

A tree is plain dicts and lists, as JSON has them. Leaves: `{"make_true": "(on a b)"}`, `{"make_false": ...}`,
`{"satisfy": "(>= (fuel t) 5)", "values": {"(fuel t)": "3"}}`, for a derived atom without values; branches:
`{"all": [...]}` and `{"any": [...]}`. A branch with one child is no mistake: VAL prints it differently from the bare
child. Unlike `Fault.repair` it has what nothing can change too, since VAL's advice has it.
"""

from __future__ import annotations

import sys
from typing import Any

from val_bridge.check import FaultKind, Verdict
from val_bridge.dialect.numbers import short_number
from val_bridge.dialect.written import written_goal, written_precondition
from val_bridge.dialect.world import world_of
from val_bridge.pddl import atom_text
from val_bridge.pddl.conditions import NUMBER
from val_bridge.pddl.tokens import Group, Node, Source, Word, read_tree
from val_bridge.semantics import Explanation, Task, Values
from val_bridge.semantics.explain import explain

Advice = dict[str, Any]

_COMPARISONS = frozenset(("<", "<=", "=", ">=", ">"))
_ARITHMETIC = frozenset("+-*/")
_STEP = "    "


def advice_tree(task: Task, verdict: Verdict) -> Advice | None:
    """The advice on a verdict's first fault; None unless that is a precondition or the goal.

    The condition as it is written, without the parts that hold: of a conjunction what fails, of a disjunction
    everything; for `exists` each binding, for `forall` each counterexample.
    """
    fault = verdict.first
    if fault is None or fault.evidence is None:
        return None
    if fault.kind is FaultKind.GOAL:
        formula = written_goal(task)
    else:
        formula = written_precondition(task, (fault.action or "").strip("()").split()[0])
    evidence = fault.evidence
    # The task of the evidence may compare numbers with a tolerance.
    world = world_of(evidence.task, evidence.state, evidence.values)
    tree = explain(formula, dict(evidence.binding), world, shown=sys.maxsize)
    return _advice(tree, task, evidence.values)


def _advice(node: Explanation, task: Task, values: Values) -> Advice:
    if node.op == "literal":
        literal = node.literal
        if literal.atom[0] in task.domain.derived:
            return {"satisfy": str(literal)}
        return {"make_true" if literal.positive else "make_false": atom_text(literal.atom)}
    if node.op == "comparison":
        known = {atom_text(fluent): short_number(values[fluent]) for fluent in node.fluents if fluent in values}
        return {"satisfy": str(node.literal), "values": known}
    children = [_advice(child, task, values) for child in node.children if not child.holds]
    return {"any" if node.op in ("or", "exists") else "all": children}


def advice_on(task: Task, verdict: Verdict) -> list[str]:
    """VAL's lines of advice on a verdict's first fault. There may be none on a precondition."""
    tree = advice_tree(task, verdict)
    if tree is None or verdict.first is None:
        return []
    return advice_lines(tree) if verdict.first.kind is FaultKind.GOAL or _is_advice(tree) else []


def _is_advice(tree: Advice) -> bool:
    """Whether VAL takes a tree for advice: a bare derived atom and an empty list are none."""
    if "satisfy" in tree:
        return "values" in tree
    return any(tree.values())


def advice_lines(tree: Advice) -> list[str]:
    """VAL's lines for a tree: `(Set ... to true)`, or one of its lists, indented."""
    lines: list[str] = []
    # What is still to be said, the next at the end: a node with its indentation and the word before it, or a line.
    waiting: list[tuple[Advice | str, str, str]] = [(tree, "", "")]
    while waiting:
        node, indent, word = waiting.pop()
        if isinstance(node, str):
            lines.append(indent + node)
            continue
        key = "all" if "all" in node else "any" if "any" in node else ""
        if not key:
            lines.append(f"{indent}{word}({_words(node)})")
            continue
        if word:
            lines.append(indent + word)
        children = node[key]
        if len(children) == 1:
            waiting.append((children[0], indent, ""))
        elif not children:
            lines.append(f"{indent}(No advice for {'conjunction' if key == 'all' else 'disjunction'}!)")
        else:
            lines.append(f"{indent}(Follow {'each' if key == 'all' else 'one'} of:")
            joint = "and " if key == "all" else "or "
            waiting.append((")", indent, ""))
            waiting += [(child, indent + _STEP, joint) for child in reversed(children[1:])]
            waiting.append((children[0], indent + _STEP, ""))
    return lines


def _words(leaf: Advice) -> str:
    if "make_true" in leaf:
        return f"Set {leaf['make_true']} to true"
    if "make_false" in leaf:
        return f"Set {leaf['make_false']} to false"
    text = leaf["satisfy"]
    tree = read_tree(Source(text, "<advice>"), "plan_syntax")
    negated = tree.head == "not" and len(tree.items) == 2
    inner = tree.items[1] if negated else tree
    if isinstance(inner, Group) and inner.head in _COMPARISONS:
        return f"{'Do NOT satisfy' if negated else 'Satisfy'} {_infix(inner, leaf.get('values', {}))}"
    atom = text[inner.start : inner.end]
    return f"Satisfy derived predicate {f'(NOT {atom})' if negated else atom}!"


def _infix(comparison: Group, values: dict[str, str]) -> str:
    """`(>= (fuel t) 5)` -> `(fuel t)[=3] >= 5`; the values are those of functions with their arguments."""
    texts: list[str] = []
    # Post-order without recursion: a node comes back as a tuple once its parts are on `texts`.
    waiting: list[Node | tuple[str, int]] = [comparison]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Word):
            texts.append(short_number(float(node.text)) if NUMBER.match(node.text) else node.text)
        elif not isinstance(node, Group):
            sign, count = node
            parts = texts[-count:]
            del texts[-count:]
            texts.append(f"({f' {sign} '.join(parts)})" if count > 1 else f" {sign} {parts[0]}")
        elif node.head in _ARITHMETIC or node is comparison:
            waiting.append((node.head, len(node.items) - 1))
            waiting += reversed(node.items[1:])
        else:
            function = f"({' '.join(item.text for item in node.items if isinstance(item, Word))})"
            texts.append(f"{function}[={values[function]}]" if function in values else function)
    return texts[0][1:-1]
