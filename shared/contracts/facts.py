"""Contract v1: every fact an establishment may send, as it crosses the door of ingest.

A fact is a CloudEvents 1.0 message in structured JSON. `source` + `id` identify it for ever; `time` says
when it happened; `data` says what happened. Inbound messages name the person by a document; the log of
record (`siep.facts.v1`) carries the same `data` without `person`, and the person's token in `subject`.

Codes are text from the versioned catalogues of `shared/reference`; the models bound their form, the
catalogue decides whether they exist. What a fact does to a person's timeline is not said here but in
`shared/domain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Union

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, create_model, model_validator


@dataclass(frozen=True, slots=True)
class Tokenised:
    """Marks an identifier that ingest replaces by a keyed token of this kind before the log of record."""

    kind: str


@dataclass(frozen=True, slots=True)
class InCatalogue:
    """Marks a code whose existence is decided by the catalogue of this name."""

    name: str

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core), "x-catalogue": self.name}


_Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
_Ubigeo = Annotated[str, Field(pattern=r"^\d{6}$")]

EstablishmentCode = Annotated[_Code, InCatalogue("establishment")]
OfficeCode = Annotated[_Code, InCatalogue("regional_office")]
AdmissionMotive = Annotated[_Code, InCatalogue("admission_motive")]
Authority = Annotated[_Code, InCatalogue("authority")]
Offence = Annotated[_Code, InCatalogue("offence")]
LibertyType = Annotated[_Code, InCatalogue("liberty_type")]
ExitMotive = Annotated[_Code, InCatalogue("exit_motive")]
TransferMotive = Annotated[_Code, InCatalogue("transfer_motive")]
AbsenceReason = Annotated[_Code, InCatalogue("absence_reason")]
Schooling = Annotated[_Code, InCatalogue("schooling")]
CivilStatus = Annotated[_Code, InCatalogue("civil_status")]
Occupation = Annotated[_Code, InCatalogue("occupation")]
Nationality = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), InCatalogue("nationality")]
Place = Annotated[_Ubigeo, InCatalogue("place")]
SupervisionUnit = Annotated[_Code, InCatalogue("supervision_unit")]
SupervisionService = Annotated[_Code, InCatalogue("supervision_service")]
SupervisionState = Annotated[_Code, InCatalogue("supervision_state")]
ArchivingCause = Annotated[_Code, InCatalogue("archiving_cause")]

EstablishmentOrInpe = Annotated[
    _Code, Field(description="who speaks: the establishment's code, or `inpe` for reference data")
]

Sex = Literal["male", "female"]
Identifier = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
"""A name that a producer gives to a fact or a unit. Never a person's name."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Person(_Model):
    """Who it is, by a document. Replaced by a token at ingest; never reaches the log of record."""

    document: Literal["dni", "foreigner_card", "passport", "inpe"]
    number: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{4,20}$")]


class Profile(_Model):
    """Attributes of a person; what is absent is not known (at admission) or not changed (afterwards)."""

    sex: Sex | None = None
    birth_date: Annotated[date, Field(ge=date(1900, 1, 1), strict=False)] | None = None
    nationality: Nationality | None = None
    schooling: Schooling | None = None
    civil_status: CivilStatus | None = None
    occupation: Occupation | None = None
    recidivism: Literal["none", "reincident", "habitual"] | None = None
    residence: Place | None = None
    residence_nucleus: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,20}$")] | None = None


class OffenceCharge(_Model):
    """One offence of a case. `rank` is the catalogue's gravity (1 is gravest), stamped by ingest."""

    code: Offence
    attempt: bool = False
    main: bool = False
    rank: Annotated[int, Field(ge=1, le=99_999)] | None = None


class Sentence(_Model):
    """A sentence in force: whole months, or life. `joined` declares a refundición: it stands for all others."""

    months: Annotated[int, Field(ge=0, le=1200)] | None = None
    life: bool = False
    joined: bool = False

    @model_validator(mode="after")
    def _one_length(self) -> Sentence:
        if self.life == (self.months is not None):
            raise ValueError("give either months or life: true")
        return self


Offences = Annotated[list[OffenceCharge], Field(min_length=1, max_length=50)]


class Case(_Model):
    """A judicial case that holds a person: processed until a sentence is given."""

    case: Annotated[Identifier, Tokenised("case")]
    offences: Offences
    sentence: Sentence | None = None


Cases = Annotated[list[Case], Field(max_length=50)]
Count = Annotated[int, Field(ge=0, le=20_000)]


class _OfPerson(_Model):
    """Data of a fact about a person, as recorded; inbound messages add `person`."""


class RollOpening(_OfPerson):
    """This person was in custody when the establishment joined: stock, no flow."""

    establishment: EstablishmentCode
    admitted_on: Annotated[date, Field(strict=False)]
    declared_admissions: Annotated[int, Field(ge=1, le=99)] = 1
    profile: Profile
    cases: Cases


class Admission(_OfPerson):
    """Ingreso: a person enters an establishment from liberty (or is recaptured)."""

    establishment: EstablishmentCode
    motive: AdmissionMotive
    authority: Authority
    declared_admissions: Annotated[int, Field(ge=1, le=99)] = 1
    profile: Profile
    cases: Cases


class CaseOpened(_OfPerson):
    """One more case holds the person."""

    case: Annotated[Identifier, Tokenised("case")]
    offences: Offences
    sentence: Sentence | None = None


class CaseChanged(_OfPerson):
    """A case's offences or its sentence changed; what is absent stays as it was."""

    case: Annotated[Identifier, Tokenised("case")]
    offences: Offences | None = None
    sentence: Sentence | None = None


class CaseClosed(_OfPerson):
    """A case no longer holds the person."""

    case: Annotated[Identifier, Tokenised("case")]


class Release(_OfPerson):
    """Egreso to liberty."""

    establishment: EstablishmentCode
    liberty_type: LibertyType
    motive: ExitMotive | None = None


class Death(_OfPerson):
    """Death in custody: an exit that is not a liberty."""

    establishment: EstablishmentCode
    motive: ExitMotive | None = None


class Escape(_OfPerson):
    """Escape: an exit that is not a liberty; the return is an admission of motive `recaptura`."""

    establishment: EstablishmentCode
    motive: ExitMotive | None = None


class TransferDeparture(_OfPerson):
    """First leg of a traslado: the person leaves the origin and stays on its roll, in transit."""

    establishment: EstablishmentCode
    destination: EstablishmentCode
    motive: TransferMotive | None = None


class TransferArrival(_OfPerson):
    """Second leg of a traslado: the person is on the destination's roll from now on."""

    establishment: EstablishmentCode
    origin: EstablishmentCode


class AbsenceStart(_OfPerson):
    """Conducción to a court or a hospital: the person stays on the roll."""

    establishment: EstablishmentCode
    reason: AbsenceReason


class AbsenceEnd(_OfPerson):
    """The person is back from a conducción."""

    establishment: EstablishmentCode


class ProfileChange(_OfPerson):
    """Attributes that hold from this moment on."""

    profile: Profile


class Health(_OfPerson):
    """Tuberculosis diagnosed or cured. Sensitive."""

    condition: Literal["tb_sensitive", "tb_mdr", "tb_xdr"]
    event: Literal["diagnosed", "cured"]


class ChildEntry(_OfPerson):
    """A child under three comes to live with its mother (`person`): counted apart from the population."""

    establishment: EstablishmentCode
    child: Annotated[Identifier, Tokenised("child")]
    sex: Sex
    birth_date: Annotated[date, Field(strict=False)]


class ChildExit(_OfPerson):
    """A child no longer lives in the establishment."""

    establishment: EstablishmentCode
    child: Annotated[Identifier, Tokenised("child")]


class SupervisionStart(_OfPerson):
    """Medio libre: a unit begins to supervise a person."""

    supervision: Annotated[Identifier, Tokenised("supervision")]
    unit: SupervisionUnit
    service: SupervisionService
    wrong: Literal["delito", "falta"]
    offence: Offence | None = None
    state: SupervisionState
    beneficiary_unit: Identifier | None = None
    profile: Profile = Profile()


class SupervisionChange(_OfPerson):
    """The control state, the unit or the service of a supervision changed; what is absent stays."""

    supervision: Annotated[Identifier, Tokenised("supervision")]
    unit: SupervisionUnit | None = None
    service: SupervisionService | None = None
    state: SupervisionState | None = None
    beneficiary_unit: Identifier | None = None


class SupervisionEnd(_OfPerson):
    """A supervision is archived."""

    supervision: Annotated[Identifier, Tokenised("supervision")]
    cause: ArchivingCause


class Target(_Model):
    """An earlier original fact."""

    source: Identifier
    id: Identifier


FactTypeOfPerson = Literal[
    "siep.roll_opening.v1",
    "siep.admission.v1",
    "siep.case_opened.v1",
    "siep.case_changed.v1",
    "siep.case_closed.v1",
    "siep.release.v1",
    "siep.death.v1",
    "siep.escape.v1",
    "siep.transfer_departure.v1",
    "siep.transfer_arrival.v1",
    "siep.absence_start.v1",
    "siep.absence_end.v1",
    "siep.profile_change.v1",
    "siep.health.v1",
    "siep.child_entry.v1",
    "siep.child_exit.v1",
    "siep.supervision_start.v1",
    "siep.supervision_change.v1",
    "siep.supervision_end.v1",
]
"""What an amendment may put in the place of a fact: anything but an amendment, a void or a merge."""


class Replacement(_Model):
    """What the amended fact should have said: the whole fact again, without its person."""

    type: FactTypeOfPerson
    time: Annotated[AwareDatetime, Field(strict=False)]
    data: dict[str, Any]


class Amendment(_OfPerson):
    """Replaces an earlier original fact of the same person: `replacement` is what should have been said."""

    target: Target
    replacement: Replacement


class Void(_OfPerson):
    """Annuls an earlier original fact of the same person."""

    target: Target


class IdentityMerge(_OfPerson):
    """Two documents are one person. `other` is a document inbound and a token as recorded."""

    other: Annotated[Identifier, Tokenised("person")]


class HeadcountLine(_Model):
    """The physically counted of one sex."""

    sex: Sex
    present: Count
    absent: Count
    in_transit: Count


class Headcount(_Model):
    """The signed physical count of an establishment at `time`."""

    establishment: EstablishmentCode
    counted: Annotated[list[HeadcountLine], Field(min_length=1, max_length=2)]
    signed_by: Annotated[Identifier, Tokenised("official")]


class Establishment(_Model):
    """An establishment opened, closed, was renamed, moved office: how it stands from `time` on."""

    establishment: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    name: Annotated[str, Field(min_length=3, max_length=120)]
    office: OfficeCode
    place: Place
    houses: Literal["male", "female", "mixed"]
    open: bool = True


class Capacity(_Model):
    """Places (capacidad de albergue) of an establishment from `time` on."""

    establishment: EstablishmentCode
    places: Count


class PopulationReference(_Model):
    """A denominator: residents of a place at `time`, with where the number comes from."""

    place: Annotated[str, Field(pattern=r"^(PE|\d{2}|\d{4}|\d{6})$")]
    population: Annotated[int, Field(ge=0, le=100_000_000)]
    origin: Annotated[str, Field(min_length=3, max_length=200)]
    vintage: Annotated[int, Field(ge=1990, le=2100)]


class PeriodClose(_Model):
    """A statistician closes a month: from now on its figures are a release."""

    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    closed_by: Annotated[Identifier, Tokenised("official")]


class Tick(_Model):
    """Nothing but time, one per partition; made by ingest alone."""

    partition: Annotated[int, Field(ge=0, le=8)]


DATA_OF_PERSON: dict[str, type[_OfPerson]] = {
    "siep.roll_opening.v1": RollOpening,
    "siep.admission.v1": Admission,
    "siep.case_opened.v1": CaseOpened,
    "siep.case_changed.v1": CaseChanged,
    "siep.case_closed.v1": CaseClosed,
    "siep.release.v1": Release,
    "siep.death.v1": Death,
    "siep.escape.v1": Escape,
    "siep.transfer_departure.v1": TransferDeparture,
    "siep.transfer_arrival.v1": TransferArrival,
    "siep.absence_start.v1": AbsenceStart,
    "siep.absence_end.v1": AbsenceEnd,
    "siep.profile_change.v1": ProfileChange,
    "siep.health.v1": Health,
    "siep.child_entry.v1": ChildEntry,
    "siep.child_exit.v1": ChildExit,
    "siep.supervision_start.v1": SupervisionStart,
    "siep.supervision_change.v1": SupervisionChange,
    "siep.supervision_end.v1": SupervisionEnd,
    "siep.amendment.v1": Amendment,
    "siep.void.v1": Void,
    "siep.identity_merge.v1": IdentityMerge,
}
DATA_OF_REFERENCE: dict[str, type[_Model]] = {
    "siep.headcount.v1": Headcount,
    "siep.establishment.v1": Establishment,
    "siep.capacity.v1": Capacity,
    "siep.population_reference.v1": PopulationReference,
    "siep.period_close.v1": PeriodClose,
}
DATA = {**DATA_OF_PERSON, **DATA_OF_REFERENCE}


class Envelope(_Model):
    """What every fact carries around its `data`: CloudEvents 1.0 attributes, structured JSON."""

    specversion: Literal["1.0"] = "1.0"
    id: Identifier
    source: EstablishmentOrInpe
    time: Annotated[AwareDatetime, Field(strict=False)]
    datacontenttype: Literal["application/json"] = "application/json"


def _inbound_event(fact_type: str, data: type[_Model]) -> type[Envelope]:
    """The envelope of one fact type as establishments send it: `data` names the person by a document."""
    inbound = data
    if issubclass(data, _OfPerson):
        inbound = create_model(f"{data.__name__}Inbound", __base__=data, __doc__=data.__doc__, person=(Person, ...))
    return create_model(
        f"{data.__name__}Event",
        __base__=Envelope,
        __doc__=data.__doc__,
        type=(Literal[fact_type], ...),
        data=(inbound, ...),
    )


INBOUND: dict[str, type[Envelope]] = {fact_type: _inbound_event(fact_type, data) for fact_type, data in DATA.items()}
InboundFact: TypeAdapter[Envelope] = TypeAdapter(Annotated[Union[tuple(INBOUND.values())], Field(discriminator="type")])
"""Validates one inbound fact of any type: `InboundFact.validate_json(line)`."""


TOKEN = r"^k1:[0-9a-f]{64}$"


class Recorded(Envelope):
    """What every message of the log of record carries: tokenised, keyed by `subject` (or the establishment).

    `data` is the accepted fact's data without `person`. `type` is the fact's own type, or `siep.quarantined.v1`
    with `data` of `Quarantined`, or `siep.tick.v1` with `Tick`.
    """

    type: str
    subject: Annotated[str, Field(pattern=r"^(k1:[0-9a-f]{64}|[a-z0-9][a-z0-9-]{0,63})$")]
    data: dict[str, Any]


class Quarantined(_Model):
    """Fate of a message that has source, id and person but is otherwise invalid; it keeps an offset in the log."""

    original_type: str
    field: str
    code: str
    expected: str
    payload_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    payload: dict[str, Any] | None = None  # kept, tokenised, only if all that is wrong is an unknown code
