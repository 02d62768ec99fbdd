"""What would mend a failed plan: a tree of advice, and VAL's words for it.

A tree is plain dicts and lists, as JSON has them. Leaves: `{"make_true": "(on a b)"}`, `{"make_false": ...}`,
`{"satisfy": "(>= (fuel t) 5)", "value": "3"}`; branches: `{"all": [...]}` and `{"any": [...]}`. A branch with one
child is no mistake: VAL prints it differently from the bare child.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from val_bridge.check import FaultKind, Verdict
from val_bridge.pddl import Literal, atom_text
from val_bridge.pddl.syntax import EQUALS
from val_bridge.pddl.tokens import Group, Node, Source, Word, read_tree
from val_bridge.semantics import Action, State, Task

Advice = dict[str, Any]

_COMPARISONS = frozenset(("<", "<=", "=", ">=", ">"))
_ARITHMETIC = frozenset("+-*/")
_STEP = "    "


def advice_tree(task: Task, verdict: Verdict) -> Advice | None:
    """The advice on a verdict's first fault; None unless that is a precondition or the goal.

    One leaf for each failing literal in the order of the text, as often as the text has it.
    """
    fault = verdict.first
    if fault is None:
        return None
    state = verdict.steps[-1].after if len(verdict.steps) else task.initial
    if fault.kind is FaultKind.GOAL:
        literals: Iterable[Literal] = task.problem.goal
    elif fault.kind is FaultKind.PRECONDITION and fault.action is not None:
        name, *arguments = fault.action.strip("()").split()
        literals = ground(task, task.action(name, tuple(arguments)), effect=False)
    else:
        return None
    return {"all": [_leaf(literal) for literal in literals if not _holds(literal, state)]}


def ground(task: Task, action: Action, *, effect: bool) -> Iterator[Literal]:
    """The literals of an action's effect or precondition in the order of the text, none left out."""
    schema = task.domain.actions[action.name]
    names = [parameter.name for parameter in schema.parameters]
    binding = dict(zip(names, action.arguments, strict=True))
    for literal in schema.effect if effect else schema.precondition:
        yield Literal(atom=tuple([binding.get(term, term) for term in literal.atom]), positive=literal.positive)


def _holds(literal: Literal, state: State) -> bool:
    atom = literal.atom
    true = atom[1] == atom[2] if atom[0] == EQUALS else atom in state
    return true is literal.positive


def _leaf(literal: Literal) -> Advice:
    return {"make_true" if literal.positive else "make_false": atom_text(literal.atom)}


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
        elif children:
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
        return f"{'Do NOT satisfy' if negated else 'Satisfy'} {_infix(inner, leaf.get('value'))}"
    atom = text[inner.start : inner.end]
    return f"Satisfy derived predicate {f'(NOT {atom})' if negated else atom}!"


def _infix(comparison: Group, value: str | None) -> str:
    """`(>= (fuel t) 5)` -> `(fuel t)[=3] >= 5`; the value is the left side's, if that is one function."""
    texts: list[str] = []
    # Post-order without recursion: a node comes back as a tuple once its parts are on `texts`.
    waiting: list[Node | tuple[str, int]] = [comparison]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Word):
            texts.append(node.text)
        elif not isinstance(node, Group):
            sign, count = node
            parts = texts[-count:]
            del texts[-count:]
            texts.append(f"({f' {sign} '.join(parts)})" if count > 1 else f"{sign}{parts[0]}")
        elif node.head in _ARITHMETIC or node is comparison:
            waiting.append((node.head, len(node.items) - 1))
            waiting += reversed(node.items[1:])
        else:
            shown = f"[={value}]" if value is not None and node is comparison.items[1] else ""
            texts.append(f"({' '.join(item.text for item in node.items if isinstance(item, Word))}){shown}")
    return texts[0][1:-1]
