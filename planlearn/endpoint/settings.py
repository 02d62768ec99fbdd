"""Where a model is served and how it is asked; what of it may be written down."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from planlearn.errors import PlanlearnError
from planlearn.evaluate import Prompt

SECRET_LENGTH = 8
"""A shorter key is a placeholder, as servers without keys want one ("none"); to blot it out would spoil answers."""
_FIXED = ("model", "messages", "stream", "n")
_OPENAI = "api.openai.com"


class EndpointError(PlanlearnError):
    """An endpoint that cannot be used: settings, key, address, model, or a server that has stopped answering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible endpoint. It never holds the key, only the name of the environment variable that does.

    base_url: up to and without "/chat/completions", e.g. "http://127.0.0.1:8000/v1". key_variable: where the key is; without that
    variable no key is sent. concurrency: requests at a time. timeout: seconds for one try, from its sending to the answer's last byte.
    retries: further tries after 408, 409, 429, 5xx, a time-out or a broken connection. pause: seconds before the first of them, doubled
    each time up to a minute; a Retry-After goes before it, up to two minutes. give_up: so many answers missing in a row end the run.
    price_in, price_out: of a million tokens, in whatever currency; both or none. temperature, seed: None is not sent; except at
    temperature 0 every prompt has a seed of its own, made of `seed` and its id, so that several answers to one problem differ. system:
    a system message, "" for none. cap_field: what the request calls the cap of tokens; by default max_completion_tokens for OpenAI
    itself, whose reasoning models know no other, and max_tokens for every other server. extra: further fields of the request's body,
    e.g. {"reasoning_effort": "low"}; null takes a field out.

    Raises EndpointError for values that cannot be used.
    """

    base_url: str
    model: str
    key_variable: str = "OPENAI_API_KEY"
    concurrency: int = 4
    timeout: float = 600.0
    retries: int = 5
    pause: float = 0.5
    give_up: int = 10
    price_in: float | None = None
    price_out: float | None = None
    temperature: float | None = 0.0
    seed: int | None = None
    system: str = ""
    cap_field: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", _plain_url(self.base_url))
        for name, least in (("concurrency", 1), ("retries", 0), ("give_up", 1)):
            if getattr(self, name) < least:
                raise EndpointError(f"{name}: expected {least} or more, found {getattr(self, name)}")
        if not self.timeout > 0:
            raise EndpointError(f"timeout: expected seconds above 0, found {self.timeout}")
        if not self.pause >= 0:
            raise EndpointError(f"pause: expected seconds, 0 or more, found {self.pause}")
        if self.temperature is not None and not 0 <= self.temperature < float("inf"):
            raise EndpointError(f"temperature: expected 0 or more, found {self.temperature}")
        if (self.price_in is None) != (self.price_out is None):
            raise EndpointError("price_in and price_out: expected both or none, found one")
        if any(price is not None and not 0 <= price < float("inf") for price in (self.price_in, self.price_out)):
            raise EndpointError("price_in and price_out: expected 0 or more for a million tokens")
        try:
            object.__setattr__(self, "extra", json.loads(json.dumps(dict(self.extra), allow_nan=False)))
        except (TypeError, ValueError):
            raise EndpointError("extra: expected a JSON object") from None
        if fixed := [name for name in _FIXED if name in self.extra]:
            raise EndpointError(f"extra: {fixed[0]!r} is not to be set there")

    @property
    def address(self) -> str:
        """Where requests go."""
        return f"{self.base_url}/chat/completions"

    def key(self) -> str | None:
        """The key, from the environment as it is now; None where there is none.

        Raises EndpointError for one that no header can carry, one that would go unencrypted to another machine, and where it stands in the settings too, which are written to results.
        """
        key = os.environ.get(self.key_variable, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise EndpointError(f"{self.key_variable}: the key has characters that no HTTP header can carry")
        if without_key(written := json.dumps([self.base_url, self.model, self.system, self._sent(None)]), key) != written:
            raise EndpointError(
                f"the key stands in the endpoint's settings, which are written to results; only {self.key_variable} may hold it"
            )
        parts = urlsplit(self.base_url)
        if len(key) >= SECRET_LENGTH and parts.scheme == "http" and not _is_here(parts.hostname or ""):
            raise EndpointError(f"{self.key_variable} holds a key, which would go unencrypted to {parts.hostname}; use https, or unset it")
        return key or None

    def body(self, prompt: Prompt, max_tokens: int) -> dict[str, Any]:
        """The request for one prompt; max_tokens: the cap of its answer."""
        sent = self._sent(max_tokens)
        if self.seed is not None and "seed" not in self.extra and sent.get("temperature") != 0:
            sent["seed"] = int.from_bytes(sha256(f"{self.seed}\0{prompt.id}".encode("utf-8", "replace")).digest()[:4]) >> 1
        messages = [{"role": "system", "content": self.system}] if self.system else []
        return {"model": self.model, "messages": [*messages, {"role": "user", "content": prompt.text}], **sent}

    def about(self, max_tokens: int | None = None) -> dict[str, Any]:
        """What results say of the model and what was sent with each prompt; all of it decides answers, so it belongs in a fingerprint.

        Temperature 0 is what was asked for; whether the server is greedy then is its own affair. max_tokens: None where the cap stands
        elsewhere.
        """
        self.key()
        system = {"system": self.system} if self.system else {}
        return {"model": self.model, "endpoint": self.base_url, "sent": system | self._sent(max_tokens)}

    def said(self) -> dict[str, Any]:
        """What results say beside it and decides no answer: how requests were made, and the prices."""
        names = ("concurrency", "timeout", "retries", "price_in", "price_out")
        return {"requests": {name: getattr(self, name) for name in names}}

    def cost(self, prompt_tokens: int, tokens: int) -> float | None:
        """By the prices, None without them; a discount for what the server remembers is not known here."""
        if self.price_in is None or self.price_out is None:
            return None
        return (prompt_tokens * self.price_in + tokens * self.price_out) / 1e6

    def _sent(self, max_tokens: int | None) -> dict[str, Any]:
        host = urlsplit(self.base_url).hostname
        cap = self.cap_field or ("max_completion_tokens" if host == _OPENAI else "max_tokens")
        fields = {"temperature": self.temperature, "seed": self.seed, cap: max_tokens, **self.extra}
        return {name: value for name, value in fields.items() if value is not None}


def _plain_url(url: str) -> str:
    """The address without a slash at its end. Never quotes it: what is wrong with it may be a key inside."""
    expected = "base_url: expected http(s)://host[:port][/path] without user, query or fragment; a key belongs in an environment variable"
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for one that is no number
    except ValueError:
        raise EndpointError(expected) from None
    plain = parts.scheme in ("http", "https") and parts.hostname and not (parts.username or parts.password)
    if not plain or "?" in url or "#" in url or "@" in parts.netloc or not (url.isprintable() and " " not in url):
        raise EndpointError(expected)
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def without_key(text: str, key: str | None) -> str:
    """A text of the server's, the key blotted out of it."""
    return text.replace(key, "[key]") if key is not None and len(key) >= SECRET_LENGTH else text
