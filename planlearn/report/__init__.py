"""What was recorded or judged, for people: attempts as playbacks, states as pictures, runs as one offline page.

`playback` turns a judged answer into JSON that a page, a terminal and a notebook show alike: true states, what each action needs and
does, what a text claims, where they differ. `page` makes one HTML file that needs no network. Rejected: a front-end framework (a build
step between a researcher and a figure), pictures drawn while recording (500 problems would take 50 MB), a second judgement in JavaScript.
"""

from planlearn.report.playback import FactTable, answer_attempt, problem_json, text_attempt

__all__ = ["FactTable", "answer_attempt", "problem_json", "text_attempt"]
