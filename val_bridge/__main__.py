"""`python -m val_bridge [-v] [-t tolerance] domain problem plan...`: VAL's `Validate`, without VAL.

It takes Validate's arguments and speaks its words (`val_bridge.dialect`). The exit status is its own: 0 if all
plans are valid, 1 if some are not, 2 if a text cannot be read or asks for an unsupported feature, and after wrong
usage, 3 after an internal error. VAL counts failed plans instead, and exits 0 on what it cannot read.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from val_bridge.check import Outcome, check_plan
from val_bridge.check.plan import unreadable
from val_bridge.dialect.transcript import Judged, Manner, header, plan_times, report, summary
from val_bridge.pddl import SourceError, load_domain, load_plan, load_problem
from val_bridge.semantics import Task

_STATUS = {Outcome.VALID: 0, Outcome.INVALID: 1, Outcome.UNREADABLE: 2}
_UNSUPPORTED = {
    "-c": "going on after a failed action says nothing about the plan",
    "-d": "derived predicates are always checked for stratification",
    "-e": "plans are not repaired",
    "-f": "there is no LaTeX report",
    "-g": "the value of a plan is its length where the problem has no metric",
    "-i": "there are no continuous effects",
    "-j": "robustness is not analysed",
    "-L": "the value of a plan is its metric or its length",
    "-l": "there is no LaTeX report",
    "-m": "there are no durative actions",
    "-o": "there is no LaTeX report",
    "-p": "there is no LaTeX report",
    "-q": "there is no LaTeX report",
    "-r": "robustness is not analysed",
    "-ra": "robustness is not analysed",
    "-rd": "robustness is not analysed",
    "-rm": "robustness is not analysed",
    "-rp": "robustness is not analysed",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what Validate would print; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    for word in words:
        if word in _UNSUPPORTED:
            parser.error(f"{word} is not supported: {_UNSUPPORTED[word]}")
    options = parser.parse_args(words)
    manner = Manner(verbose=options.verbose, advice=options.advice, silent=options.silent)
    try:
        task = _task(options.domain, options.problem)
        if task is None:
            return 2
        print(header(task.domain, manner), end="")
        status = 0
        plans: list[Judged] = []
        for path in options.plan:
            judged, outcome = _judge(task, path)
            print(report(task, judged, manner), end="")
            plans.append(judged)
            status = max(status, outcome)
        print(summary(task, plans, manner), end="", flush=True)
        return status
    except BrokenPipeError:
        # Whoever reads has seen enough, as in `... | head`; Python must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except Exception:
        # Python itself would exit with 1, which here means an invalid plan.
        traceback.print_exc()
        return 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m val_bridge",
        description="Judge plans in the words of VAL's Validate.",
        epilog="Exit status: 0 all valid, 1 some invalid, 2 unreadable, unsupported or wrong usage, 3 internal error.",
        allow_abbrev=False,
    )
    parser.add_argument("-v", dest="verbose", action="store_true", help="list the steps and what they change")
    parser.add_argument("-a", dest="advice", action="store_false", help="with -v, no repair advice")
    parser.add_argument("-s", dest="silent", action="store_const", const=1, default=0, help="print errors alone")
    parser.add_argument("-S", dest="silent", action="store_const", const=2, help="print values alone")
    parser.add_argument(
        "-t", dest="tolerance", type=_tolerance, help="accepted as VAL has it; time stamps only order the steps here"
    )
    parser.add_argument("domain")
    parser.add_argument("problem")
    parser.add_argument("plan", nargs="+")
    return parser


def _tolerance(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


def _task(domain_path: str, problem_path: str) -> Task | None:
    """The task, or None after saying on stderr what is wrong, in VAL's words and in ours."""
    part, path = "domain", domain_path
    try:
        domain = load_domain(domain_path)
        part, path = "problem", problem_path
        return Task(domain, load_problem(problem_path, domain))
    except OSError as error:
        print(f"Bad {part} file!\n{path}: {error.strerror}", file=sys.stderr)
    except SourceError as error:
        if part == "problem":
            words = "Type problem in problem specification!"
        elif error.kind == "domain_semantic":
            words = "Type problem in domain description!"
        else:
            words = "Problem in domain definition!"
        print(f"{words}\n{error}", file=sys.stderr)
    return None


def _judge(task: Task, path: str) -> tuple[Judged, int]:
    """The verdict on one file and the status it asks for; whatever goes wrong costs no other file its verdict."""
    try:
        plan = load_plan(path)
        verdict = check_plan(task, plan)
        # As the reader decodes it, so that the places of the calls are places of this text.
        times = plan_times(Path(path).read_bytes().decode("utf-8-sig"), plan)
    except SourceError as error:
        print(error, file=sys.stderr)
        if error.kind != "plan_syntax":
            # Its axioms take too long in a state that the plan leads to.
            return Judged(name=path, failure=str(error)), 2
        return Judged(name=path, verdict=unreadable(error)), 2
    except OSError as error:
        print(f"{path}: {error.strerror}", file=sys.stderr)
        return Judged(name=path), 2
    except Exception as error:
        traceback.print_exc()
        return Judged(name=path, failure=f"{type(error).__name__}: {error}"), 3
    return Judged(name=path, plan=plan, verdict=verdict, times=times), _STATUS[verdict.outcome]


if __name__ == "__main__":
    # File names need not be text; VAL prints their bytes.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    sys.exit(main())
