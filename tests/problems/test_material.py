"""Missing material skips a test, and fails it where the run said that the material must be there."""

import pytest


def test_what_is_missing_is_skipped_with_its_reason(need, monkeypatch):
    monkeypatch.setenv("PLANLEARN_REQUIRE", "val")
    with pytest.raises(pytest.skip.Exception, match="smollm2: no such folder"):
        need("smollm2", "no such folder")


def test_what_was_required_and_is_missing_fails(need, monkeypatch):
    monkeypatch.setenv("PLANLEARN_REQUIRE", "val, smollm2")
    with pytest.raises(pytest.fail.Exception, match="names 'smollm2', but: no such folder"):
        need("smollm2", "no such folder")
