"""`planlearn report`: a recorded run, or one plan, as one HTML file that works offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planlearn.cli.app import command


@command()
def report(
    what: Annotated[list[str], typer.Argument(metavar="RUN | DOMAIN PROBLEM PLAN", help="The folder of a recorded run; or a domain, a problem file and a plan or chain file.")],
    out: Annotated[Path | None, typer.Option(help="The file; default: report.html in the run's folder, or beside the plan.")] = None,
    most: Annotated[int, typer.Option(min=1, help="At most so many problems are shown, those that failed first.")] = 5000,
) -> None:
    """Make one HTML file of a run: numbers with intervals and controls, curves, and every problem step by step.

    The run is an evaluation, rounds of refinement, a training or an ablation. The file needs no network; a report that stands there is replaced, another file never.
    """
    from planlearn.errors import PlanlearnError
    from planlearn.report.runs import EXPECTED, REPORT, plan_run, read_run, refuse_foreign, run_folder, write_report

    if len(what) == 1:
        folder = run_folder(Path(what[0]))
        target = out or folder / REPORT
        refuse_foreign(target)
        run = read_run(folder)
    elif len(what) == 3:
        from planlearn.cli.check import named_task
        from val_bridge.pddl.read import read_utf8

        domain, problem, plan = what[0], Path(what[1]), Path(what[2])
        target = out or plan.with_name(f"{plan.name}.{REPORT}")
        refuse_foreign(target)
        task = named_task(domain, problem)
        known = Path(domain).exists() or len(Path(domain).parts) > 1 or Path(domain).suffix
        run = plan_run(task, task.domain.name if known else domain, problem.name, plan.name, read_utf8(plan, "plan_syntax"))
    else:
        raise PlanlearnError(f"{len(what)} arguments; {EXPECTED}")
    size = write_report(run, target, most=most)
    print(f"report   {target} ({size / 1e6:.1f} MB, {len(run.entries)} problems)")
