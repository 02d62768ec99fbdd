"""What all tests share: material that a machine may lack, asked for in one way."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browser import Watched, launched

# A loaded machine is no counterexample, so no deadline for a single one.
settings.register_profile("planlearn", deadline=None, max_examples=60)
settings.load_profile("planlearn")

Need = Callable[[str, str], None]


def missing(name: str, reason: str) -> None:
    """Skip the test for lack of `name`; fail it where PLANLEARN_REQUIRE (a comma list) names it."""
    required = {part.strip() for part in os.environ.get("PLANLEARN_REQUIRE", "").split(",")}
    if name in required:
        pytest.fail(f"PLANLEARN_REQUIRE names {name!r}, but: {reason}")
    pytest.skip(f"{name}: {reason}")


@pytest.fixture(scope="session")
def need() -> Need:
    """`need(name, reason)`, to be called when something is missing: `need("val", "no Validate found")`."""
    return missing


@pytest.fixture(scope="session")
def planbench(need: Need) -> Path:
    """The folder with PlanBench's instances, from PLANBENCH_DIR."""
    folder = os.environ.get("PLANBENCH_DIR", "")
    if not folder:
        need("planbench", "PLANBENCH_DIR is not set")
    if not Path(folder).is_dir():
        need("planbench", f"PLANBENCH_DIR is {folder}, which is no folder")
    return Path(folder)


@pytest.fixture
def keeping_bytecode(tmp_path: Path) -> dict[str, str]:
    """An environment in which Python keeps what it compiled, as it does where a package is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(tmp_path)}


@pytest.fixture(scope="module")
def chromium(need: Need) -> Iterator[object]:
    """A headless Chromium; tests that need it skip where there is none."""
    with launched(need) as browser:
        yield browser


@pytest.fixture
def watched(chromium: object) -> Iterator[Watched]:
    """Opens pages, and fails the test for console errors, uncaught exceptions and requests to other hosts."""
    pages = Watched(chromium)
    yield pages
    pages.close()
    pages.check()
