import hashlib
import hmac

import pytest

from services.ingest.tokens import Tokeniser


@pytest.mark.parametrize("key", [b"k" * 32, b"k" * 64, bytes(range(100))])
def test_a_token_is_the_hmac_that_any_library_makes(key: bytes):
    expected = hmac.new(key, b"case:00417-2019", hashlib.sha256).hexdigest()
    assert Tokeniser(key).token("case", "00417-2019") == f"k1:{expected}"


def test_capitals_and_hyphens_of_a_document_make_no_difference():
    tokens = Tokeniser(b"k" * 32)
    assert tokens.person("passport", "xx-123-A") == tokens.person("passport", "XX123a")


def test_kinds_documents_and_keys_do_not_mix():
    tokens = Tokeniser(b"k" * 32)
    made = {
        tokens.person("dni", "00000017"),
        tokens.person("passport", "00000017"),
        tokens.token("case", "00000017"),
        tokens.token("child", "00000017"),
        Tokeniser(b"K" * 32).person("dni", "00000017"),
    }
    assert len(made) == 5


def test_other_identifiers_are_taken_as_written():
    tokens = Tokeniser(b"k" * 32)
    assert tokens.token("case", "A-1") != tokens.token("case", "a1")


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Tokeniser(b"short")
