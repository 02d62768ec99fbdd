"""The player as a local page: texts are judged while somebody types, plans shown, faults planted to be found, a model watched at its work.

`app.make_app` is a Starlette application on 127.0.0.1; what it is asked is answered by processes with limits: the checker's (`worker`, asked through `checking`)
and, where an adapter is given, the model's (`model`, through `asking`). The server itself reads no PDDL. `guard` refuses what does not come from the page that it
gave out. Rejected: judging in the browser (a second judgement in another language), threads instead of processes (nothing ends a thread that hangs),
WebSockets (`fetch` streams lines as well, and needs no second set of checks on where it comes from).
"""
