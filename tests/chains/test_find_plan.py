"""The lenient reader: one answer for each way that models dress a plan, all of them written for these tests."""

import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planlearn.chains import ChainStyle, SkipReason, answer_segments, find_plan, read_answer
from planlearn.chains.english import domain_wording, make_wording
from planlearn.problems import domain_names, domain_text, domain_words, load_named_domain
from tests.walks import NAMES, walk
from val_bridge import SourceError, Task, read_plan, read_task

BLOCKS = read_task(
    domain_text("blocksworld"),
    "(define (problem p) (:domain blocksworld-4ops) (:objects a b c d) (:init (handempty) (on c a) (ontable a)"
    " (ontable b) (ontable d) (clear b) (clear c) (clear d)) (:goal (and (on a b) (on c d))))",
)
MYSTERY = read_task(
    domain_text("mystery_blocksworld"),
    "(define (problem p) (:domain mystery-4ops) (:objects a b c d) (:init (harmony) (craves c a) (planet a)"
    " (planet b) (planet d) (province b) (province c) (province d)) (:goal (craves a b)))",
)
LOGISTICS = read_task(
    domain_text("logistics"),
    "(define (problem p) (:domain logistics-strips) (:objects p0 p1 t0 t1 a0 a1 c0 c1 l0-0 l0-1 l1-0 l1-1)"
    " (:init (obj p0) (obj p1) (truck t0) (truck t1) (airplane a0) (airplane a1) (city c0) (city c1)"
    " (location l0-0) (location l0-1) (location l1-0) (location l1-1) (airport l0-0) (airport l1-0)"
    " (in-city l0-0 c0) (in-city l0-1 c0) (in-city l1-0 c1) (in-city l1-1 c1) (at t0 l0-0) (at t1 l1-0)"
    " (at a0 l0-0) (at a1 l1-0) (at p0 l0-1) (at p1 l1-0)) (:goal (at p0 l1-1)))",
)
UNSTACK, PUT_DOWN, PICK_UP, STACK = "(unstack c a)", "(put-down c)", "(pick-up a)", "(stack a b)"
FOUR = f"{UNSTACK} {PUT_DOWN} {PICK_UP} {STACK}"


def plan_of(text: str, task: Task = BLOCKS) -> str:
    """The calls of the plan in one line; raises where there is none."""
    found = find_plan(text, task)
    assert found.error is None, found.error
    assert found.plan is not None, found
    return " ".join(map(str, found.plan.calls))


DRESSED = {
    "bare": "(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n",
    "upper case": "(UNSTACK C A)\n(Put-Down c)\n(PICK-UP A)\n(Stack a B)",
    "prose around": "Sure! Here is what to do.\n\n(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n\nHave fun.",
    "fence": "The plan:\n```pddl\n(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n```\nThat is all.",
    "tildes for a fence": "~~~\n(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n~~~",
    "marks": "[PLAN]\n(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n[PLAN END]",
    "other marks": "[QUERY_PLAN]\n(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n[QUERY_PLAN_END]",
    "an end mark alone": "(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n[PLAN END]",
    "marks on the lines": "[PLAN] (unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b) [PLAN_END]",
    "tags": "<think>(pick-up b) first? No.</think>\n"
    "<plan>\n(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n</plan>",
    "PDDL around": "(plan\n(unstack c a)\n(put-down c)\n(pick-up a)\n(stack a b)\n)\n(plan_end)",
    "PDDL around, one line": "(plan (unstack c a) (put-down c) (pick-up a) (stack a b))",
    "numbers": "1. (unstack c a)\n2) (put-down c)\n(3) (pick-up a)\n4: (stack a b)",
    "steps": "Step 1: unstack c a\nStep 2 - put-down c\n**Step 3.** pick-up a\n### Step 4\nstack a b",
    "time stamps": "0: (unstack c a) [1]\n1: (put-down c) [1]\n2.000: (pick-up a)\n3.000: (stack a b)",
    "bullets": "- (unstack c a)\n* (put-down c)\n• (pick-up a)\n+ (stack a b)",
    "emphasis": "1. **(unstack c a)**\n2. *put-down* `c`\n3. __pick-up a__\n4. ***Stack*** **a** `b`",
    "a quote": "> (unstack c a)\n> (put-down c)\n> (pick-up a)\n> (stack a b)",
    "a table": "| 1 | unstack c a |\n|---|---|\n| 2 | put-down c |\n| 3 | pick-up a |\n| 4 | stack a b |",
    "no parentheses": "unstack c a\nput-down c\npick-up a\nstack a b",
    "half of the parentheses": "(unstack c a\nput-down c)\n(pick-up a\n(stack a b))",
    "blanks inside": "( unstack  c\ta )\n(put-down c )\n  ( pick-up a)\n(stack a   b)",
    "commas": "unstack c, a\n(put-down, c),\n(pick-up a),\nstack(a, b)",
    "as functions": "unstack(c, a)\nput-down(c);\npick_up(a)\nStack(a,b).",
    "blanks for hyphens": "unstack c a\nput down c\npick up a\nstack a b",
    "one line": "(unstack c a) (put-down c) (pick-up a) (stack a b)",
    "one line, commas": "Plan: unstack c a, put-down c, pick-up a, stack a b.",
    "arrows": "(unstack c a) -> (put-down c) → (pick-up a) => (stack a b)",
    "one sentence": "The plan is (unstack c a), (put-down c), then (pick-up a) and finally (stack a b).",
    "a JSON list": '["(unstack c a)", "(put-down c)", "(pick-up a)", "(stack a b)"]',
    "comments": "; four steps\n(unstack c a) ; frees a\n(put-down c) // to the table\n(pick-up a) # now a\n(stack a b)",
    "remarks": "unstack c a (a is free now)\nput-down c - the hand is empty\npick-up a: it is clear\nstack a b, done",
    "ordinals": "First, unstack c from a.\nThen put down c.\nNext, pick up a.\nFinally, stack a on b.",
    "English": "unstack the orange block from on top of the red block\nput down the orange block\n"
    "pick up the red block\nstack the red block on top of the blue block",
    "English, shorter": "1. Unstack orange block from red block\n2. Put down the orange block on the table.\n"
    "3. Pick up the red block from the table\n4. Stack red block on blue block",
    "English, our own sentences": "unstack block c from block a\nput block c down on the table\n"
    "pick up block a from the table\nstack block a on block b",
    "English with reasons": "1. Unstack the orange block from the red block, because red must move.\n"
    "2. Put down the orange block (on the table)\n3. Pick up the red block to complete the tower.\n"
    "4. Stack the red block on the blue block, achieving the goal.",
    "English, letters": "Unstack block C from block A\nPut C down\nPick up A\nPut A on top of B",
    "two sentences a line": "Unstack the orange block from the red block, then put down the orange block.\n"
    "Pick up the red block and stack the red block on the blue block.",
    "states between": "State: clear b, on c a\n(unstack c a)\nState: (holding c) (clear a)\n(put-down c)\n"
    "clear a, clear c, handempty\n(pick-up a)\n- (holding a)\n(stack a b)\nResult: (on a b)",
    "claims behind": "unstack c a takes clear c, handempty, on c a gives clear a, holding c\n"
    "put-down c takes holding c gives clear c, handempty, ontable c\nleft on a b\n"
    "pick-up a takes clear a, handempty, ontable a gives holding a\nstack a b takes clear b, holding a",
    "a chain in JSON": '[{"state": ["(on c a)"]},\n {"action": "(unstack c a)", "state": ["(holding c)"]},\n'
    ' {"action": "(put-down c)", "state": []},\n {"action": "(pick-up a)"},\n {"action": "(stack a b)"}]',
    "a chain in JSON, one line": '[{"state": ["(on c a)"]}, {"action": "(unstack c a)", "state": ["(holding c)"]}, '
    '{"action": "(put-down c)", "state": []}, {"action": "(pick-up a)"}, {"action": "(stack a b)"}]',
    "a chain in JSON, spread out": 'Plan:\n```json\n[\n {\n  "state": [],\n  "action": "(unstack c a)"\n },\n {\n'
    '  "action":\n   "(put-down c)"\n }, {"action": "pick up the red block"},\n'
    '{"action": "stack a b", "step": 4}\n]\n```\nDone.',
    "a chain in JSON behind words": 'My answer: [{"action": "(unstack c a) (put-down c)"}, {"action": "(pick-up a)"},'
    ' {"action": "(stack a b)"}] That is all.',
    "a chain in JSON in an object": '{"goal": ["(on a b)"], "plan": [{"action": "(unstack c a)"},'
    ' {"action": "(put-down c)"}, {"action": "(pick-up a)"}, {"action": "(stack a b)"}]}',
    "a JSON object a line": '{"state": ["(on c a)"], "action": "(unstack c a)"}\n{"state": [], "action": "(put-down c)"}\n'
    '{"step": 3, "action": "(pick-up a)"}\n{"action": "(stack a b)", "state": ["(on a b)"]}',
    "a chain in JSON with escapes": '[{"action": "\\u0028unstack c a) (put-down\\tc)"},'
    ' {"Action": "(pick-up a)\\n(stack a b)"}]',
    "letters": "A. (unstack c a)\nb) put-down c\n(c) Pick up a\nd: (stack a b)",
    "Roman numerals": "i. (unstack c a)\nii. (put-down c)\niii) (pick-up a)\niv) (stack a b)",
    "labels": "t=1: (unstack c a)\nhand: (put-down c)\nState 2 -> (pick-up a)\nState 3 (all clear) | (stack a b)",
    "angle brackets": "<unstack c a>\n1. <put-down c>\n<(pick-up a)>, <stack a b>",
    "tags of steps": "<action>(unstack c a)</action>\n<li>put-down c</li><li>pick-up a</li>\n"
    '<step id="4">(stack a b)</step><br/>',
    "parentheses around calls": "((unstack c a))\n( ( (put-down c) )\n((pick-up a) (stack a b))",
    "parentheses before calls": "(optional) (unstack c a)\n(holding c) (put-down c)\n(hand empty), (pick-up a) (stack a b)",
    "calls over several lines": "(unstack\n c ; on top\n a)\n; then\n(put-down\tc)(pick-up\r\na)\n(STACK a\n\n b)",
    "time stamps, calls over lines": "0: (unstack\n c a) [1]\n1: (put-down c) [1]\n2.000: (pick-up\n a)\n3.000: (stack a b)",
    "explained below": f"Plan:\n{FOUR}\n\nThis plan works as follows:\n1. (unstack c a) frees a\n2. Stack comes last.",
    "explained because": f"{FOUR}\nThis is correct because:\n1. Pick up needs a clear block.",
    "thoughts before marks": f"I could (pick-up b).\n(pick-up b)\nstack b a?\n[PLAN]\n{FOUR}\n[PLAN END]",
    "words after marks": f"[PLAN]\n{FOUR}\n[PLAN END]\n1. Unstack the orange block first, as red is below it.",
    "two plans": f"Here is a plan:\n(pick-up b)\n(stack b c)\n\nHowever, it can be optimized to:\n{FOUR}",
    "two marked plans": f"[PLAN]\n(pick-up b)\nstack it\nWait. Let me start again.\n[PLAN]\n{FOUR}\n[PLAN END]",
    "two fences": f"A first plan:\n```\n(pick-up b)\n```\nA better plan:\n```\n{FOUR}\n```",
    "loose actions, then a fence": f"pick-up b\nstack it, or not?\n```\n{FOUR}\n```",
    "a fence a step": "1. First\n```\n(unstack c a)\n```\n2. Then\n```\n(put-down c)\n```\n"
    "```\n(pick-up a)\n(stack a b)\n```",
    "numbers that go on": "Plan:\n1. (unstack c a)\n2. (put-down c)\nThe second half of the plan:\n"
    "3. (pick-up a)\n4. (stack a b)",
    "another problem follows": f"{FOUR}\n[PLAN END]\n\n[STATEMENT]\nNow c is on b.\n[PLAN]\n(unstack c b)\n[PLAN END]",
    "a thought without its start": f"pick-up b? stack it?\n(pick-up b)\n</think>\n{FOUR}",
    "no marks of lines": "(unstack c a)\r\n(put-down c)\r\n\ufeff(pick-up a)\u00a0\r\n(stack a b)\r\n",
    "typographic hyphens": "(unstack c a)\n(put‑down c)\nPick–up a\nstack a b",
}


@pytest.mark.parametrize("name", DRESSED)
def test_a_plan_is_found_in_every_dress(name: str) -> None:
    assert plan_of(DRESSED[name]) == FOUR


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("feast object c from object a\nsuccumb object c\n", "(feast c a) (succumb c)"),
        ("Attack object B\nOvercome object b from the object a.\n[PLAN END]", "(attack b) (overcome b a)"),
        ("1. attack b\n2. overcome b from a", "(attack b) (overcome b a)"),
        ("FEAST c a\n(Succumb c)", "(feast c a) (succumb c)"),
    ],
)
def test_mysterys_sentences(text: str, plan: str) -> None:
    assert plan_of(text, MYSTERY) == plan


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("drive truck_0 from location_0_0 to location_0_1 in city_0", "(drive-truck t0 l0-0 l0-1 c0)"),
        ("Fly airplane_1 from location_1_0 to location_0_0.", "(fly-airplane a1 l1-0 l0-0)"),
        ("load package_1 into airplane_1 at location_1_0", "(load-airplane p1 a1 l1-0)"),
        ("load package_1 into truck_1 at location_1_0", "(load-truck p1 t1 l1-0)"),
        ("unload package_0 from truck_1 at location_1_1", "(unload-truck p0 t1 l1-1)"),
        ("unload package_0 from airplane_0 at location_1_0", "(unload-airplane p0 a0 l1-0)"),
        ("Load package 1 into truck 1 at location 1-0", "(load-truck p1 t1 l1-0)"),
        ("Drive truck t0 from location l0-0 to location l0-1 within city c0", "(drive-truck t0 l0-0 l0-1 c0)"),
        ("load object_1 into truck_1 at location_1_0", "(load-truck p1 t1 l1-0)"),
        ("- load package\\_1 into truck\\_1 at location\\_1\\_0", "(load-truck p1 t1 l1-0)"),
        ("LOAD-TRUCK p1 t1 l1-0\nLoad Truck p1, t1, l1-0", "(load-truck p1 t1 l1-0) (load-truck p1 t1 l1-0)"),
    ],
)
def test_logistics_sentences(text: str, plan: str) -> None:
    """"load" is two actions; the static facts of the task tell a truck from an airplane."""
    assert plan_of(text, LOGISTICS) == plan


UNKNOWN = [
    "(noop)", "(wait)", "(teleport c mars)", "(move c table)", "(move z to table)", "(goto z)", "(unstack-c-a)",
    "(pick-up_b)", "(put c table)", "(stack_a_b)",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("(fly a b)\n(stack a b)", "(fly a b) (stack a b)"),
        ("(unstack c)", "(unstack c)"),
        ("stack a b c", "(stack a b c)"),
        ("unstack c, and, a", "(unstack c)"),
        ("(stack a on b)", "(stack a on b)"),
        ("(pickup a)", "(pickup a)"),
        ("(pick-up z)", "(pick-up z)"),
        ("pick-up z", "(pick-up z)"),
        ("move a b\nstack a b", "(move a b) (stack a b)"),
        *((f"Plan.\n{x}{call}\n{STACK}", f"{call} {STACK}") for x in ("", "1. ", "- ", "0.5: ", "A) ") for call in UNKNOWN),
        *((f"{call}\n{STACK}", f"{call} {STACK}") for call in UNKNOWN),
        *((f"Plan.\n(noop) {STACK}{end}", f"(noop) {STACK}") for end in ("", " ; done", "\n")),
        ("Plan.\n(teleport c mars) ; away\n2: (goto z) [1]", "(teleport c mars) (goto z)"),
        ("(unstack c a)\n(STAC", "(unstack c a) (stac)"),
        ("pick up the white block", "(pick-up e)"),
    ],
)
def test_what_the_task_lacks_is_left_to_the_checker(text: str, plan: str) -> None:
    assert plan_of(text) == plan


BROKEN = {
    "an object that is none": "(unstack c a)\npick up the pink block\n(stack a b)",
    "another preposition": "unstack the orange block from under the red block",
    "two sentences in one": "put down the red block on top of the blue block",
    "nonsense behind": "(unstack c a)\npick-up a xyzzy plugh\n(stack a b)",
    "a pronoun": "(unstack c a)\npick up the red block, then stack it on the blue block",
    "an action in a gloss": "unstack c from a (pick up c)",
    "prose that begins so": "(unstack c a)\nStack order matters here.",
    "a bracket inside": "(unstack c a)\n({pick-up a)\n(stack a b)",
    "a call inside a call": "(unstack c a)\n(print 'pick-up a)\n(stack a b)",
    "a misspelt verb": "unstak the orange block from the red block\nput down the orange block",
    "a misspelt verb of two words": "unstack c a\npikc up the red block",
    "a label before": "Step 3: stack the lot",
    "a name glued to its object": "pick-up_b\n(unstack c a)",
    "a name glued to its object by a hyphen": "(unstack c a)\n2. pick-up-b",
    "names glued together": "(unstack c a)\nThen stack_a_b.",
    "a sentence glued together": "(unstack c a)\nput_c_on_the_table",
    "glued behind a label": "Plan: stack_a_b",
    "glued behind an action": "(unstack c a), put-down_c\n(pick-up a)",
    "parentheses around what cannot be read": "((pick up the pink block))",
    "an action in JSON that is none": '[{"action": "(unstack c a)"}, {"action": "and so on"}]',
    "an action in JSON that is no text": '[{"action": "(unstack c a)"}, {"action": ["put-down", "c"]}]',
    "an action in a JSON list": '["(unstack c a)", "stack whatever"]',
    "in marks": "(pick-up b)\n[PLAN]\n(unstack c a)\nstack whatever\n[PLAN END]",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_line_that_begins_as_an_action_is_never_skipped(name: str) -> None:
    found = find_plan(BROKEN[name], BLOCKS)
    assert found.plan is None and not found.no_plan
    assert isinstance(found.error, SourceError) and found.error.kind == "plan_syntax"


def test_an_unreadable_line_is_shown_with_its_place() -> None:
    found = find_plan("Plan:\n1. (unstack c a)\n2.  pick up the pink block\n", BLOCKS)
    assert str(found.error) == (
        "answer:3:5: expected the objects of 'pick up' and nothing else, found 'pick up the pink block'"
    )


NO_PLAN = {
    "nothing": "",
    "blanks": " \n\t\n",
    "prose": "I am sorry, there is no way to reach the goal.\nThe hand is empty and block a is clear.",
    "prose that speaks of actions": "One would unstack c and then stack it. Picking up a is not possible.",
    "empty marks": "[PLAN]\n[PLAN END]",
    "an empty fence": "Here is the plan:\n```\n```",
    "a state": "(on c a)\n(clear c)\n- (handempty)\nclear b\nontable a",
    "a thought alone": "<think>\n(unstack c a)\n(put-down c)\n",
    "a remark in parentheses": "(Note that the hand is empty)\n(see above)",
    "a comment": "; (unstack c a)",
    "remarks in parentheses": "(Note that b is clear)\n(optional)\n(end)\n(done)\n(plan)\n(a)\n(The hand)\n(goal achieved)"
    "\n(and so on)\n(continued)\n(Now put on a)",
    "facts in parentheses": "(on a b)\n(on-table a)\n(hand empty)\n(not clear)\n(init)\n(ontable z)",
    "no chains in JSON": '[{"state": ["(on a b)"]}]\n["(on a b)", "(clear a)"]\n["a"]\n[{"name": "x"}]\n{"a": 1}'
    '\n[1, "\n[{"',
    "objects": "block a\nblock b\nthe red block",
}


@pytest.mark.parametrize("name", NO_PLAN)
def test_prose_is_no_plan_and_never_the_empty_one(name: str) -> None:
    found = find_plan(NO_PLAN[name], BLOCKS)
    assert found.no_plan and found.plan is None and found.error is None


NEGATED = [
    "Do not (pick-up b).", "We cannot do (pick-up b) because the hand is full.", "The plan cannot start with (pick-up b).",
    "If we execute (pick-up b), the hand would be full.", "Don't do (pick-up b)!", "You should never execute (pick-up b)",
    "We could do (pick-up b), which leads nowhere.", "One would perform (pick-up b).", "Should we do (pick-up b)?",
    "There is no plan with (pick-up b).", "Unless we do (pick-up b)", "Rather than do (pick-up b)",
    "We won’t do (pick-up b)", "This is no step: (pick-up b)", "If it were clear, we would do: (pick-up b)",
    "Instead of: (pick-up b)", "Do not do: pick up b", 'Do not do: [{"action": "(pick-up b)"}]', "(do not) (pick-up b)",
    "Reason: (pick-up b)",
]  # fmt: skip


@pytest.mark.parametrize("line", NEGATED)
def test_words_before_a_call_that_negate_or_suppose_it_make_it_prose(line: str) -> None:
    found = find_plan(f"{line}\n{DRESSED['bare']}", BLOCKS)
    assert found.plan is not None and " ".join(map(str, found.plan.calls)) == FOUR
    assert [(s.text, s.reason) for s in found.skipped] == [(line, SkipReason.PROSE)]


@pytest.mark.parametrize(
    "line",
    [
        "The plan would be: {}", "The first action could be {}", "Block b is not clear, so we do {}",
        "If b is to be reached, the plan is: {}", "Action no. 1 is {}", "We should do {} because c is on a.",
        "Now we can execute {}", "Since it is not over yet, we execute {}",
    ],
)  # fmt: skip
def test_words_that_negate_something_else_leave_a_call_a_step(line: str) -> None:
    assert plan_of(line.format(UNSTACK)) == UNSTACK


def test_a_remark_in_parentheses_beside_a_strict_plan_is_no_action() -> None:
    """Read strictly such a text has an unknown action; leniently facts and remarks may stand between the steps."""
    for remark in ("(see above)", "(Note that b is clear)", "(done)", "(holding c)", "(hand empty)", "(objects a b)"):
        assert len(read_plan(f"{UNSTACK}\n{remark}\n(put-down c)")) == 3
        assert plan_of(f"{UNSTACK}\n{remark}\n(put-down c)") == f"{UNSTACK} (put-down c)"


def test_what_a_strict_plan_has_beside_its_calls_is_listed() -> None:
    text = "; two steps\n0: (unstack ; a hand\n c a) [1]\n1.5: (put-down\nc) ; there\n"
    found = find_plan(text, BLOCKS)
    assert [(s.text, s.reason, s.span.line, s.span.column) for s in found.skipped] == [
        ("; two steps", SkipReason.PROSE, 1, 1),
        ("0:", SkipReason.MARK, 2, 1),
        ("; a hand", SkipReason.REMARK, 2, 13),
        ("[1]", SkipReason.REMARK, 3, 7),
        ("1.5:", SkipReason.MARK, 4, 1),
        ("; there", SkipReason.REMARK, 5, 4),
    ]
    strict = read_plan(text, "answer")
    assert found.plan is not None and [c.span for c in found.plan.calls] == [c.span for c in strict.calls]


def test_calls_in_json_stand_where_they_are_written() -> None:
    text = '[{"state": ["(clear a)"]}, {"action": "1. (unstack c a)", "state": []},\n {"action": "\\u0028put-down c)"}]'
    found = find_plan(text, BLOCKS)
    assert found.plan is not None
    first, second = (call.span for call in found.plan.calls)
    assert first is not None and text[first.start : first.end] == UNSTACK and (first.line, first.column) == (1, 43)
    assert second is not None and text[second.start : second.end] == "\\u0028put-down c)" and second.line == 2
    assert ('{"state": ["(clear a)"]}', SkipReason.REMARK) in [(s.text, s.reason) for s in found.skipped]


@pytest.mark.parametrize("more", ["1" * 5000, "1" * 5000 + ".5e7", "NaN", '{"a": [[null, true, -1]]}'])
def test_what_else_a_json_chain_holds_does_not_matter(more: str) -> None:
    text = f'[{{"action": "(unstack c a)", "more": {more}}}, {{"action": "(put-down c)"}}]'
    assert plan_of(text) == f"{UNSTACK} {PUT_DOWN}"


@pytest.mark.parametrize("depth", [10, 1000, 100_000])
@pytest.mark.parametrize("inner", ["[]", '[{"a": ', '[["', '{"action": {"action": '])
def test_deep_json_never_raises(depth: int, inner: str) -> None:
    half = len(inner) // 2
    for text in (inner * depth, inner[:half] * depth + inner[half:] * depth, f'[{{"action": {inner * depth}'):
        assert find_plan(text, BLOCKS).plan is None


def test_what_is_skipped_is_listed_with_place_and_reason() -> None:
    text = "Well.\n[PLAN]\n1. (unstack c a) ; frees a\n[PLAN END]\n(pick-up b)\n"
    found = find_plan(text, BLOCKS)
    assert [(s.text, s.reason, s.span.line, s.span.column) for s in found.skipped] == [
        ("Well.", SkipReason.PROSE, 1, 1),
        ("[PLAN]", SkipReason.MARK, 2, 1),
        ("1.", SkipReason.MARK, 3, 1),
        ("; frees a", SkipReason.REMARK, 3, 18),
        ("[PLAN END]", SkipReason.MARK, 4, 1),
        ("(pick-up b)", SkipReason.DRAFT, 5, 1),
    ]
    assert found.plan is not None and found.plan.calls[0].span is not None
    assert (found.plan.calls[0].span.line, found.plan.calls[0].span.column) == (3, 4)


@pytest.mark.parametrize("name", [*DRESSED, *BROKEN, *NO_PLAN])
def test_every_word_is_in_the_plan_or_listed(name: str) -> None:
    """Nothing goes missing: each letter and digit of a text lies in a call, in the error or in a skipped text."""
    text = (DRESSED | BROKEN | NO_PLAN)[name]
    found = find_plan(text, BLOCKS)
    spans = [s.span for s in found.skipped]
    assert all(text[s.span.start : s.span.end] == s.text for s in found.skipped)
    if found.plan is not None:
        spans += [call.span for call in found.plan.calls if call.span]
    if found.error is None:
        covered = {at for span in spans for at in range(span.start, span.end)}
        assert [c for at, c in enumerate(text) if c.isalnum() and at not in covered] == []
    assert len({(s.start, s.end) for s in spans}) == len(spans)


@pytest.mark.parametrize("name", sorted(set(DRESSED) - {"bare", "upper case", "blanks inside", "one line"}))
def test_strictly_a_dressed_plan_is_an_error_with_its_place(name: str) -> None:
    if name in ("comments", "no marks of lines", "time stamps", "calls over several lines", "time stamps, calls over lines"):
        text = "1. " + DRESSED[name]
    else:
        text = DRESSED[name]
    with pytest.raises(SourceError) as caught:
        read_plan(text)
    assert caught.value.kind == "plan_syntax" and caught.value.line >= 1 and caught.value.column >= 1


# Our own format


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("states", ["changes", "full"])
def test_in_our_own_format_the_plan_section_counts(name: str, states: str) -> None:
    """The same as the strict reader says, also where the chain says something else."""
    task, chain = walk(name, 3, steps=4)
    segments = answer_segments(task, chain, ChainStyle(states=states))
    text = "".join(segment.text for segment in segments[1:])
    assert find_plan(text, task).plan == read_answer(text, task).plan == chain.plan
    shorter = text[: text.rstrip("\n").rfind("\n") + 1]
    found = find_plan(shorter, task)
    assert found.plan == read_answer(shorter, task).plan
    assert found.plan is not None and len(found.plan.calls) == len(chain.plan.calls) - 1


def test_in_our_own_format_one_unreadable_line_is_an_error() -> None:
    text = "Chain:\npick-up b takes clear b gives holding b\nPlan:\npick-up b\nand so on, 2 more\n"
    found = find_plan(text, BLOCKS)
    assert read_answer(text, BLOCKS).plan is None and found.plan is None
    assert found.error is not None and (found.error.line, found.error.column) == (5, 1)


def test_a_chain_alone_is_a_plan_of_its_actions() -> None:
    task, chain = walk("blocksworld", 5, steps=5)
    text = answer_segments(task, chain, ChainStyle(states="full"))[1].text
    assert read_answer(text, task).plan is None
    assert find_plan(text, task).plan == chain.plan


# Laws

DRESSES = [
    lambda i, words: f"({' '.join(words)})",
    lambda i, words: f"{i}. ({' '.join(words)})",
    lambda i, words: f"Step {i}: {' '.join(words)}",
    lambda i, words: f"- **{' '.join(words).upper()}**",
    lambda i, words: f"  {words[0]}({', '.join(words[1:])}).",
    lambda i, words: f"({' '.join(words)}",
    lambda i, words: f"> {i}) `({' '.join(words)})` ; because it must be",
]
AROUND = [
    ("", ""),
    ("Here is the plan:\n\n", "\nThis reaches the goal."),
    ("```\n", "\n```\n"),
    ("Thinking...\n[PLAN]\n", "\n[PLAN END]\nDone."),
    ("<answer>", "</answer>"),
]


@given(
    st.sampled_from(NAMES), st.integers(0, 30), st.integers(1, 6), st.sampled_from(AROUND),
    st.lists(st.sampled_from(DRESSES), min_size=6, max_size=6), st.sampled_from(["\n", "\r\n", "\n\n"]),
)  # fmt: skip
def test_any_plan_in_any_dress_reads_back(name, seed, steps, around, dresses, end) -> None:
    task, chain = walk(name, seed, steps=steps)
    calls = chain.plan.calls
    lines = [dress(i, [c.name, *c.arguments]) for i, (c, dress) in enumerate(zip(calls, dresses, strict=False), 1)]
    assert find_plan(around[0] + end.join(lines) + around[1], task).plan == chain.plan


BLANKS = ["  ", "\t", "\n", " \r\n ", " ; (a comment)\n", "\n;\n"]


@given(
    st.sampled_from(NAMES), st.integers(0, 30), st.lists(st.sampled_from([None, *UNKNOWN]), min_size=1, max_size=6),
    st.booleans(), st.booleans(), st.data(),
)  # fmt: skip
def test_a_plan_in_strict_pddl_is_read_as_the_strict_reader_does(name, seed, unknown, upper, stamps, data) -> None:
    """However its blanks, letters and times are written, and also where its actions are none of the domain's."""
    task, chain = walk(name, seed, steps=len(unknown))
    calls = [other or str(call) for other, call in zip(unknown, chain.plan.calls, strict=False)]
    text = ""
    for i, call in enumerate(calls):
        text += data.draw(st.sampled_from(BLANKS)) + (f"{i}.5: " if stamps else "")
        text += "".join(data.draw(st.sampled_from([" ", *BLANKS])) if c == " " else c for c in call)
        text += " [1.0]" if stamps and data.draw(st.booleans()) else ""
    text = text.upper() if upper else text
    found, strict = find_plan(text, task), read_plan(text, "answer")
    assert found.plan == strict and " ".join(map(str, strict.calls)) == " ".join(calls)
    assert [call.span for call in found.plan.calls] == [call.span for call in strict.calls]
    covered = {at for s in found.skipped for at in range(s.span.start, s.span.end)}
    covered |= {at for call in strict.calls for at in range(call.span.start, call.span.end)}
    assert all(at in covered for at, c in enumerate(text) if c.isalnum())


@given(
    st.sampled_from(NAMES), st.integers(0, 30), st.integers(1, 6), st.sampled_from([None, 0, 2]), st.booleans(),
    st.booleans(), st.sampled_from(AROUND),
)  # fmt: skip
def test_any_chain_as_json_reads_back(name, seed, steps, indent, bare, first, around) -> None:
    """As json.dumps writes it, on one line or on many, with states or as a list of calls."""
    task, chain = walk(name, seed, steps=steps)
    calls = [str(call) for call in chain.plan.calls]
    facts = [f"({' '.join(atom)})" for atom in sorted(task.initial)]
    items = [*([{"state": facts}] if first else []), *({"action": call, "state": facts} for call in calls)]
    text = json.dumps(calls if bare else items, indent=indent)
    found = find_plan(around[0] + text + around[1], task)
    assert found.plan == chain.plan
    assert [(around[0] + text)[c.span.start : c.span.end] for c in found.plan.calls] == calls


@given(st.sampled_from(["blocksworld", "logistics", "mystery_blocksworld"]), st.integers(0, 30), st.integers(0, 9))
def test_any_plan_in_the_domains_english_reads_back(name: str, seed: int, start: int) -> None:
    """Every sentence of words.yaml, with the objects' own names."""
    task, chain = walk(name, seed, steps=5)
    sentences = _written(name)
    lines = []
    for i, call in enumerate(chain.plan.calls):
        mine = sentences[call.name]
        lines.append(f"{i + 1}. {mine[(start + i) % len(mine)].format(*call.arguments).capitalize()}.")
    assert find_plan("\n".join(lines), task).plan == chain.plan


def _written(name: str) -> dict[str, list[str]]:
    """Each sentence with all its words that may be missing, and without them; of two words the first."""
    words = domain_words(name)
    found: dict[str, list[str]] = {action: [pattern] for action, pattern in words.actions.items()}
    for action, patterns in words.answers["actions"].items():
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            first = re.sub(r"([a-z]+)\|[a-z|]+", r"\1", pattern)
            if not first.startswith("put {0} [back] [down] on"):
                found[action].append(first.replace("[", "").replace("]", ""))
            found[action].append(" ".join(re.sub(r"\[[^]]*\]", "", first).split()))
    return found


@given(st.integers(0, 40), st.integers(0, 5), st.sampled_from("abcdefghijklmnopqrstuvwxyz-() xyz"), st.data())
def test_a_corrupted_action_never_vanishes(seed: int, which: int, letter: str, data: st.DataObject) -> None:
    """One character changed in an action's arguments: unreadable, or a plan as long as before."""
    task, chain = walk("logistics", seed, steps=4)
    lines = [str(call) for call in chain.plan.calls]
    which %= len(lines)
    line = lines[which]
    at = data.draw(st.integers(line.index(" ") + 1, len(line) - 2))
    lines[which] = line[:at] + letter + line[at + 1 :]
    found = find_plan("Here is the plan:\n" + "\n".join(lines), task)
    assert found.error is not None or (found.plan is not None and len(found.plan.calls) >= len(lines))


BITS = [
    *"ab ()[]{}<>.:;,*`-_/0123\"\n", '[{"action": "', '"}, {"', '"]', "not ", "(noop)", "stack_", "stack ", "(pick-up a)",
    "[PLAN]", "[PLAN END]", "Plan:\n", "the red block",
]  # fmt: skip


@given(st.lists(st.sampled_from(BITS), max_size=60))
def test_no_text_breaks_the_reader(bits: list[str]) -> None:
    text = "".join(bits)
    found = find_plan(text, BLOCKS)
    assert found.plan is None or (found.error is None and (found.plan.calls or "Plan:" in text))
    if found.error is None:
        spans = [s.span for s in found.skipped] + [c.span for c in (found.plan.calls if found.plan else ()) if c.span]
        covered = {at for span in spans for at in range(span.start, span.end)}
        assert all(at in covered for at, c in enumerate(text) if c.isalnum())


ODD = read_task(
    "(define (domain odd) (:predicates (p ?x)) (:action a :parameters () :effect (and))"
    " (:action go :parameters (?x) :effect (p ?x)))",
    "(define (problem q) (:domain odd) (:objects go-1 b) (:init) (:goal (p go-1)))",
)


def test_names_that_look_like_letters_of_a_list_or_like_names_glued_together() -> None:
    assert plan_of("Plan:\n(a)\n1. (go b)\n(a)", ODD) == "(a) (go b) (a)"
    assert plan_of("go-1 is there.\ngo go-1; go-1 is there now", ODD) == "(go go-1)"
    assert find_plan("go-b is next\ngo b", ODD).error is not None


def test_numbers_before_what_is_no_action() -> None:
    """Found by fuzzing: a SystemError from `re` (python/cpython#101955)."""
    assert find_plan("2 (plan (", BLOCKS).no_plan


@pytest.mark.parametrize("lead", ["2 (plan ", "1. 2. ", "Step 2: ", "1) Step 2. ", "- 2.1) ", "0. action 2 - "])
def test_the_number_of_a_step_goes_on_behind_a_heading(lead: str) -> None:
    """Step 2 belongs to the plan of step 1, whatever its number is dressed in."""
    assert plan_of(f"1. {UNSTACK}\nThe corrected plan:\n{lead}{PUT_DOWN}") == f"{UNSTACK} {PUT_DOWN}"
    assert plan_of(f"2. {UNSTACK}\nThe corrected plan:\n{lead}{PUT_DOWN}") == PUT_DOWN


MILLION = 1_000_000


@pytest.mark.parametrize(
    "piece",
    [
        "(pick-up a)\n", "(pick-up a), ", "stack the red block on top of the blue block\n", "stack ", "(", "[plan ",
        "<think>", "1.", "plan: ", "some words of prose, and more of them\n", "stack a b, stack ", " ", "pick ", "-",
        "Here is the plan:\n(pick-up a)\n", "[PLAN]\n(pick-up a)\n[PLAN END]\n", "stack(", "x", "```\n(pick-up a)\n",
        "</think>(pick-up a)\n", "<think>\n(pick-up a)\n", "[STATEMENT]\n", "1\n", "stak the ", "put a, b\n",
        "[PLAN END] ", "(fly a b); ", '[{"a": ', 'x: ["a", ["b\n', "hand: (pick-up a) ",
    ],
)  # fmt: skip
def test_time_is_linear_in_the_text(piece: str) -> None:
    """Processor time of a million characters against an eighth of them: a busy machine does not count."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        taken = []
        for _ in range(2):
            begun = time.process_time()
            found = find_plan(text, BLOCKS)
            taken.append(time.process_time() - begun)
            assert len(found.skipped) <= len(text)
        return min(taken)

    # A square would be 64 times.
    assert seconds(MILLION) < 24 * max(seconds(MILLION // 8), 0.01)


# The wording of the domains


@pytest.mark.parametrize("name", domain_names())
def test_sentences_are_about_the_domains_actions(name: str) -> None:
    domain = load_named_domain(name)
    wording = domain_wording(domain.name)
    assert {s.action for s in wording.sentences} == set(domain.actions)
    for sentence in wording.sentences:
        arity = len(domain.actions[sentence.action].parameters)
        assert sorted(sentence.pattern.groupindex) == [f"a{i}" for i in range(arity)]
    assert wording.objects


def test_a_domain_without_words_is_read_by_its_names() -> None:
    assert domain_wording("gripper").sentences == ()
    task, chain = walk("gripper", 1, steps=3)
    text = "\n".join(f"{i}) {call}" for i, call in enumerate(chain.plan.calls))
    assert find_plan(text, task).plan == chain.plan


def test_a_pattern_must_begin_with_a_word() -> None:
    with pytest.raises(ValueError, match="starts with words that may be missing"):
        make_wording([("go", "[please] go to {0}")], {})


_REPEATED = (
    "Let me think.", "So it goes.", "[", '["a', '{"action": "(unstack c a)", "state": ["(holding c)"]},', '"(put-down c)"]', "]",
    "```", "    ", "**", "[PLAN]", "[PLAN END]", "<think>", "</think>", "Plan:", "Explanation:", "unstack c a", "(put-down c)",
    "1. pick-up b", "stack b", "(define (plan", "-", "; a remark", "",
)  # fmt: skip


@settings(max_examples=400)
@example(lines=["[", "So it goes.", "[", '{"state": ["(clear b)", "(handempty)"]},', '{"action": "(put-down c)"}]'])
@given(lines=st.lists(st.sampled_from(_REPEATED), max_size=25))
def test_prose_that_stands_twice_is_prose_both_times(lines: list[str]) -> None:
    """Lines are remembered as prose: what is found is the same as if each were read anew."""
    text = "\n".join(lines)
    found = find_plan(text, BLOCKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("planlearn.chains.lenient._SHORT", 0)
        anew = find_plan(text, BLOCKS)
    assert (found.plan, str(found.error), found.pieces) == (anew.plan, str(anew.error), anew.pieces)


@pytest.mark.parametrize(
    ("step", "call"),
    [
        ("(move b table) - b moves", "(move b table)"), ("(noop) - wait", "(noop)"), ("(move b table): b moves", "(move b table)"),
        ("(move c table) to be sure", "(move c table)"), ("(fly c) and more", "(fly c)"), ("fly c - ok", "(fly c)"),
        ("fly(c)", "(fly c)"), ("move_to_table(c)", "(move_to_table c)"),
    ],
)  # fmt: skip
def test_a_numbered_step_of_an_unknown_action_never_vanishes(step: str, call: str) -> None:
    found = find_plan(f"1. (unstack c a) - free a\n2. (put-down c) - ok\n3. {step}\n4. (pick-up a)\n", BLOCKS)
    assert found.plan is not None and str(found.plan.calls[2]) == call and len(found.plan.calls) == 4


@pytest.mark.parametrize("step", ["**(move c table)**: put c away", "Pick upp b"])
def test_a_numbered_step_that_cannot_be_read_makes_the_plan_unreadable(step: str) -> None:
    assert find_plan(f"1. (unstack c a)\n2. {step}\n3. (pick-up a)\n", BLOCKS).error is not None


@pytest.mark.parametrize(
    "line", ["(clear a) - it is free", "(Goal): on a b", "(see above) - ok", "on(a, b) holds", "(optional) - skip", "(hand empty): ok"]
)
def test_a_number_makes_no_call_of_a_fact_or_a_remark(line: str) -> None:
    found = find_plan(f"1. (unstack c a)\n2. {line}\n3. (put-down c)\n", BLOCKS)
    assert found.plan is not None and len(found.plan.calls) == 2


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{(unstack c a), (put-down c)}", "\\text{(unstack c a)}\\\\ (put-down c)", "（unstack c a）\n（put-down c）",
        "1、(unstack c a)\n2、(put-down c)", '[{"name": "unstack", "args": ["c", "a"]}, {"name": "put-down", "args": ["c"]}]',
        '[{"action": "unstack", "parameters": ["c", "a"]},\n {"action": "put-down", "parameters": {"x": "c"}}]',
    ],
)
def test_latex_full_width_signs_and_calls_as_json_objects(text: str) -> None:
    found = find_plan(f"The plan:\n{text}\n", BLOCKS)
    assert found.plan is not None and list(map(str, found.plan.calls)) == ["(unstack c a)", "(put-down c)"]


def test_a_json_object_of_no_action_makes_the_plan_unreadable_or_names_an_unknown_one() -> None:
    text = '[{"name": "unstack", "args": ["c", "a"]}, {"name": "%s", "args": ["c"]}]'
    assert find_plan(text % "not it", BLOCKS).error is not None
    found = find_plan(text % "fly", BLOCKS)
    assert found.plan is not None and str(found.plan.calls[1]) == "(fly c)"
