"""Establishments, catalogues, and what can be asked."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError
from strawberry.tools import create_type

from services.gateway.callers import Role
from services.gateway.schema import inputs, types
from services.gateway.schema.access import OpenTo
from services.gateway.schema.context import Information, told
from services.gateway.schema.inputs import AS_KNOWN_AT, AT
from services.gateway.schema.types import (
    Catalogue,
    CatalogueEntry,
    DimensionInfo,
    Establishment,
    Establishments,
    Label,
    MeasureInfo,
    Member,
    ValueInfo,
    label,
)
from shared.contracts.questions import EstablishmentStanding
from shared.domain.dimensions import DIMENSIONS, Dimension
from shared.domain.measures import MEASURES, Measure, crowding
from shared.reference import members as reference
from shared.reference.catalogue import load


async def establishments(info: Information, at: AT = None, as_known_at: AS_KNOWN_AT = None) -> Establishments:
    """See Asking.establishments."""
    with told():
        day = info.context.asking.day(at)
        standings, rests_on = await info.context.asking.establishments(day, inputs.known_at(as_known_at))
    return Establishments(
        at=day, items=[_establishment(each) for each in standings], provenance=types.provenance(rests_on)
    )


def catalogue(name: str) -> Catalogue:
    """See shared.reference.catalogue."""
    catalogues = load()
    found = catalogues.by_name.get(name)
    if found is None:
        names = sorted(catalogues.by_name)
        raise GraphQLError(f"no catalogue [{name}]; there are: {', '.join(names)}", extensions={"code": "BAD_QUESTION"})
    entries = [
        CatalogueEntry(
            code=each.code,
            label=Label(es=each.label_es, en=each.label_en),
            parent=each.parent,
            rank=each.rank,
            source=each.source,
            valid_from=each.valid_from,
            valid_to=each.valid_to,
        )
        for each in found.values()
    ]
    return Catalogue(name=name, version=catalogues.version, entries=entries)


def measures() -> list[MeasureInfo]:
    """See shared.domain.measures."""
    return [_measure(name) for name in MEASURES]


def dimensions(names: list[Dimension] | None = None) -> list[DimensionInfo]:
    """See shared.domain.dimensions."""
    return [_dimension(name) for name in names or DIMENSIONS]


def _establishment(of: EstablishmentStanding) -> Establishment:
    ratios = crowding(of.population, of.capacity)
    return Establishment(
        code=of.code,
        name=of.name,
        office=_member(Dimension.REGIONAL_OFFICE, of.office),
        department=_member(Dimension.DEPARTMENT, of.district[:2]),
        province=_member(Dimension.PROVINCE, of.district[:4]),
        district=_member(Dimension.DISTRICT, of.district),
        houses=of.houses,
        open=of.open,
        population=of.population,
        capacity=of.capacity,
        occupancy=ratios.occupancy,
        excess=ratios.excess,
        overcrowding=ratios.overcrowding,
        critical=ratios.critical,
    )


def _member(dimension: Dimension, code: str) -> Member:
    return Member(code=code, label=label(reference.label(dimension, code)))


def _measure(name: Measure) -> MeasureInfo:
    spec = MEASURES[name]
    values = [ValueInfo(key=v.key, label=label(v.label), type=v.type, unit=v.unit) for v in spec.values]
    return MeasureInfo(
        name=name,
        label=label(spec.label),
        definition=spec.definition,
        kind=spec.kind,
        values=values,
        dimensions=sorted(spec.dimensions),
    )


def _dimension(name: Dimension) -> DimensionInfo:
    spec = DIMENSIONS[name]
    found = [Member(code=code, label=label(of)) for code, of in reference.members(name).items()]
    return DimensionInfo(name=name, label=label(spec.label), description=spec.description, members=found)


_EVERYBODY = OpenTo(*Role)
"""Codes hold nobody's data, and whoever is told that a code is unknown must be able to look which there are."""
ReferenceQuery = create_type(
    "ReferenceQuery",
    [
        strawberry.field(
            establishments, description="Every establishment as it stood at the close of a day, closed ones too."
        ),
        strawberry.field(
            catalogue,
            description="A catalogue by name; an unknown name is answered with those that exist.",
            extensions=[_EVERYBODY],
        ),
        strawberry.field(
            measures, description="What can be counted, how, and by which dimensions.", extensions=[_EVERYBODY]
        ),
        strawberry.field(
            dimensions,
            description="By what figures can be broken down and filtered, with the members of each.",
            extensions=[_EVERYBODY],
        ),
    ],
)
