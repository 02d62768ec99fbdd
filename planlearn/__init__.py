"""Teach a language model to plan: problems, reference plans, corpora, models, refinement, evaluation.

`val_bridge` judges, `planlearn` learns. Importing this package costs nothing: the rooms are imported by name
(`from planlearn.problems import get_generator`), and torch sleeps until `planlearn.models` or
`planlearn.learn` is.
"""

__version__ = "0.1.0"
