"""Texts of any length of each kind: some say nothing, some are right and long, some hide what might take long."""

from __future__ import annotations

import json
from collections.abc import Callable

from planlearn.chains import find_plan, read_answer
from tests.fuzz.oracles import Kind
from tests.val_bridge.conftest import BLOCKS_DOMAIN, BLOCKS_PROBLEM
from val_bridge import (
    SourceError,
    chain_answer,
    check_chain,
    check_plan,
    plan_answer,
    read_chain,
    read_domain,
    read_plan,
    read_problem,
    read_task,
    transcript,
)
from val_bridge.dialect.transcript import plan_times

Text = Callable[[int], str]
"""A text of about so many characters."""


def judged(kind: Kind, text: str) -> str:
    """What became of the text: the kind and place of what refused it, or the verdict."""
    try:
        if kind == "domain":
            return f"{len(read_domain(text).actions)} actions"
        if kind == "problem":
            return f"{len(read_problem(text, read_domain(BLOCKS_DOMAIN)).initial)} facts"
        task = read_task(BLOCKS_DOMAIN, BLOCKS_PROBLEM)
        if kind == "plan":
            plan = read_plan(text)
            verdict = check_plan(task, plan)
            json.dumps(plan_answer(task, verdict))
            transcript(task, plan, verdict, times=plan_times(text, plan))
        elif kind == "answer":
            found = find_plan(text, task)
            assert isinstance(found.skipped, tuple)
            if found.plan is None:
                return "no plan" if found.error is None else f"unreadable at {found.error.line}:{found.error.column}"
            verdict = check_plan(task, found.plan)
        else:
            parsed = read_chain(text) if kind == "json" else read_answer(text, task).chain
            if parsed is None:
                return "no chain"
            verdict = check_chain(task, parsed)
            json.dumps(chain_answer(task, verdict))
    except SourceError as error:
        return f"{error.kind} at {error.line}:{error.column}"
    return f"{verdict.outcome.value}, {verdict.plan_length} steps"


def repeated(piece: str) -> Text:
    return lambda size: piece * (size // len(piece))


def wrapped(before: str, piece: str, after: str, behind: str = "") -> Text:
    """The piece many times between two texts; with `behind`, that as often after it: nesting."""
    return lambda size: before + piece * (count := size // len(piece + behind)) + behind * count + after


def numbered(before: str, piece: str, after: str) -> Text:
    """The piece with a running number in place of `#`."""
    return lambda size: before + "".join(piece.replace("#", f"{n}") for n in range(size // (len(piece) + 4))) + after


NOTHING: dict[str, Text] = {
    "open": repeated("("),
    "closed": repeated(")"),
    "spaces": repeated(" "),
    "short lines": repeated("a b\n"),
    "empty lines": repeated("\n"),
    "one name": repeated("a"),
    "digits": wrapped("", "1", "x"),
    "nul": repeated("\x00"),
    "comments": repeated(";\n"),
    "one comment": repeated(";"),
    "brackets": repeated("[{"),
    "dashes": repeated("a-"),
    "quotes": repeated('"\\'),
}
"""Texts that are nothing at all, read as every kind."""

_DOMAIN, _PROBLEM = BLOCKS_DOMAIN.rstrip().removesuffix(")"), BLOCKS_PROBLEM.rstrip().removesuffix(")")
_ACTION = "(define (domain d) (:predicates (p) (q ?x)) (:functions (f)) (:action a :parameters (?x) "
_BLOCKS = "(define (problem p) (:domain blocks) (:objects a b c "
_REST = ") (:init (handempty) (clear a)) (:goal (clear a)))"
_STEPS = "(unstack b a)\n(stack b a)\n"
_CHAIN_STEPS = (
    "unstack b a takes on b a, clear b, handempty gives holding b, clear a\n"
    "stack b a takes clear a, holding b gives on b a, clear b, handempty\n"
)
_STATE = '{"action": "(pick-up c)", "state": ["(holding c)", "(clear b)"]},'

PARTICULAR: dict[Kind, dict[str, Text]] = {
    "domain": {
        "actions": numbered(_DOMAIN, "(:action a# :parameters (?x) :effect (clear ?x))\n", ")"),
        "types": numbered("(define (domain d) (:types ", "t# ", "))"),
        "descent": lambda size: "(define (domain d) (:types "
        + " ".join(f"t{n} - t{n + 1}" for n in range(size // 45))
        + f") (:constants {' '.join(f'c{n} - t{n}' for n in range(size // 45))}) (:predicates (p ?x - t{size // 90}))"
        + f"(:action a :effect (and {' '.join(f'(p c{n})' for n in range(size // 90))})))",
        "conjunction": wrapped(_ACTION + ":precondition (and ", "(q ?x)", ")))"),
        "nested and": wrapped(_ACTION + ":precondition ", "(and (p) ", ")))", ")"),
        "nested not": wrapped(_ACTION + ":precondition ", "(not ", ")))", ")"),
        "nested effect": wrapped(_ACTION + ":effect ", "(and (p) ", ")))", ")"),
        "nested when": wrapped(_ACTION + ":effect ", "(when (p) ", ")))", ")"),
        "nested sum": wrapped(_ACTION + ":precondition (< 1 ", "(+ 1 ", "))))", ")"),
        "quantifiers": wrapped(_ACTION + ":precondition (and ", "(forall (?x) (q ?x))", ")))"),
        "parameters": lambda size: _ACTION.replace("?x) ", " ".join(f"?x{n}" for n in range(size // 20)) + ") ")
        + ":precondition (and "
        + "(forall (?x1) (q ?x1))" * (size // 50)
        + ")))",
        "axioms": wrapped(_DOMAIN, "(:derived (handempty) (clear ?x))", ")"),
        "axiom": wrapped(_DOMAIN + "(:derived (handempty) (exists (?x) (and ", "(clear ?x) ", "))))"),
        "digits": wrapped(_ACTION + ":precondition (= (f) ", "1", "x))))"),
        "requirements": wrapped("(define (domain d) (:requirements ", ":strips ", "))"),
        "unknown requirement": wrapped("(define (domain d) (:requirements :", "s", "))"),
    },
    "problem": {
        "objects": numbered(_BLOCKS, "o# ", _REST),
        "facts": lambda size: f"{_BLOCKS}{' '.join(f'o{n}' for n in range(size // 24))}) (:init "
        + " ".join(f"(on o{n} a)" for n in range(size // 24))
        + ") (:goal (clear a)))",
        "one fact": wrapped(_BLOCKS + ") (:init ", "(clear a) ", ") (:goal (clear a)))"),
        "goals": wrapped(_BLOCKS + ") (:init) (:goal (and ", "(clear a) ", ")))"),
        "nested goal": wrapped(_BLOCKS + ") (:init) (:goal ", "(or (clear a) ", "))", ")"),
        "deep goal": wrapped(_BLOCKS + ") (:init) (:goal ", "(imply (clear a) ", "))", ")"),
        "digits": wrapped(_BLOCKS + ") (:init (= (f) ", "1", "x)) (:goal (clear a)))"),
        "objects twice": wrapped(_BLOCKS, "o ", _REST),
    },
    "plan": {
        "steps": repeated(_STEPS),
        "one line": repeated(_STEPS.replace("\n", " ")),
        "stamped": numbered("", "#: (unstack b a)\n#.5: (stack b a) [1]\n", ""),
        "long duration": wrapped("0: (unstack b a) [", "1", "]\n1: (stack b a)"),
        "long stamp": wrapped("", "1", ": (unstack b a)"),
        "long number": wrapped("", "1", "x (unstack b a)"),
        "arguments": wrapped("(unstack ", "b ", ")"),
        "comments": repeated("(unstack b a) ; x\n(stack b a)\n"),
        "nested": repeated("(unstack "),
    },
    "answer": {
        "steps": repeated(_STEPS),
        "one line": repeated("unstack b a, then stack b a, "),
        "numbered": numbered("", "#. unstack b a\n", ""),
        "english": repeated("unstack the blue block from on top of the red block\n"),
        "prose": repeated("I pick up what I can, since the plan is not clear to me. "),
        "prose lines": repeated("Then I pick up the red block and think.\n"),
        "headings": repeated("Plan:\nstack b a\n"),
        "marks": repeated("[PLAN]\nstack b a\n[PLAN END]\n"),
        "open marks": repeated("[PLAN "),
        "thoughts": repeated("<think>\n(stack b a)\n</think>\n"),
        "fences": repeated("```\n(stack b a)\n"),
        "loose group": wrapped("(unstack ", "b ", ""),
        "dashed block": wrapped("unstack block ", "a-", "b_ from the red block"),
        "remarks": wrapped("stack b a ", "(stack ", ""),
        "leads": wrapped("", "1. ", "stack b a"),
        "lead numbers": wrapped("", "1 (plan (", ""),
        "step words": wrapped("", "step ", "1: stack b a"),
        "colons": repeated("plan: "),
        "dots behind": wrapped("stack b a ", ".", "x"),
        "unknown actions": numbered("", "(fly# b a)\n", ""),
        "misspelt": repeated("unstak the red block from the blue block\n"),
        "chain": wrapped("Chain:\n", _CHAIN_STEPS, "Plan:\nunstack b a\n"),
        "JSON chain": wrapped("[", _STATE, '{"action": "(pick-up c)"}]'),
        "JSON list": wrapped("[", '"(pick-up c)", ', '"(pick-up c)"]'),
        "JSON, cut": wrapped("[", _STATE, ""),
        "JSON lines": repeated('{"state": ["(clear b)"], "action": "(pick-up c)"}\n'),
        "JSON, no chain": repeated('[{"a": ["b"]}]\n'),
        "JSON, nested": wrapped("", '[{"a":\n', "1", "}]\n"),
        "JSON, one number": wrapped('[{"action": "(pick-up c)", "n": ', "1", "}]"),
        "JSON, one string": wrapped('[{"action": "(pick-up c)", "n": "', "a", '"}]'),
        "JSON, open strings": repeated('["a\n'),
        "JSON, actions in an item": wrapped('[{"a": [', '{"action": "a"}, ', '1], "action": "(pick-up c)"}]'),
        "unknown groups": repeated("(fly b a) (see above), "),
        "unknown groups, one action": wrapped("", "(fly b a); ", "(stack b a)"),
        "call over lines": wrapped("(unstack", "\n b", ")"),
        "labels": repeated("a: (b) -> "),
        "glued": wrapped("stack b a, ", "stack_", "b"),
        "negated": repeated("do not, so "),
        "tags": repeated("<li>"),
        "plan section": wrapped("Chain:\nPlan:\n", "unstack b a\nstack b a\n", ""),
    },
    "chain": {
        "steps": wrapped("Chain:\n", _CHAIN_STEPS, "Plan:\nunstack b a\n"),
        "states": wrapped("Chain:\n", "unstack b a\nstate holding b, clear a, ontable a\n", ""),
        "unread": wrapped("Chain:\n", "state clear a\n", ""),
        "purposes": wrapped("Chain:\n", "for clear a\n", ""),
        "lookups": wrapped("Chain:\nfor on a b: ", "clear b no, ", "clear a yes\nunstack b a\n"),
        "levels": wrapped("Chain:\nfor on a b", ": clear b no", ": clear a yes\nunstack b a\n"),
        "goals before": wrapped("Chain:\nfor on a b", " after clear b no", ": clear a yes\nunstack b a\n"),
        "preparations": wrapped("Chain:\ngoals on a b no", " clear b no", "\nunstack b a\n"),
        "one state": wrapped("Chain:\nunstack b a\nstate ", "clear a, ", "clear a\n"),
        "unknown facts": numbered("Chain:\nunstack b a\nstate ", "clearr# a, ", "clear a\n"),
        "parts": wrapped("Chain:\nunstack b a ", "needs ", "clear a\n"),
    },
    "json": {
        "steps": wrapped("[", _STATE, '{"action": "(pick-up c)"}]'),
        "nested list": wrapped("", "[", "", "]"),
        "nested state": wrapped('[{"state": ', "[", "}]", "]"),
        "nested object": wrapped('[{"state": ', '{"a": ', "1}]", "}"),
        "one number": wrapped('[{"state": [', "1", "]}]"),
        "one string": wrapped('[{"state": ["', "a", '"]}]'),
        "one fact": wrapped('[{"state": ["(on ', "a ", ')"]}]'),
        "one key": wrapped('[{"', "a", '": 1}]'),
        "keys": numbered("[{", '"k#": 1, ', '"k": 1}]'),
        "a key twice": numbered("[{", '"k#": 1, ', '"k0": 1}]'),
        "unknown facts": numbered('[{"state": [', '"(clearr# a)", ', '"(clear a)"]}]'),
        "unknown objects": numbered('[{"state": [', '"(clear b#)", ', '"(clear a)"]}]'),
        "parentheses": wrapped('[{"state": ["', "(", '"]}]'),
    },
}
"""Texts that are a long something of their kind."""

LARGE: dict[tuple[Kind, str], Text] = {
    **{(kind, name): text for kind in PARTICULAR for name, text in NOTHING.items()},
    **{(kind, name): text for kind, texts in PARTICULAR.items() for name, text in texts.items()},
}
