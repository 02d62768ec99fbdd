"""Corpora: examples to learn from, built by one seed, split by class, written so that a kill loses nothing.

Takes a recipe; gives a folder with `train.jsonl`, `validation.jsonl`, `test.jsonl` (and Parquet where `datasets` is
installed), a dataset card and a manifest. Problems are split by *class* (the problem up to renaming), by a hash of
the class alone, so that the splits of every seed and recipe are disjoint without anybody keeping a list. PlanBench's
classes are in no split. Spoiled plans come from `corrupt`, which never asks the checker; `confirm` does, and drops
what did not turn out as planted.
"""

from planlearn.corpus.example import Example
from planlearn.corpus.split import SHARES, split_of

__all__ = ["SHARES", "Example", "split_of"]
