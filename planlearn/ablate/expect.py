"""How long a command will take, from what this machine needed so far for phase 1 and its measurement."""

from __future__ import annotations

from planlearn.ablate.arms import ARMS, Places, Plan, Step, Work, trained_facts
from planlearn.ablate.compare import summary_in
from planlearn.learn.spent import seconds_until
from planlearn.recipes import RefineRecipe


def tokens_a_second(places: Places, seed: int) -> float | None:
    """In phase 1's training; None before it is finished."""
    run = places.start("phase1", seed)
    log, trained = run / "training.jsonl", run / places.trained
    if not log.exists() or not trained.exists():
        return None
    return trained_facts(trained)["tokens"] / max(1e-9, seconds_until(log))


def seconds_an_answer(places: Places, seed: int) -> float | None:
    """In phase 1's own measurement, of whatever was measured first; None before that."""
    for results in (places.measured("phase1", seed) / "results.json", places.start("phase1", seed) / "evaluation" / "validation" / "results.json"):
        if results.exists():
            return summary_in(results)["seconds"]["mean"]
    return None


def expected_seconds(step: Step, plan: Plan, places: Places, recipe: RefineRecipe) -> float | None:
    """None where nothing like it was measured. Every problem is taken to need all its attempts with feedback; of a killed step all is told."""
    if step.work is Work.PROBLEMS:
        return 0.0
    if step.work is Work.TRAIN and step.of == "base":
        return None
    rate, answer = tokens_a_second(places, step.seed), seconds_an_answer(places, step.seed)
    if step.work is Work.MEASURE:
        return None if answer is None else plan.problems * answer
    if rate is None or answer is None or step.of == "phase1":
        return None
    budget = places.budget(step.seed, plan.eta, plan.a_round)
    rounds = plan.eta * plan.a_round / rate
    if step.work is Work.TRAIN:
        return budget.tokens / rate + rounds
    asked = recipe.validation + plan.eta * (recipe.problems * (1 + recipe.attempts) + recipe.validation)
    return rounds + asked * answer + (budget.tokens / rate if ARMS[step.of].start == "base" else 0.0)
