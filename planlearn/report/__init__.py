"""What was recorded or judged, for people: attempts as playbacks, states as pictures, runs as one offline page.

`playback` turns a judged answer into JSON that a page, a terminal and a notebook show alike: true states, what each action needs and
does, what a text claims, where they differ. `page` makes one HTML file that needs no network. Rejected: a front-end framework (a build
step between a researcher and a figure), pictures drawn while recording (500 problems would take 50 MB), a second judgement in JavaScript.
"""

from planlearn.report.notebook import Shown, show
from planlearn.report.pictures import picture_for, picture_of
from planlearn.report.playback import FactTable, answer_attempt, problem_json, text_attempt
from planlearn.report.runs import plan_run, read_run, report_html, write_report

__all__ = [
    "FactTable", "Shown", "answer_attempt", "picture_for", "picture_of", "plan_run", "problem_json", "read_run", "report_html", "show",
    "text_attempt", "write_report",
]
