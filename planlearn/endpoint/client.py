"""Ask an endpoint, many prompts at a time: chat completions, one user message, not streamed.

httpx2 sends; anyio, on which it stands, runs the requests in a thread beside the caller and cancels them. The `openai` package was
weighed: it retries well, but it takes keys, organisation and headers from OPENAI_* variables of its own and would send them to whatever
address it is given; its time-out is of a silence, so that a server which drips never reaches it; and it waits and retries where
nobody listens at the address.

Not streamed: an answer that is lost already (`Prompt.hopeless`) is still written to its end, as usage is only then counted everywhere.
"""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from importlib.util import find_spec
from random import random
from typing import TYPE_CHECKING

from planlearn.endpoint.reply import Reply, missing, read_reply, retry_after, server_says
from planlearn.endpoint.settings import Endpoint, EndpointError, without_key
from planlearn.evaluate import Completion, Prompt, Stop

if TYPE_CHECKING:
    from httpx2 import AsyncClient, Response

_CONNECT = 10.0
_LONGEST_PAUSE = 60.0
_LONGEST_WAIT = 120.0  # a server that asks for more is not waited for
_AGAIN = (408, 409, 429)


def complete(endpoint: Endpoint, prompts: Sequence[Prompt], *, max_tokens: int) -> Iterator[Completion]:
    """Answer each prompt; completions come as they are finished, in no order, one for each prompt.

    At most `endpoint.concurrency` answers are under way or finished and not yet taken; whoever stops iterating stops the requests.
    seconds: from the first try to the answer, waits between tries included. cost: of the try that was answered.
    Where no answer came after all retries, the completion has stop MISSING and says why.

    Raises ValueError for two equal ids, EndpointError for a key that cannot be used; while iterating EndpointError for a wrong key, before
    the first answer for an unknown model and a server that is not there, and after `endpoint.give_up` missing answers in a row.
    """
    if len({prompt.id for prompt in prompts}) < len(prompts):
        raise ValueError("two prompts have the same id")
    if max_tokens < 1:
        raise ValueError("max_tokens must be positive")
    if not find_spec("httpx2"):
        raise EndpointError("httpx2 is missing; planlearn's extra [endpoint] brings it (in a checkout: pip install '.[endpoint]')")
    return _completions(endpoint, endpoint.key(), prompts, max_tokens)


def _completions(endpoint: Endpoint, key: str | None, prompts: Sequence[Prompt], max_tokens: int) -> Iterator[Completion]:
    from anyio.from_thread import start_blocking_portal
    from httpx2 import URL, AsyncClient, InvalidURL, Timeout

    try:
        URL(endpoint.address)
    except InvalidURL:
        raise EndpointError("base_url: no address that can be asked") from None
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    # No redirects: the key goes to the address that was given and to no other.
    client = AsyncClient(headers=headers, timeout=Timeout(None, connect=min(_CONNECT, endpoint.timeout)), follow_redirects=False)
    waiting, busy = deque(prompts), set[Future[Completion]]()
    with _key_kept_from_logs(key), start_blocking_portal() as portal, portal.wrap_async_context_manager(client):
        asker = _Asker(endpoint, key, client, max_tokens)
        try:
            while waiting or busy:
                while waiting and len(busy) < endpoint.concurrency:
                    busy.add(portal.start_task_soon(asker.ask, waiting.popleft()))
                done = next(iter(wait(busy, return_when=FIRST_COMPLETED).done))
                busy.remove(done)
                yield done.result()
                if asker.lost is not None:
                    raise EndpointError(asker.lost)
        finally:  # before the client is closed below them
            for future in busy:
                future.cancel()


@contextmanager
def _key_kept_from_logs(key: str | None) -> Iterator[None]:
    """httpcore2's debugging, where somebody turns it on, writes a response's headers as the server made them up."""

    def blot(record: logging.LogRecord) -> bool:
        record.msg, record.args = without_key(record.getMessage(), key), None
        return True

    logger = logging.getLogger("httpcore2.http11")
    logger.addFilter(blot)
    try:
        yield
    finally:
        logger.removeFilter(blot)


class _Asker:
    """Asks one prompt at a time, in a task each.

    answered: whether the server has given an answer. in_a_row: answers missing since the last one. lost: why to stop, None while
    there is hope.
    """

    def __init__(self, endpoint: Endpoint, key: str | None, client: AsyncClient, max_tokens: int) -> None:
        self.endpoint, self.key, self.client, self.max_tokens = endpoint, key, client, max_tokens
        self.reached = self.answered = False
        self.in_a_row = 0
        self.lost: str | None = None

    async def ask(self, prompt: Prompt) -> Completion:
        begun = time.perf_counter()
        reply = await self._reply(json.dumps(self.endpoint.body(prompt, self.max_tokens)).encode("ascii"))
        self._count(reply)
        return Completion(
            id=prompt.id, text=reply.text, stop=reply.stop, reason=reply.reason, prompt_tokens=reply.prompt_tokens, tokens=reply.tokens,
            seconds=time.perf_counter() - begun, cost=self.endpoint.cost(reply.prompt_tokens, reply.tokens) if reply.counted else None,
        )

    async def _reply(self, body: bytes) -> Reply:
        from anyio import sleep

        tries = self.endpoint.retries + 1
        for number in range(tries):
            reply = await self._try(body)
            if not reply.again or (reply.wait or 0) > _LONGEST_WAIT:
                return reply
            if number + 1 < tries:
                pause = min(self.endpoint.pause * 2**min(number, 30), _LONGEST_PAUSE) * (1 - random() / 4)
                await sleep(pause if reply.wait is None else reply.wait)
        return missing(f"{reply.reason}; tried {tries} times" if tries > 1 else reply.reason)

    async def _try(self, body: bytes) -> Reply:
        from anyio import EndOfStream, fail_after
        from httpx2 import ConnectError, ConnectTimeout, RequestError, TimeoutException

        try:
            with fail_after(self.endpoint.timeout):
                response = await self.client.post(self.endpoint.address, content=body)
        except (ConnectError, ConnectTimeout):
            trouble = "the server cannot be reached"
        except (TimeoutError, TimeoutException):
            self.reached = True
            trouble = f"no whole answer within {self.endpoint.timeout:g} s"
        except (RequestError, OSError, EndOfStream):
            self.reached = True
            trouble = "the connection broke before the answer was whole"
        else:
            self.reached = True
            return self._judge(response)
        # Outside of the handlers: what is raised here must not carry the request, which has the key in its headers.
        if not self.reached:
            raise EndpointError(f"{self.endpoint.base_url} cannot be reached: is the server running, and is the address right?")
        return missing(trouble, again=True)

    def _judge(self, response: Response) -> Reply:
        """A whole response. Raises EndpointError for what no other prompt would mend."""
        status, said = response.status_code, server_says(response.content, self.key)
        words = f": {said}" if said else ""
        if status == 200:
            return read_reply(response.content, self.key)
        if status == 401 or (status == 403 and not self.answered):  # the server's words may quote part of the key
            there = "the key in {} was refused" if self.key is not None else "a key is wanted, but {} is not set"
            raise EndpointError(f"{self.endpoint.base_url} answered {status}: {there.format(self.endpoint.key_variable)}")
        if status == 404 and not self.answered:
            raise EndpointError(f"{self.endpoint.address} answered 404: no model {self.endpoint.model!r}, or no such address{words}")
        if status in _AGAIN or status >= 500:
            wait_for = retry_after(response.headers.get("retry-after"), time.time())
            return missing(f"the server answered {status}{words}", again=True, wait=wait_for)
        return missing(f"the server answered {status}{words}", about_prompt=True)

    def _count(self, reply: Reply) -> None:
        """Give up after too many missing answers in a row; a prompt that a working server refuses is none of them."""
        if reply.stop is not Stop.MISSING or (reply.about_prompt and self.answered):
            self.answered = self.answered or reply.stop is not Stop.MISSING
            self.in_a_row = 0
            return
        self.in_a_row += 1
        if self.in_a_row == self.endpoint.give_up:
            self.lost = (
                f"{self.endpoint.base_url} left {self.in_a_row} answers in a row missing, the last because {reply.reason}; stopped here:"
                " what came is kept, and the same command goes on"
            )
