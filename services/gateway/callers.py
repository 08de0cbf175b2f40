"""Who asks: the statistician by the one token, or an establishment by the key that it speaks with at ingest."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from shared.runtime.keys import Keyring

INPE = "inpe"
"""Its key tells reference data to ingest; whoever of INPE asks for figures is a statistician."""


class Role(StrEnum):
    """What a caller may be; each field of the schema says which of them it is for."""

    STATISTICIAN = "statistician"
    ESTABLISHMENT = "establishment"


class ForbiddenError(Exception):
    """The caller may not ask this; the text says whose it is."""


class Caller(NamedTuple):
    """Who asks. `establishment` is the code of an establishment or unit, None for a statistician."""

    role: Role
    establishment: str | None = None

    def scope(self, asked: str | None) -> str | None:
        """Whose rows to answer with, None for everybody's, when the question names `asked` or nobody.

        An establishment gets its own whether or not it names itself. Raises ForbiddenError if it names another.
        """
        if self.establishment is None or asked in (None, self.establishment):
            return self.establishment or asked
        raise ForbiddenError(f"your key is that of [{self.establishment}]: leave out the establishment, or name yours")

    def require(self, establishment: str) -> None:
        """Refuse whoever is not this establishment, statisticians too. Raises ForbiddenError."""
        if self.establishment != establishment:
            raise ForbiddenError(f"this is for [{establishment}] alone: ask with its key")


class Callers:
    """Finds out who asks. Whoever is not found is nobody and may ask nothing."""

    def __init__(self, statistician_token: str, keys: Mapping[str, str]) -> None:
        self._statistician = f"Bearer {statistician_token}".encode()
        self._establishments = Keyring({owner: digest for owner, digest in keys.items() if owner != INPE})

    def who(self, authorization: str) -> Caller | None:
        """The caller whose token or key stands in an `Authorization: Bearer …` header, or None."""
        if hmac.compare_digest(authorization.encode(), self._statistician):
            return Caller(Role.STATISTICIAN)
        owner = self._establishments.owner(authorization)
        return Caller(Role.ESTABLISHMENT, owner) if owner else None
