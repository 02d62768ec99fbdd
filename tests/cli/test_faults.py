"""`planlearn faults`: the list, one page, an unknown kind."""

from collections.abc import Callable

from typer.testing import Result

from planlearn.feedback import KINDS, page_text

Run = Callable[..., Result]


def test_all_kinds_are_listed_with_a_sentence(run: Run) -> None:
    lines = run("faults").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(KINDS)
    assert all(line.endswith(".") for line in lines)


def test_one_kind_is_explained(run: Run) -> None:
    assert run("faults", "goal").stdout == page_text("goal")


def test_an_unknown_kind_is_a_usage_error(run: Run) -> None:
    result = run("faults", "gaol")
    assert result.exit_code == 2
    assert "did you mean 'goal'?" in result.stderr
