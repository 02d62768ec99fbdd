"""Phase 2 of PDDL-Instruct: the loop that lets a model learn from what the checker says of its own attempts.

Takes a `Learner` (the port: `complete` and `fit`), D2 problems and a recipe; gives a folder of rounds, each recorded as it
happens, which any later start goes on from. The loop never imports torch: `planlearn.learn.ModelLearner` stands behind the port
for real models, `ReplayLearner` for tests. At evaluation nothing goes back to the model.
"""

from planlearn.refine.attempt import Attempt, feedback_on, given_up, judge_attempt
from planlearn.refine.learner import Fitted, Learner, Lesson, Posed, Stage
from planlearn.refine.lessons import Correction, LessonMaker, Problem, Taught, Weighing, corrected
from planlearn.refine.loop import Refinement, d2_problems
from planlearn.refine.record import SCHEMA, finished_rounds
from planlearn.refine.replay import ReplayLearner
from planlearn.refine.reward import chain_reward, plan_reward

__all__ = [
    "SCHEMA", "Attempt", "Correction", "Fitted", "Learner", "Lesson", "LessonMaker", "Posed", "Problem", "Refinement", "ReplayLearner",
    "Stage", "Taught", "Weighing", "chain_reward", "corrected", "d2_problems", "feedback_on", "finished_rounds", "given_up", "judge_attempt",
    "plan_reward",
]
