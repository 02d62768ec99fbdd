"""Refuses what the page did not send: other hosts' names, other origins, requests without the page's token, texts that are too long.

A page from elsewhere that is open in the same browser can send requests to 127.0.0.1 and must gain nothing by it. Its requests bear its own Origin and a
Sec-Fetch-Site that says so; a name of its own that it lets point at 127.0.0.1 stands in Host; it cannot send JSON or a header of its own without asking first
(CORS), which nothing here answers; and it does not know the token, which is new at each start and stands in the page alone. It can neither
read nor frame the page.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "x-planlearn"
NOWHERE = "default-src 'none'; frame-ancestors 'none'"
HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Of every answer."""


class Refused(Exception):
    """status: of HTTP; its text is a sentence."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class Guard:
    """Wraps the application. port: on which it answers, as the browser names it. most: bytes of a body."""

    def __init__(self, app: ASGIApp, *, port: int, token: str, most: int) -> None:
        self.app, self.token, self.most = app, token, most
        self.hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost")) | (
            frozenset(("127.0.0.1", "localhost")) if port == 80 else frozenset()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = {name for name, _ in message.get("headers", ())}
                added = {"content-security-policy": NOWHERE, **HEADERS}
                extra = [(name.encode(), value.encode()) for name, value in added.items() if name.encode() not in found]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        try:
            self._admit(scope)
            body = await self._body(scope, receive)
        except Refused as refused:
            await JSONResponse({"trouble": str(refused)}, refused.status)(scope, receive, sent)
            return
        await self.app(scope, _again(body, receive), sent)

    def _admit(self, scope: Scope) -> None:
        """Raises Refused."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            raise Refused(403, f"This page answers to {', '.join(sorted(self.hosts))} alone.")
        host = hosts[0].lower()
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if scope["method"] == "GET":
            # A link from elsewhere may open the page in a window of its own; nothing else may fetch it.
            if site not in (None, "none", "same-origin") and headers.get("sec-fetch-dest") != "document":
                raise Refused(403, "Another page asked for this one.")
            return
        if scope["method"] != "POST":
            raise Refused(405, "Expected GET or POST.")
        if site not in (None, "same-origin") or origin not in (None, f"http://{host}"):
            raise Refused(403, "Another page sent this request.")
        if not hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            raise Refused(403, "This request is not of the page that this server gave out: load the page again.")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "Expected JSON.")

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body. Raises Refused at the first byte too many."""
        said = Headers(scope=scope).get("content-length", "0")
        if said.isdigit() and int(said) > self.most:
            raise Refused(413, self._too_long)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return bytes(body)
            body += message.get("body", b"")
            if len(body) > self.most:
                raise Refused(413, self._too_long)
            if not message.get("more_body", False):
                return bytes(body)

    @property
    def _too_long(self) -> str:
        return f"The texts are too long: {self.most:,} bytes at most."


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read already, then what comes behind it."""
    given = False

    async def received() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return received
