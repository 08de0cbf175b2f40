"""Contract v1: every fact an establishment may send, as it crosses the door of ingest.

A fact is a CloudEvents 1.0 message in structured JSON. `source` + `id` identify it for ever; `time` says
when it happened; `data` says what happened. Inbound messages name the person by a document; the log of
record (`siep.facts.v1`) carries the same `data` without `person`, and the person's token in `subject`.

Codes are text from the versioned catalogues of `shared/reference`; the models bound their form, the
catalogue decides whether they exist. What a fact does to a person's timeline is not said here but in
`shared/domain`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, create_model

from shared.contracts.reference_facts import Capacity, Establishment, Headcount, PeriodClose, PopulationReference
from shared.contracts.terms import (
    AbsenceReason,
    AdmissionMotive,
    ArchivingCause,
    Authority,
    Cases,
    Day,
    EstablishmentCode,
    EstablishmentOrInpe,
    ExitMotive,
    Identifier,
    LibertyType,
    Model,
    Moment,
    Offence,
    Offences,
    Person,
    Profile,
    Sentence,
    Sex,
    SupervisionService,
    SupervisionState,
    SupervisionUnit,
    Tokenised,
    TransferMotive,
)


class _OfPerson(Model):
    """Data of a fact about a person, as recorded; inbound messages add `person`."""


class RollOpening(_OfPerson):
    """A person was in custody when the establishment joined: stock, no flow."""

    establishment: EstablishmentCode
    admitted_on: Day
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
    birth_date: Day


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


class Target(Model):
    """An earlier original fact."""

    source: Identifier
    id: Identifier


AMENDABLE: dict[str, type[_OfPerson]] = {
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
}
"""What an amendment may put in the place of a fact: anything but an amendment, a void or a merge."""


class _Replacement(Model):
    """What the amended fact should have said: the whole fact again, without its person."""

    time: Moment


def _replacement(fact_type: str, data: type[_OfPerson]) -> type[_Replacement]:
    name = f"{data.__name__}Replacement"
    said: dict[str, Any] = {"type": (Literal[fact_type], ...), "data": (data, ...)}
    return create_model(name, __base__=_Replacement, __doc__=_Replacement.__doc__, **said)


def _one_of(models: Iterable[Any]) -> Any:
    """Any of these, told apart by `type`."""
    return Annotated[functools.reduce(operator.or_, models), Field(discriminator="type")]


Replacement = _one_of(_replacement(fact_type, data) for fact_type, data in AMENDABLE.items())


class Amendment(_OfPerson):
    """Replaces an earlier original fact of the same person: `replacement` is what should have been said."""

    target: Target
    replacement: Replacement  # type: ignore[valid-type]  # a union made from the table above


class Void(_OfPerson):
    """Annuls an earlier original fact of the same person."""

    target: Target


class IdentityMerge(_OfPerson):
    """Two documents are one person. `other` is a document in what is sent and a token as recorded."""

    other: Annotated[Identifier, Tokenised("person")]


class Tick(Model):
    """Nothing but time, one per partition; made by ingest alone."""

    partition: Annotated[int, Field(ge=0, le=8)]


DATA_OF_PERSON: dict[str, type[_OfPerson]] = {
    **AMENDABLE,
    "siep.amendment.v1": Amendment,
    "siep.void.v1": Void,
    "siep.identity_merge.v1": IdentityMerge,
}
DATA_OF_REFERENCE: dict[str, type[Model]] = {
    "siep.headcount.v1": Headcount,
    "siep.establishment.v1": Establishment,
    "siep.capacity.v1": Capacity,
    "siep.population_reference.v1": PopulationReference,
    "siep.period_close.v1": PeriodClose,
}
DATA: dict[str, type[Model]] = {**DATA_OF_PERSON, **DATA_OF_REFERENCE}


class Envelope(Model):
    """What every fact carries around its `data`: CloudEvents 1.0 attributes, structured JSON."""

    specversion: Literal["1.0"] = "1.0"
    id: Identifier
    source: EstablishmentOrInpe
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"


def _event(name: str, fact_type: str, base: type[Envelope], data: type[Model]) -> type[Envelope]:
    said: dict[str, Any] = {"type": (Literal[fact_type], ...), "data": (data, ...)}
    return create_model(name, __base__=base, __doc__=data.__doc__, **said)


def _inbound_data(data: type[Model]) -> type[Model]:
    """The data of one fact type as establishments send it: persons are named by a document."""
    if not issubclass(data, _OfPerson):
        return data
    named = [name for name, field in data.model_fields.items() if Tokenised("person") in field.metadata]
    persons: dict[str, Any] = dict.fromkeys(["person", *named], (Person, ...))
    return create_model(f"{data.__name__}Inbound", __base__=data, __doc__=data.__doc__, **persons)


DATA_INBOUND = {fact_type: _inbound_data(data) for fact_type, data in DATA.items()}
INBOUND: dict[str, type[Envelope]] = {
    fact_type: _event(f"{DATA[fact_type].__name__}Event", fact_type, Envelope, data)
    for fact_type, data in DATA_INBOUND.items()
}
InboundFact: TypeAdapter[Envelope] = TypeAdapter(_one_of(INBOUND.values()))
"""Validates one inbound fact of any type: `InboundFact.validate_json(line)`."""


TOKEN = r"^k1:[0-9a-f]{64}$"  # noqa: S105 - the form of a token, not a token


class Recorded(Envelope):
    """What every message of the log of record carries: tokenised, keyed by `subject` (or the establishment).

    `data` is the accepted fact's data without `person`. `type` is the fact's own type, or `siep.quarantined.v1`
    with `data` of `Quarantined`, or `siep.tick.v1` with `Tick`; or it is what aggregators tell each other of merged
    persons, `siep.moved.v1` with `Moved` and `siep.merge_notice.v1` with `MergeNotice`: then `source` is `siep`, `id`
    is `<partition>:<offset>` of the record it comes from, and `time` is when that was recorded.
    """

    type: str
    subject: Annotated[str, Field(pattern=r"^(k1:[0-9a-f]{64}|[a-z0-9][a-z0-9-]{0,63})$")]
    data: dict[str, Any]


class Quarantined(Model):
    """Fate of a message that has source, id and person but is otherwise invalid; it keeps an offset in the log."""

    original_type: str
    field: str
    code: str
    expected: str
    payload_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    payload: dict[str, Any] | None = None  # kept, tokenised, only if all that is wrong is an unknown code


class MovedFact(Model):
    """A counted fact of the token, as it was recorded."""

    source: Identifier
    id: Identifier
    type: str
    time: Moment
    data: dict[str, Any]


class Moved(Model):
    """Facts of a token that a merge names, told to the partition of merged persons.

    First its whole history up to the fact that names it, in one message; then each later fact, one each.
    """

    facts: list[MovedFact]


class MergeNotice(Model):
    """A merge filed under another token (`other`) names this one."""

    other: Annotated[str, Field(pattern=TOKEN)]


QUARANTINED = "siep.quarantined.v1"
TICK = "siep.tick.v1"
MOVED = "siep.moved.v1"
MERGE_NOTICE = "siep.merge_notice.v1"
_OURS: dict[str, type[Model]] = {QUARANTINED: Quarantined, TICK: Tick, MOVED: Moved, MERGE_NOTICE: MergeNotice}
RECORDED: dict[str, type[Envelope]] = {
    fact_type: _event(f"{data.__name__}Recorded", fact_type, Recorded, data)
    for fact_type, data in (DATA | _OURS).items()
}
"""What readers of the log of record may rely on, by type; what is absent was null or not said."""
