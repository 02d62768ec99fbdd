"""The application with small limits, as its own page would ask it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.testclient import TestClient

from planlearn.serve.app import make_app
from planlearn.serve.limits import Limits

PORT = 8765


class Page:
    """What the page that the server gave out knows and sends."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.text = client.get("/").text
        found = re.search(r'<script type="application/json" id="data">(.*?)</script>', self.text)
        assert found is not None
        self.data = json.loads(found[1])
        self.headers = {"x-planlearn": self.data["token"], "origin": f"http://127.0.0.1:{PORT}", "sec-fetch-site": "same-origin"}

    def post(self, path: str, body: Any = None, **headers: str | None) -> Any:
        """headers: by name with _ for -; None leaves one out."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json", **self.headers, **given}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content, headers={name: value for name, value in sent.items() if value is not None})

    def ask(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def opened() -> Iterator[Callable[..., Page]]:
    """Opens applications: `opened(seconds=0.5)` with these limits."""
    with ExitStack() as stack:

        def open_page(asking: Any = None, **limits: Any) -> Page:
            app = make_app(port=PORT, limits=Limits(**limits), asking=asking, model="small" if asking else "")
            return Page(stack.enter_context(TestClient(app, base_url=f"http://127.0.0.1:{PORT}")))

        yield open_page


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with TestClient(make_app(port=PORT), base_url=f"http://127.0.0.1:{PORT}") as client:
        yield Page(client)
