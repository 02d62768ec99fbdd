"""What any language model is asked, ours or not: domain and problem as PDDL, a plan as the answer, perhaps with solved problems before.

`planlearn.chains.problem_prompt` is what our own models learn to answer; this text asks for nothing that they alone know. Its words are
planlearn's own; domains and names are PlanBench's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from planlearn.errors import PlanlearnError
from planlearn.evaluate.asked import Asked
from planlearn.evaluate.disguise import under_names_of
from planlearn.problems import stream
from val_bridge import Plan, Problem, Task, write_domain, write_problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A solved problem that is shown."""

    problem: str
    plan: str


@cache
def template(name: str) -> Template:
    """A text of `templates/`."""
    folder = Path(__file__).parent / "templates"
    environment = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.get_template(name)


def plan_prompt(asked: Asked, shots: tuple[Shot, ...] = (), *, previous: str | None = None, feedback: str = "") -> str:
    """The text; the PDDL is written anew, so that no comment in a file says more than the task. previous, feedback: an earlier answer and
    what is said of it, where another is asked for."""
    task = asked.task
    return template("plan.jinja").render(
        domain=write_domain(task.domain).strip(), problem=write_problem(task.problem).strip(), shots=shots, example_action=_example_action(task),
        previous=None if previous is None else previous.strip(), feedback=feedback.strip(),
    )


def _example_action(task: Task) -> str:
    """An action of the domain with names of parameters, as PDDL writes a step."""
    schema = min(task.domain.actions.values(), key=lambda schema: schema.name)
    return f"({' '.join((schema.name, *(f'object{n}' for n in range(1, len(schema.parameters) + 1))))})"


def few_shots(domain: str, count: int) -> tuple[Shot, ...]:
    """Solved problems of the training split, the same ones for everybody.

    None of them is of a class that is tested or of PlanBench. Raises PlanlearnError where the domain has no generator or too few.
    """
    return tuple(_shot(task.problem, plan) for task, plan in _solved(domain, count))


def few_shots_for(asked: Asked, count: int) -> tuple[Shot, ...]:
    """The solved problems of `few_shots` in the names of what is asked: where its domain is the named one under other names, in those.

    Their objects then have words that are not the asked problem's, and other problems of the set are shown the same problems in their own
    names. Raises PlanlearnError as `few_shots` does, and where the domain is not known to be the named one.
    """
    if not asked.own_domain or not count:
        return few_shots(asked.domain, count)
    shots = []
    for number, (task, plan) in enumerate(_solved(asked.domain, count)):
        told = under_names_of(task.domain, task.problem, plan, asked.task, stream("shot", asked.id, number))
        if told is None:
            raise PlanlearnError(f"few-shot prompt: {asked.id}: its domain is not known to be {asked.domain} under other names")
        shots.append(_shot(*told))
    return tuple(shots)


@cache
def _solved(domain: str, count: int) -> tuple[tuple[Task, Plan], ...]:
    from planlearn.corpus.build import ProblemSource  # what it reads recipes with takes a tenth of a second to import

    source = ProblemSource(domain, 0, "train", fresh_classes=True)
    drawn = [source.draw(index, {"in_distribution": 1.0}, None) for index in range(count)]
    if None in drawn:
        raise PlanlearnError(f"few-shot prompt: training has no {count} problems of {domain} to be shown")
    return tuple((one.task, one.plan) for one in drawn if one is not None)


def _shot(problem: Problem, plan: Plan) -> Shot:
    return Shot(problem=write_problem(problem).strip(), plan=plan_lines(plan))


def plan_lines(plan: Plan) -> str:
    """One action a line, as PDDL writes it."""
    return "\n".join(f"({' '.join((call.name, *call.arguments))})" for call in plan.calls)
