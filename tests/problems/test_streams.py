"""One stream a path: the same everywhere, and no two alike."""

import pytest

from planlearn.problems import stream


def test_the_same_path_gives_the_same_numbers():
    assert [stream(7, "blocksworld", "train", 3).random() for _ in range(2)] == [0.4566060936557891] * 2


def test_no_path_shares_a_stream_with_another():
    """Seed + index would give run 0's problem 5 to run 1 as problem 4; splits would overlap as well."""
    paths = [
        (seed, domain, split, i)
        for seed in range(5)
        for domain in "ab"
        for split in ("train", "test")
        for i in range(200)
    ]
    assert len(paths) == 4000
    assert len({stream(*path).random() for path in paths}) == len(paths)


def test_parts_are_kept_apart():
    assert stream("ab", "c").random() != stream("a", "bc").random()


@pytest.mark.parametrize("path", [(), ("a\0b",)])
def test_a_path_that_could_be_mistaken_for_another_is_refused(path):
    with pytest.raises(ValueError, match="stream"):
        stream(*path)
