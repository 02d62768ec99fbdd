"""Problems that are asked, and models that answer from a list."""

from collections.abc import Callable, Iterator, Sequence

from planlearn.chains import ChainStyle, answer_segments
from planlearn.chains.grammar import PLAN_HEADER, UNSOLVABLE
from planlearn.evaluate import Asked, Completion, Prompt, Stop
from planlearn.planners import reference_plan
from planlearn.problems import domain_text
from val_bridge import execute, read_task

STYLE = ChainStyle()
_GOALS = ("(on a b)", "(on b a)", "(on a b) (on b c)", "(on c b) (on b a)")


def problem(number: int, *, solvable: bool = True) -> Asked:
    """Three blocks on the table and one of four goals; a goal that cannot be reached where it is not solvable."""
    text = (
        f"(define (problem p{number}) (:domain blocksworld-4ops) (:objects a b c) (:init (handempty) (ontable a) (ontable b) (ontable c)"
        f" (clear a) (clear b) (clear c)) (:goal (and {_GOALS[number % 4] if solvable else '(on a b) (on b a)'})))"
    )
    task = read_task(domain_text("blocksworld"), text)
    plan = reference_plan("blocksworld", task) if solvable else None
    return Asked(
        id=f"p{number}", domain="blocksworld", size="3", task=task, reference_length=len(plan.calls) if plan else None,
        domain_text=domain_text("blocksworld"), problem_text=text, solvable=solvable,
    )


def right(asked: Asked) -> str:
    """The right answer, chain and plan."""
    plan = reference_plan("blocksworld", asked.task)
    if plan is None:
        return f"{PLAN_HEADER}\n{UNSOLVABLE}\n"
    # Without the prompt, which comes first.
    return "".join(segment.text for segment in answer_segments(asked.task, execute(asked.task, plan.calls), STYLE)[1:])


WRONG = f"{PLAN_HEADER}\npick-up a\n"


class Model:
    """Answers by a function of the prompt; None stands for an answer that does not come. asked: the ids, in order."""

    def __init__(self, answer: Callable[[Prompt], str | None]) -> None:
        self.answer, self.asked = answer, list[str]()

    def __call__(self, prompts: Sequence[Prompt]) -> Iterator[Completion]:
        for prompt in prompts:
            self.asked.append(prompt.id)
            text = self.answer(prompt)
            yield Completion(
                id=prompt.id, text=text or "", stop=Stop.MISSING if text is None else Stop.END, reason="" if text else "cut off",
                prompt_tokens=1, tokens=2, seconds=0.5, cost=0.25,
            )
