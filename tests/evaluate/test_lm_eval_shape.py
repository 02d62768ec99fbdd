"""results.json in lm-evaluation-harness's shape; that the shape is its own, tests/integrations/test_lm_eval.py shows with it installed."""

from __future__ import annotations

import json
from copy import deepcopy
from statistics import stdev

import pytest

from planlearn.evaluate import build_results
from planlearn.evaluate.lm_eval_shape import lm_eval_results
from tests.evaluate.answers import GOAL_MISSED, INAPPLICABLE, NO_CHAIN, UNREADABLE, VALID, record
from tests.golden_files import check_golden

RECORDS = [record(VALID, "p1"), record(NO_CHAIN, "p2"), record(INAPPLICABLE, "p3"), record(GOAL_MISSED, "p4"), record(UNREADABLE, "p5")]
ABOUT = {"model": "owner/model-1 b", "instances": "blocksworld", "arms": {"greedy": "the model alone"}}


def shaped(**changes: object) -> dict:
    return lm_eval_results(build_results(RECORDS, about=ABOUT | changes, hashes={"base_weights": "ab"}))


def test_numbers_are_those_of_results_json() -> None:
    numbers = shaped()["results"]["planlearn_blocksworld"]
    valid = [1.0, 1.0, 0.0, 0.0, 0.0]
    assert numbers["plan_validity,none"] == 2 / 5
    assert numbers["plan_validity_stderr,none"] == pytest.approx(stdev(valid) / 5**0.5)
    assert numbers["goal_reached,none"] == 2 / 5
    assert numbers["executable_prefix,none"] == 3 / 4
    assert numbers["checker_error,none"] == 0.0
    assert numbers["sample_len"] == 5


def test_the_whole_of_it() -> None:
    shape = shaped()
    shape.pop("transformers_version", None)
    shape["planlearn_version"] = "0"
    check_golden("evaluate/results_lm_eval.json", json.dumps(shape, indent=2, allow_nan=False) + "\n")


def test_missing_answers_are_asked_but_not_answered() -> None:
    results = build_results(RECORDS, about=ABOUT, missing={("blocksworld", "greedy"): ["p6", "p7"]})
    shape = lm_eval_results(results)
    assert shape["n-samples"] == {"planlearn_blocksworld": {"original": 7, "effective": 5}}
    assert shape["results"]["planlearn_blocksworld"]["plan_validity,none"] == 2 / 5


def test_a_checker_that_failed_is_a_number_of_its_own() -> None:
    results = build_results(RECORDS, about=ABOUT)
    numbers = results["results"]["blocksworld"]["greedy"]
    numbers["outcomes"] |= {"invalid": 1, "checker_error": 1}
    shape = lm_eval_results(results)["results"]["planlearn_blocksworld"]
    assert (shape["checker_error,none"], shape["sample_len"]) == (1 / 5, 5)


def test_what_could_not_be_counted_is_left_out() -> None:
    numbers = lm_eval_results(build_results([record(UNREADABLE)]))["results"]["planlearn_blocksworld"]
    assert "executable_prefix,none" not in numbers
    assert numbers["plan_validity_stderr,none"] == "N/A", "one answer has no standard error"
    empty = lm_eval_results(build_results([], missing={("blocksworld", "greedy"): ["p1", "p2", "p3"]}))
    assert empty["results"]["planlearn_blocksworld"] == {"name": "planlearn_blocksworld", "alias": "planlearn_blocksworld", "sample_len": 0}


def test_arms_are_tasks_of_their_own() -> None:
    walk = [record(VALID, "p1", arm="random_walk")]
    shape = lm_eval_results(build_results([*RECORDS, *walk], about=ABOUT))
    assert list(shape["results"]) == ["planlearn_blocksworld", "planlearn_blocksworld_random_walk"]
    for key in ("configs", "versions", "n-shot", "higher_is_better", "n-samples"):
        assert set(shape[key]) == set(shape["results"]), key


def test_problems_that_are_shown_are_counted() -> None:
    shown = [record(VALID, "p1", arm="few_shot")]
    shape = lm_eval_results(build_results([*RECORDS, *shown], about=ABOUT | {"shots": {"few_shot": 3}}))
    wanted = {"planlearn_blocksworld": 0, "planlearn_blocksworld_few_shot": 3}
    assert shape["n-shot"] == wanted
    assert {name: config["num_fewshot"] for name, config in shape["configs"].items()} == wanted


def test_drawn_answers_have_pass_at_k() -> None:
    drawn = [record(text, "p1", arm="samples", attempt=n) for n, text in enumerate((VALID, GOAL_MISSED), 1)]
    numbers = lm_eval_results(build_results(drawn))["results"]["planlearn_blocksworld_samples"]
    assert numbers["pass@1,none"] == 0.5


def test_it_changes_nothing() -> None:
    results = build_results(RECORDS, about=ABOUT)
    before = deepcopy(results)
    lm_eval_results(results)
    assert results == before


def test_a_models_name_is_fit_for_a_file() -> None:
    assert shaped()["model_name_sanitized"] == "owner__model-1_b"
