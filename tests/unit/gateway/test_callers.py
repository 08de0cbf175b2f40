import hashlib

import pytest

from services.gateway.callers import Caller, Callers, ForbiddenError, Role
from services.gateway.schema import QUERIES, build
from services.gateway.schema.access import OpenTo

SITE = Caller(Role.ESTABLISHMENT, "ep-066")
STATISTICIAN = Caller(Role.STATISTICIAN)
KEYS = {name: hashlib.sha256(f"key-{name}".encode()).hexdigest() for name in ("ep-066", "inpe")}


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        ("Bearer the-token", STATISTICIAN),
        ("Bearer key-ep-066", SITE),
        ("bearer key-ep-066", SITE),
        ("Bearer key-inpe", None),
        ("Bearer the-token ", None),
        ("Basic the-token", None),
        ("Bearer", None),
        ("", None),
        ("Bearer ñ", None),
    ],
)
def test_a_token_or_a_key_tells_who_asks(header: str, caller: Caller | None):
    assert Callers("the-token", KEYS).who(header) == caller


@pytest.mark.parametrize(
    ("caller", "asked", "scope"),
    [
        (STATISTICIAN, None, None),
        (STATISTICIAN, "ep-001", "ep-001"),
        (SITE, None, "ep-066"),
        (SITE, "ep-066", "ep-066"),
    ],
)
def test_an_establishment_gets_its_own_and_a_statistician_what_he_names(
    caller: Caller, asked: str | None, scope: str | None
):
    assert caller.scope(asked) == scope


def test_an_establishment_that_names_another_is_told_its_own():
    with pytest.raises(ForbiddenError, match=r"\[ep-066\]"):
        SITE.scope("ep-001")


def test_every_field_says_whom_it_is_for_and_none_is_for_nobody():
    schema = build()
    fields = [*schema.query.__strawberry_definition__.fields, *schema.mutation.__strawberry_definition__.fields]
    assert len(fields) > len(QUERIES)
    for field in fields:
        [access] = [one for one in field.extensions if isinstance(one, OpenTo)]
        assert Role.STATISTICIAN in access.roles, field.name
