"""Small runs for the tests: a few examples, the tiny model, no network."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
