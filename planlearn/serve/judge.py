"""What the checking process answers: texts in, JSON out. Pure functions of the request; the process around them is `worker`'s.

    {"op": "check", "domain", "problem", "plan", "partial"?}  -> {"entry": ENTRY, "picture": spec | null, "verdict": VERDICT} | {"error": ERROR}
    {"op": "options", "domain", "problem", "calls": [text]}   -> {"actions": [text], "more": 0} | {"trouble": sentence}
    {"op": "show", "domain", "problem", "form"}               -> {"text": plan or chain} | {"trouble": sentence}
    {"op": "spoil", "domain", "problem", "plan", "seed"}      -> {"text", "steps", "problem", "picture", "answer": {"step", "error", "message"}}
    {"op": "prompt", "domain", "problem", "style", "trained_on"} -> {"prompt": text}

ENTRY: an entry of the player, see `planlearn.report.playback`. ERROR: a domain or problem text that cannot be read, {"where", "line", "column", "at", "message",
"expected", "found", "hint"}. VERDICT: {"tone": "good" | "bad" | "mixed" | "open", "text": sentence}. `form`: "plan", "chain" (planlearn's text) or "json".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import Any

from planlearn.chains import ChainStyle, chain_text, claims_text, plan_text, problem_prompt
from planlearn.chains.grammar import CHAIN_HEADER, PLAN_HEADER
from planlearn.corpus.corrupt import ErrorClass, Spoiled, spoil
from planlearn.errors import PlanlearnError
from planlearn.planners import plan as planned
from planlearn.problems import domain_names, domain_text
from planlearn.report import FactTable, problem_json, text_attempt
from val_bridge import Chain, Domain, ParsedChain, Plan, SourceError, Task, atom_text, check_plan, execute, read_domain, read_plan, read_problem

Json = dict[str, Any]

STYLE = ChainStyle(states="full")
"""How chains are written here: with the whole state behind each step, so that every mistake of a chain can be seen in it."""
MOST_OPTIONS = 200
"""Applicable actions that are listed; of more of them the number."""
TRIES = 20
"""Attempts to plant a fault that the checker sees where it was planted."""
DOMAIN, PROBLEM, PLAN = "domain", "problem", "plan"


def answer(request: Mapping[str, Any]) -> Json:
    """The answer to a request. Raises whatever is no mistake of the texts."""
    try:
        return _OPERATIONS[request["op"]](request)
    except SourceError as error:
        return {"error": _place_of(error)}
    except PlanlearnError as error:
        return {"trouble": " ".join(str(error).split())}


def _place_of(error: SourceError) -> Json:
    where = error.file if error.file in (DOMAIN, PROBLEM) else PLAN
    return {
        "where": where, "line": error.line, "column": error.column, "at": [error.span.start, error.span.end], "kind": error.kind,
        "expected": error.expected, "found": error.found, "hint": error.hint, "message": str(error),
    }  # fmt: skip


@lru_cache(maxsize=4)
def _domain(text: str) -> Domain:
    return read_domain(text, DOMAIN)


@lru_cache(maxsize=4)
def _task(domain: str, problem: str) -> Task:
    """Kept, so that each key typed in a plan costs the plan alone."""
    read = _domain(domain)
    return Task(read, read_problem(problem, read, PROBLEM))


def _asked(request: Mapping[str, Any]) -> Task:
    return _task(request["domain"], request["problem"])


@lru_cache(maxsize=4)
def domain_name(text: str) -> str:
    """The name by which people know a domain: the carried one's, else what stands in its text."""
    carried = next((name for name in domain_names() if domain_text(name).strip() == text.strip()), None)
    return carried or _domain(text).name


@lru_cache(maxsize=4)
def _picture(text: str) -> Json | None:
    from planlearn.report.pictures import picture_for

    return picture_for(_domain(text))


def _entry(request: Mapping[str, Any], task: Task, facts: FactTable, attempt: Json, label: str) -> Json:
    return {
        "id": "page", "domain": domain_name(request["domain"]), "size": "", "labels": {}, "outcome": attempt["outcome"],
        "problem": problem_json(task, facts), "attempts": [attempt | {"label": label}],
    }  # fmt: skip


def _check(request: Mapping[str, Any]) -> Json:
    task, facts = _asked(request), FactTable()
    partial = bool(request.get("partial"))
    text = request["plan"]
    attempt = text_attempt(task, facts, _whole_lines(text) if partial else text, file=PLAN)
    attempt["text"] = text
    if partial:
        attempt = _so_far(attempt)
    entry = _entry(request, task, facts, attempt, "being written" if partial else "your text")
    return {"entry": entry, "verdict": _verdict(attempt, partial), "picture": _picture(request["domain"])}


def _verdict(attempt: Json, partial: bool) -> Json:
    """One sentence, of the plan and of the chain about it."""
    outcome, faults, said = attempt["outcome"], attempt["faults"], attempt["message"]
    if partial:
        return {"tone": "bad" if faults else "open", "text": said}
    if outcome == "valid" and faults:
        return {"tone": "mixed", "text": f"The plan is valid, but what is written about it is not. {attempt['feedback'].splitlines()[0]}"}
    if outcome == "valid":
        names = {track["name"] for track in attempt["tracks"]}
        return {"tone": "good", "text": {"plan": said, "chain": "The chain is valid."}.get(names.pop(), "The plan and the chain are valid.")}
    return {"tone": "open" if outcome == "unsolvable" else "bad", "text": said}


def _whole_lines(text: str) -> str:
    return text[: text.rfind("\n") + 1]


def _so_far(attempt: Json) -> Json:
    """Of a text that is still being written: that it has no end yet is no fault."""
    faults = [fault for fault in attempt["faults"] if fault["kind"] not in ("goal", "plan_mismatch", "plan_syntax")]
    steps = len(attempt["tracks"][0]["steps"]) if attempt["tracks"] else 0
    count = f"{steps} step{'' if steps == 1 else 's'}"
    if faults:
        first = faults[0]["step"]
        where = f"step {first}" if first else "the first state"
        said = f"Being written: {count} so far, and {where} is wrong."
    else:
        said = f"Being written: {count} so far, and no fault."
    return attempt | {"faults": faults, "outcome": "invalid" if faults else "unreadable", "message": said, "feedback": attempt["feedback"] if faults else ""}


def _options(request: Mapping[str, Any]) -> Json:
    task = _asked(request)
    calls = read_plan("\n".join(request["calls"]), PLAN).calls
    verdict = check_plan(task, Plan(calls=calls))
    if len(verdict.steps) < len(calls):
        return {"trouble": f"Step {len(verdict.steps) + 1} cannot be executed, and after it nothing is known to hold: go back to where the plan still runs."}
    state, values = (verdict.steps[-1].after, verdict.steps[-1].values_after) if calls else (task.initial, task.values)
    actions = task.applicable_actions(state, values)
    return {"actions": [str(action) for action in actions[:MOST_OPTIONS]], "more": max(0, len(actions) - MOST_OPTIONS)}


def _show(request: Mapping[str, Any]) -> Json:
    task = _asked(request)
    found = planned(task)
    if found is None:
        return {"trouble": "This problem has no plan: the planner has tried everything."}
    return {"text": written(task, execute(task, found.calls), request["form"])}


def written(task: Task, chain: Chain, form: str) -> str:
    """A true chain as a plan, as planlearn's chain text, or as JSON."""
    if form == "chain":
        return f"{CHAIN_HEADER}\n{chain_text(task, chain, STYLE)}{PLAN_HEADER}\n{plan_text(chain.plan)}\n"
    if form == "json":
        return _json_chain([(None, task.initial), *((step.action, step.after) for step in chain.steps)])
    return _plan_lines(chain.plan)


def written_claims(task: Task, parsed: ParsedChain, form: str) -> str:
    """As `written`, of what a chain claims, true or not. The chain has a plan."""
    assert parsed.plan is not None
    if form == "chain":
        return f"{CHAIN_HEADER}\n{claims_text(task, parsed, STYLE)}{PLAN_HEADER}\n{plan_text(parsed.plan)}\n"
    if form == "json":
        return _json_chain([(None, parsed.initial), *((claim.call, claim.after) for claim in parsed.claims)])
    return _plan_lines(parsed.plan)


def _plan_lines(plan: Plan) -> str:
    return "".join(f"{call}\n" for call in plan.calls)


def _json_chain(stages: Sequence[tuple[Any, Any]]) -> str:
    items = []
    for action, state in stages:
        facts = list(map(atom_text, sorted(state)))
        items.append(json.dumps(({} if action is None else {"action": str(action)}) | {"state": facts}))
    return "[" + ",\n ".join(items) + "]\n"


NEEDS_VALID = "Only a valid plan or chain can be spoiled: mend this one first, or let the planner show one."


def _spoil(request: Mapping[str, Any]) -> Json:
    task, facts = _asked(request), FactTable()
    attempt = text_attempt(task, facts, request["plan"], file=PLAN)
    if attempt["outcome"] != "valid" or attempt["faults"] or not attempt["tracks"][0]["steps"]:
        return {"trouble": NEEDS_VALID}
    form = "plan" if attempt["tracks"][0]["name"] == "plan" else "json" if request["plan"].lstrip().startswith("[") else "chain"
    calls = read_plan("\n".join(step["action"] for step in attempt["tracks"][0]["steps"])).calls
    rng = Random(request["seed"])
    for _ in range(TRIES):
        planted = _planted(task, execute(task, calls), form, rng)
        if planted is not None:
            return planted | {"problem": problem_json(task, FactTable()), "picture": _picture(request["domain"])}
    return {"trouble": "No fault could be planted in it."}


def _planted(task: Task, chain: Chain, form: str, rng: Random) -> Json | None:
    """A text with a planted fault, and what is wrong; None where the checker does not find it first and where it was planted."""
    classes = (ErrorClass.PRECONDITION, ErrorClass.GOAL) if form == "plan" else tuple(ErrorClass)
    error = rng.choice(classes)
    spoiled: Spoiled | None = spoil(task, chain, error, rng, states="full")
    if spoiled is None:
        return None
    text = written_claims(task, spoiled.parsed, form)
    judged = text_attempt(task, FactTable(), text, file=PLAN)
    found = judged["faults"][0]["step"] if judged["faults"] else 0
    if found != spoiled.step:
        return None
    assert spoiled.parsed.plan is not None
    steps = [str(call) for call in spoiled.parsed.plan.calls]
    return {"text": text, "form": form, "steps": steps, "answer": {"step": spoiled.step, "error": error.value, "message": judged["feedback"]}}


def _prompt(request: Mapping[str, Any]) -> Json:
    task = _asked(request)
    style = ChainStyle(**request["style"])
    if domain_name(request["domain"]) != request["trained_on"]:
        style = replace(style, domain_in_prompt=True)  # a model of another domain cannot know these schemas
    return {"prompt": problem_prompt(task, style)}


_OPERATIONS: Mapping[str, Callable[[Mapping[str, Any]], Json]] = {
    "check": _check, "options": _options, "show": _show, "spoil": _spoil, "prompt": _prompt,
}  # fmt: skip
