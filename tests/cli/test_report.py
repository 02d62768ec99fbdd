"""`planlearn report` as a command: what is written where, and what it says of what is no run."""

from tests.evaluate.answers import INAPPLICABLE, TASK, VALID, sample
from tests.report.recorded_runs import recorded_evaluation


def test_a_run_gets_its_report_in_its_own_folder(run, files):
    recorded_evaluation(files / "eval", [sample("p1", VALID), sample("p2", INAPPLICABLE)], TASK)
    said = run("report", "eval")
    assert said.exit_code == 0 and "eval/report.html" in said.stdout and "2 problems" in said.stdout
    assert (files / "eval" / "report.html").read_text().startswith('<!doctype html>\n<html lang="en" data-made-by="planlearn report">')
    assert run("report", "eval").exit_code == 0, "a report is replaced"
    assert run("report", "eval/samples.jsonl", "--out", "other.html", "--most", "1").exit_code == 0
    assert "1 of 2 entries are left out" in (files / "other.html").read_text()


def test_one_plan_gets_its_report_beside_it(run, files):
    said = run("report", "blocksworld", "p.pddl", "bad.plan")
    assert said.exit_code == 0 and (files / "bad.plan.report.html").exists()
    assert run("report", "blocksworld", "p.pddl", "prose.plan", "--out", "x.html").exit_code == 0, "an unreadable plan is shown too"


def test_what_is_no_run_is_one_sentence(run, files):
    (files / "mine.html").write_text("mine")
    recorded_evaluation(files / "eval", [sample("p1", VALID)], TASK)
    for words, said in (
        (["report", "nothing"], "nothing: there is nothing; expected the folder"),
        (["report", "p.pddl"], "p.pddl is no recorded run"),
        (["report", "."], "holds no recorded run"),
        (["report", "blocksworld", "p.pddl"], "2 arguments; expected"),
        (["report", "blocksworld", "broken.pddl", "good.plan"], "broken.pddl"),
        (["report", "blockworld", "p.pddl", "good.plan"], "blocksworld"),
        (["report", "eval", "--out", "mine.html"], "mine.html exists and is no report of planlearn"),
    ):
        result = run(*words)
        assert result.exit_code == 2 and said in result.stderr and result.stderr.count("\n") == 1, (words, result.stderr)
    assert (files / "mine.html").read_text() == "mine"
