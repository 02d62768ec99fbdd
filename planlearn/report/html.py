"""One HTML file that needs nothing else: styles, scripts and data inside, and a policy that lets the browser run these alone.

Texts of models stand in the data only, a JSON block that no browser runs, and scripts put them into the page as text; the Content-Security-Policy
names the scripts by their hashes, so that what slipped through would not run either. Style attributes in markup are refused by the same
policy: scripts set styles through the DOM (`element.style.left = ...`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

ASSETS = Path(__file__).parent / "page"
DATA = "data"
"""The id of the JSON block: `JSON.parse(document.getElementById("data").textContent)`."""


def page(template: Path, *, title: str, styles: Sequence[Path], scripts: Sequence[Path], data: Mapping[str, Any], server: bool = False) -> str:
    """The page of a Jinja template, which places `{{ head }}` in its head and `{{ tail }}` at the end of its body.

    styles, scripts: files, one block each, in this order. data: JSON values for the scripts. server: the page may ask the server that it came from.
    """
    style_texts, script_texts = [_asset(path) for path in styles], [_asset(path) for path in scripts]
    policy = "; ".join([
        "default-src 'none'",
        f"style-src {_hashes(style_texts)}",
        f"script-src {_hashes(script_texts)}",
        "img-src data:",
        "connect-src 'self'" if server else "connect-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ])  # fmt: skip
    head = Markup('<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{}">\n'
                  '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{}</title>\n').format(policy, title)  # fmt: skip
    head += Markup("".join(f"<style>{text}</style>\n" for text in style_texts))
    tail = Markup(f'<script type="application/json" id="{DATA}">{embedded_json(data)}</script>\n')
    tail += Markup("".join(f"<script>{text}</script>\n" for text in script_texts))
    environment = Environment(loader=FileSystemLoader(template.parent), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.get_template(template.name).render(title=title, head=head, tail=tail)


def embedded_json(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script block: no `<`, `>` or `&`, and nothing but ASCII, whatever the texts are."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _asset(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if "</script" in text.lower() or "</style" in text.lower() or "<!--" in text:
        raise ValueError(f"{path} would end its own block")
    return text


def _hashes(texts: Sequence[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
