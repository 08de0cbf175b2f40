import hashlib

import pytest

from shared.runtime.keys import Keyring


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


KEYRING = Keyring({"ep-001": _hash("one"), "inpe": _hash("two")})


@pytest.mark.parametrize(
    ("header", "owner"),
    [
        ("Bearer one", "ep-001"),
        ("bearer two", "inpe"),
        ("Bearer three", None),
        ("Bearer", None),
        ("Basic one", None),
        ("one", None),
        ("", None),
        (None, None),
        ("Bearer " + _hash("one"), None),
    ],
)
def test_a_key_tells_who_speaks(header: str | None, owner: str | None):
    assert KEYRING.owner(header) == owner


def test_a_key_that_only_begins_like_a_known_one_is_nobodys():
    known = _hash("one")
    keyring = Keyring({"ep-001": known[:8] + "0" * 56})
    assert keyring.owner("Bearer one") is None


def test_two_establishments_with_one_key_are_refused():
    with pytest.raises(ValueError, match="same key"):
        Keyring({"ep-001": _hash("one"), "ep-002": _hash("one")})
