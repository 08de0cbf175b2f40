"""The words facts are made of: codes, moments, identifiers, and how a person is named at the door.

The models bound the form of a code; whether it exists is decided by the catalogue that its mark names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError, core_schema

FIRST_DAY = date(1995, 1, 1)
"""The first of which facts are taken, and the first of which figures can be asked."""


@dataclass(frozen=True, slots=True)
class Tokenised:
    """Marks an identifier that ingest replaces by a keyed token of this kind before the log of record.

    An identifier of kind `person` is a document (`Person`) in what establishments send.
    """

    kind: str

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core), "x-token": self.kind}


@dataclass(frozen=True, slots=True)
class InCatalogue:
    """Marks a code whose existence is decided by the catalogue of this name."""

    name: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        schema: Any = handler(source)
        return {**schema, "metadata": {**schema.get("metadata", {}), "catalogue": self.name}}  # for who checks codes

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core), "x-catalogue": self.name}


IN_WORDS: dict[str, str] = {}
"""Each pattern of the contract in words, for whoever wrote something else."""


def formed(pattern: str, words: str) -> Any:
    """Marks text that has this pattern, and says it in words."""
    IN_WORDS[pattern] = words
    return Field(pattern=pattern, description=words)


@dataclass(frozen=True, slots=True)
class Written:
    """Only text of this form is a day or a moment: pydantic alone reads digits as seconds since 1970."""

    pattern: str
    format: str
    words: str

    def __post_init__(self) -> None:
        IN_WORDS[self.pattern] = self.words

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.chain_schema([core_schema.str_schema(pattern=self.pattern), handler(source)])

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core), "format": self.format}


Day = Annotated[
    date,
    Field(strict=False, ge=date(1900, 1, 1)),
    Written(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "date", "a day as 2026-02-03"),
]
"""A calendar day in Lima, written YYYY-MM-DD."""

Moment = Annotated[
    AwareDatetime,
    Field(strict=False, ge=datetime.combine(FIRST_DAY, time(), UTC)),
    Written(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
        "date-time",
        "a moment with its offset, as 2026-02-03T17:05:00-05:00",
    ),
    Field(description=f"RFC 3339 with an offset, from {FIRST_DAY.year} on: before, Peru also had summer time"),
]
"""When something happened."""

Code = Annotated[
    str, formed(r"^[a-z0-9][a-z0-9-]{0,63}$", "a code: up to 64 lower-case letters without accents, digits and hyphens")
]
_Ubigeo = Annotated[str, formed(r"^[0-9]{6}$", "the ubigeo of a district: 6 digits")]

EstablishmentCode = Annotated[Code, InCatalogue("establishment")]
OfficeCode = Annotated[Code, InCatalogue("regional_office")]
AdmissionMotive = Annotated[Code, InCatalogue("admission_motive")]
Authority = Annotated[Code, InCatalogue("authority")]
Offence = Annotated[Code, InCatalogue("offence")]
LibertyType = Annotated[Code, InCatalogue("liberty_type")]
ExitMotive = Annotated[Code, InCatalogue("exit_motive")]
TransferMotive = Annotated[Code, InCatalogue("transfer_motive")]
AbsenceReason = Annotated[Code, InCatalogue("absence_reason")]
Schooling = Annotated[Code, InCatalogue("schooling")]
CivilStatus = Annotated[Code, InCatalogue("civil_status")]
Occupation = Annotated[Code, InCatalogue("occupation")]
Nationality = Annotated[
    str, formed(r"^[A-Z]{2}$", "a country: the two capital letters of ISO 3166"), InCatalogue("nationality")
]
Place = Annotated[_Ubigeo, InCatalogue("place")]
SupervisionUnit = Annotated[Code, InCatalogue("supervision_unit")]
SupervisionService = Annotated[Code, InCatalogue("supervision_service")]
SupervisionState = Annotated[Code, InCatalogue("supervision_state")]
ArchivingCause = Annotated[Code, InCatalogue("archiving_cause")]

EstablishmentOrInpe = Annotated[
    Code, Field(description="who speaks: the code of an establishment or unit, or `inpe` for reference data")
]

Sex = Literal["male", "female"]
Identifier = Annotated[
    str,
    formed(r"^[\x21-\x7e]+$", "letters without accents, digits and signs; no spaces"),
    Field(min_length=1, max_length=128),
]
"""A name that a producer gives to a fact or a unit. Never a person's name."""


def may_be_told(field: str) -> bool:
    """Whether the name of an unknown field may be repeated: one without digits is no number of a document."""
    return re.fullmatch(r"[a-z][A-Za-z_]{0,39}", field) is not None


class Model(BaseModel):
    """Everything that crosses the door: nothing unknown, nothing converted, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_DNI = r"^[0-9]{8}$"


class Person(Model):
    """Who it is, by a document. Replaced by a token at ingest; never reaches the log of record."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"document": {"const": "dni"}}},
            "then": {"properties": {"number": {"pattern": _DNI}}},
        }
    )

    document: Literal["dni", "foreigner_card", "passport", "inpe"]
    number: Annotated[
        str, formed(r"^[A-Za-z0-9][A-Za-z0-9-]{3,19}$", "4 to 20 letters without accents, digits and hyphens")
    ]

    @field_validator("number")
    @classmethod
    def _a_dni_is_whole(cls, number: str, info: ValidationInfo) -> str:
        """Without its zeros it would be another person. Of the other documents no such rule is certain."""
        if info.data.get("document") == "dni" and not re.match(_DNI, number):
            raise PydanticCustomError("dni_digits", "the 8 digits of the DNI, leading zeros included")
        return number


class Profile(Model):
    """Attributes of a person; what is absent is not known (at admission) or not changed (afterwards)."""

    sex: Sex | None = None
    birth_date: Day | None = None
    nationality: Nationality | None = None
    schooling: Schooling | None = None
    civil_status: CivilStatus | None = None
    occupation: Occupation | None = None
    recidivism: Literal["none", "reincident", "habitual"] | None = None
    residence: Place | None = None
    residence_nucleus: (
        Annotated[str, formed(r"^[0-9A-Za-z-]{1,20}$", "up to 20 letters without accents, digits and hyphens")] | None
    ) = None


class OffenceCharge(Model):
    """One offence of a case. `rank` is the catalogue's gravity (1 is gravest), stamped by ingest."""

    code: Offence
    attempt: bool = False
    main: bool = False
    rank: Annotated[int, Field(ge=1, le=99_999)] | None = None


class Sentence(Model):
    """A sentence in force: whole months, or life. `joined` declares a refundición: it stands for all others."""

    months: Annotated[int, Field(ge=0, le=1200)] | None = None
    life: bool = False
    joined: bool = False

    @model_validator(mode="before")
    @classmethod
    def _one_length(cls, said: Any) -> Any:
        # Before, not after: ingest reads into dictionaries, where there is no model to ask.
        if isinstance(said, dict) and (said.get("life") is True) == (said.get("months") is not None):
            raise ValueError("give either months or life: true")
        return said


Offences = Annotated[list[OffenceCharge], Field(min_length=1, max_length=50)]


class Case(Model):
    """A judicial case that holds a person: processed until a sentence is given."""

    case: Annotated[Identifier, Tokenised("case")]
    offences: Offences
    sentence: Sentence | None = None


Cases = Annotated[list[Case], Field(max_length=50)]
Count = Annotated[int, Field(ge=0, le=20_000)]
