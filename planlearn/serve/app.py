"""The application: one page, and what it may ask. Each question is a POST of JSON with the page's token; no route takes a path or a name of a file.

    GET  /         the page
    POST /check    {"domain", "problem", "plan", "page", "number", "partial"?}  as the page's text changes; see `judge`
    POST /options  {"domain", "problem", "calls", "page", "number"}
    POST /show     {"domain", "problem", "form"}
    POST /spoil    {"domain", "problem", "plan"}                 -> a text with a hidden fault, and {"exercise": id}
    POST /guess    {"exercise", "step", "error"}                 -> {"step": right?, "error": right?}
    POST /reveal   {"exercise"}                                  -> {"step", "error", "message"}
    POST /ask      {"domain", "problem"}                         -> lines of JSON, as the model writes them; see `model`

An answer with "trouble" says in a sentence what stands in the way: a limit, a process that ended, other requests ("busy": ask again). That is no error of HTTP;
what the page would never send is one. "superseded" is answered at once to a check or options that wait while their page asks anew with a greater number.

What takes long (a search for a plan) has a process of its own, so that no verdict waits for it; it ends when nobody awaits it any more.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from planlearn.problems import domain_names, domain_text, domain_words
from planlearn.report.html import ASSETS, page
from planlearn.serve.asking import Asking
from planlearn.serve.checking import SUPERSEDED, Busy, Checker
from planlearn.serve.examples import examples
from planlearn.serve.guard import Guard
from planlearn.serve.limits import Limits

Json = dict[str, Any]

HERE = Path(__file__).parent / "page"
MOST_EXERCISES = 200
"""Hidden faults that are remembered; the oldest are forgotten first."""
ERRORS = ("precondition", "effect", "frame", "goal")
FORMS = ("plan", "chain", "json")
LONG = ("/show", "/spoil")


def make_app(*, port: int, limits: Limits | None = None, asking: Callable[[Limits], Asking] | None = None, model: str = "") -> Starlette:
    """port: as the browser names it. asking: makes what holds the model, which the page calls `model`."""
    limits = limits or Limits()
    token = secrets.token_urlsafe(32)
    desk = _Desk(limits, asking)
    text = page_text(token, model, limits)
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert found is not None
    policy = html.unescape(found[1]) + "; frame-ancestors 'none'"

    async def index(request: Request) -> Response:
        return HTMLResponse(text, headers={"content-security-policy": policy})

    questions = {
        "/check": desk.check, "/options": desk.options, "/show": desk.show, "/spoil": desk.spoil, "/guess": desk.guess,
        "/reveal": desk.reveal, "/ask": desk.ask,
    }  # fmt: skip
    return Starlette(
        routes=[Route("/", index, methods=["GET"]), *(Route(path, _answering(question), methods=["POST"]) for path, question in questions.items())],
        middleware=[Middleware(Guard, port=port, token=token, most=limits.body)],
        exception_handlers={404: _not_found, 405: _not_found},
        lifespan=desk.lifespan,
    )


def page_text(token: str, model: str, limits: Limits) -> str:
    """The page with all that it offers in it."""
    domains = [{"name": name, "title": domain_words(name).title, "text": domain_text(name)} for name in domain_names()]
    data = {
        "token": token, "model": model, "body": limits.body, "seconds": limits.seconds, "domains": domains,
        "examples": [one.to_json() for one in examples()], "errors": list(ERRORS),
    }  # fmt: skip
    return page(
        HERE / "serve.html.jinja", title="planlearn: why does this plan fail?", data=data, server=True,
        styles=[ASSETS / "theme.css", ASSETS / "player.css", HERE / "serve.css"],
        scripts=[*(ASSETS / f"{name}.js" for name in ("theme", "picture", "player")), HERE / "editor.js", HERE / "serve.js"],
    )  # fmt: skip


async def _not_found(request: Request, error: Exception) -> Response:
    return JSONResponse({"trouble": "There is no such question."}, 404)


class _Ascii(JSONResponse):
    """JSON in ASCII alone: texts may hold half of a surrogate pair, which no other encoding can say."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, separators=(",", ":")).encode("ascii")


class _Wrong(Exception):
    """A body that the page would never send."""


def _answering(question: Callable[[Mapping[str, Any]], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            asked = json.loads(await request.body())
            if not isinstance(asked, dict):
                raise _Wrong("a JSON object")
            said = await _while_awaited(request, question(asked)) if request.url.path in LONG else await question(asked)
        except (ValueError, RecursionError):
            return JSONResponse({"trouble": "Expected a JSON object."}, 400)
        except _Wrong as wrong:
            return JSONResponse({"trouble": f"Expected {wrong}."}, 400)
        except Busy:
            return JSONResponse({"trouble": "Too many requests are waiting; try again.", "busy": True})
        return said if isinstance(said, Response) else _Ascii(said)

    return endpoint


async def _while_awaited(request: Request, work: Coroutine[Any, Any, Json]) -> Json:
    """The answer; the work is cancelled when the one who asked is gone."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    tasks = working, leaving = asyncio.create_task(work), asyncio.create_task(gone())
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else SUPERSEDED
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _texts(asked: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Raises _Wrong."""
    for name in names:
        if not isinstance(asked.get(name), str):
            raise _Wrong(f"a text {name!r}")
    return {name: asked[name] for name in names}


class _Desk:
    """What the questions share: the processes, and the exercises' answers."""

    def __init__(self, limits: Limits, asking: Callable[[Limits], Asking] | None) -> None:
        self.limits = limits
        self._make = asking
        self.checker = Checker(limits, limits.seconds)
        self.planner = Checker(limits, limits.planner_seconds, patient=True)
        self._asking: Asking | None = None
        self._exercises: OrderedDict[str, Json] = OrderedDict()

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        app.state.desk = self
        await self.checker.open()  # the planner's process starts when it is asked
        if self._make is not None:
            self._asking = self._make(self.limits)
            self._asking.begin()
        try:
            yield
        finally:
            await self.close()

    async def close(self) -> None:
        """End the processes, and with them whatever is asked."""
        await self.checker.close()
        await self.planner.close()
        if self._asking is not None:
            await self._asking.close()

    async def check(self, asked: Mapping[str, Any]) -> Json:
        request = {"op": "check", **_texts(asked, "domain", "problem", "plan"), "partial": asked.get("partial") is True}
        return await self._newest(request, asked)

    async def _newest(self, request: Json, asked: Mapping[str, Any]) -> Json:
        """The answer to a request, unless its page has sent a newer one of its kind."""
        number = asked.get("number")
        if not isinstance(number, int):
            raise _Wrong("an integer 'number'")
        page = _texts(asked, "page")["page"][:64]
        return await self.checker.ask(request, page=f"{request['op']} {page}", number=number)

    async def options(self, asked: Mapping[str, Any]) -> Json:
        calls = asked.get("calls")
        if not isinstance(calls, list) or not all(isinstance(call, str) for call in calls):
            raise _Wrong("a list of texts 'calls'")
        return await self._newest({"op": "options", **_texts(asked, "domain", "problem"), "calls": calls}, asked)

    async def show(self, asked: Mapping[str, Any]) -> Json:
        if asked.get("form") not in FORMS:
            raise _Wrong(f"'form' to be one of {', '.join(FORMS)}")
        request = {"op": "show", **_texts(asked, "domain", "problem"), "form": asked["form"]}
        return await self.planner.ask(request)

    async def spoil(self, asked: Mapping[str, Any]) -> Json:
        request = {"op": "spoil", **_texts(asked, "domain", "problem", "plan"), "seed": secrets.randbits(32)}
        said = await self.planner.ask(request)
        if "answer" not in said:
            return said
        # What is wrong stays here until it is asked for.
        exercise = secrets.token_urlsafe(16)
        self._exercises[exercise] = said.pop("answer")
        while len(self._exercises) > MOST_EXERCISES:
            self._exercises.popitem(last=False)
        return said | {"exercise": exercise}

    def _exercise(self, asked: Mapping[str, Any]) -> Json:
        found = self._exercises.get(_texts(asked, "exercise")["exercise"])
        if found is None:
            raise _Wrong("an exercise that is still remembered; spoil the plan again")
        return found

    async def guess(self, asked: Mapping[str, Any]) -> Json:
        hidden, step = self._exercise(asked), asked.get("step")
        if not (step is None or isinstance(step, int)):
            raise _Wrong("'step' to be a number, or null for the goal")
        return {"step": step == hidden["step"], "error": asked.get("error") == hidden["error"]}

    async def reveal(self, asked: Mapping[str, Any]) -> Json:
        return self._exercise(asked)

    async def ask(self, asked: Mapping[str, Any]) -> Json | Response:
        texts = _texts(asked, "domain", "problem")
        if self._asking is None:
            return {"done": True, "trouble": "No model is here: start with `planlearn serve --adapter DIR`."}
        about = await self._asking.about()
        if "trouble" in about:
            return {"done": True, **about}
        request = {"op": "prompt", **texts, "style": about["style"], "trained_on": about["trained_on"]}
        prompt = await self.checker.ask(request)
        if "prompt" not in prompt:
            return {"done": True, "trouble": prompt.get("trouble") or f"The texts cannot be read: {prompt['error']['message']}"}
        return StreamingResponse(self._lines(self._asking, prompt["prompt"]), media_type="application/x-ndjson")

    async def _lines(self, asking: Asking, prompt: str) -> AsyncIterator[str]:
        async with aclosing(asking.stream(prompt)) as lines:
            async for line in lines:
                yield json.dumps(line) + "\n"
