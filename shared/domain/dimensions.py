"""By what a figure can be broken down and filtered: every dimension, declared once, with its members or its catalogue.

Bands: INPE, Informe Estadístico of January 2026 (ages, admissions, sentences) and September 2016 (ages of medio libre).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Dimension(StrEnum):
    """The name of a dimension: what a figure can be broken down or filtered by."""

    ESTABLISHMENT = "establishment"
    REGIONAL_OFFICE = "regional_office"
    DEPARTMENT = "department"
    PROVINCE = "province"
    DISTRICT = "district"
    RESIDENCE_DEPARTMENT = "residence_department"
    RESIDENCE_PROVINCE = "residence_province"
    RESIDENCE_DISTRICT = "residence_district"
    RESIDENCE_NUCLEUS = "residence_nucleus"
    LEGAL_STATUS = "legal_status"
    PRINTED_STATUS = "printed_status"
    SEX = "sex"
    AGE_BAND = "age_band"
    NATIONALITY = "nationality"
    NATIONALITY_GROUP = "nationality_group"
    OFFENCE = "offence"
    OFFENCE_GENERIC = "offence_generic"
    ATTEMPT = "attempt"
    SCHOOLING = "schooling"
    CIVIL_STATUS = "civil_status"
    OCCUPATION = "occupation"
    ADMISSION_NUMBER = "admission_number"
    RECIDIVISM = "recidivism"
    SENTENCE_BAND = "sentence_band"
    LIBERTY_TYPE = "liberty_type"
    LIBERTY_GROUP = "liberty_group"
    MOTIVE = "motive"
    CONDITION = "condition"
    SUPERVISION_UNIT = "supervision_unit"
    SUPERVISION_SERVICE = "supervision_service"
    SUPERVISION_STATE = "supervision_state"
    SUPERVISION_AGE_BAND = "supervision_age_band"
    SUPERVISION_WRONG = "supervision_wrong"


MISSING = ""
"""The member of every dimension that stands for *sin dato*."""
REST = "*"
"""The member of a dimension cut to its greatest members that stands for all the others (*otros*)."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name that people read, in both languages."""

    es: str
    en: str


@dataclass(frozen=True, slots=True)
class DimensionSpec:
    """One dimension. Its members are the codes of `catalogue`, or those listed here, or free text if neither."""

    label: Label
    description: str
    catalogue: str = ""
    members: Mapping[str, Label] = field(default_factory=dict)


def _members(**labels: tuple[str, str]) -> Mapping[str, Label]:
    return MappingProxyType({code: Label(*label) for code, label in labels.items()})


def _ages(*codes: str) -> Mapping[str, Label]:
    return MappingProxyType({code: Label(*_age_label(code)) for code in codes})


def _age_label(code: str) -> tuple[str, str]:
    return (f"{code[:-1]} a más", f"{code[:-1]} and over") if code.endswith("+") else (f"{code} años", f"{code} years")


_AGE_BANDS = _ages(
    "0-15", "16-17", "18-19", "20-24", "25-29", "30-34", "35-39", "40-44", "45-49", "50-54", "55-59", "60+"
)
_SUPERVISION_AGE_BANDS = _ages("0-17", "18-24", "25-29", "30-34", "35-39", "40-44", "45-49", "50+")
_ADMISSION_NUMBERS = MappingProxyType(
    {str(n): Label(str(n), str(n)) for n in range(1, 8)} | {"8+": Label("8 a más", "8 or more")}
)
_SENTENCE_BANDS = MappingProxyType(
    {
        "0-5": Label("Menos de 5 años", "Less than 5 years"),
        "5-10": Label("De 5 a 10 años", "5 to 10 years"),
        "10-15": Label("Más de 10 a 15 años", "Over 10 to 15 years"),
        "15-20": Label("Más de 15 a 20 años", "Over 15 to 20 years"),
        "20-25": Label("Más de 20 a 25 años", "Over 20 to 25 years"),
        "25-30": Label("Más de 25 a 30 años", "Over 25 to 30 years"),
        "30-35": Label("Más de 30 a 35 años", "Over 30 to 35 years"),
        "35+": Label("Más de 35 años", "Over 35 years"),
        "life": Label("Cadena perpetua", "Life imprisonment"),
    }
)
_D = Dimension

DIMENSIONS: Mapping[Dimension, DimensionSpec] = MappingProxyType(
    {
        _D.ESTABLISHMENT: DimensionSpec(
            Label("Establecimiento penitenciario", "Establishment"), "Prison on whose roll people are.", "establishment"
        ),
        _D.REGIONAL_OFFICE: DimensionSpec(
            Label("Oficina regional", "Regional office"),
            "Regional office of the prison on the day asked; it does not follow from the department.",
            "regional_office",
        ),
        _D.DEPARTMENT: DimensionSpec(
            Label("Departamento del penal", "Department of the prison"), "Ubigeo, two digits.", "place"
        ),
        _D.PROVINCE: DimensionSpec(
            Label("Provincia del penal", "Province of the prison"), "Ubigeo, four digits.", "place"
        ),
        _D.DISTRICT: DimensionSpec(
            Label("Distrito del penal", "District of the prison"), "Ubigeo, six digits.", "place"
        ),
        _D.RESIDENCE_DEPARTMENT: DimensionSpec(
            Label("Departamento de procedencia", "Department of residence"), "Before custody. Ubigeo.", "place"
        ),
        _D.RESIDENCE_PROVINCE: DimensionSpec(
            Label("Provincia de procedencia", "Province of residence"), "Before custody. Ubigeo.", "place"
        ),
        _D.RESIDENCE_DISTRICT: DimensionSpec(
            Label("Distrito de procedencia", "District of residence"), "Before custody. Ubigeo.", "place"
        ),
        _D.RESIDENCE_NUCLEUS: DimensionSpec(
            Label("Núcleo urbano de procedencia", "Urban nucleus of residence"), "Before custody. Free code."
        ),
        _D.LEGAL_STATUS: DimensionSpec(
            Label("Situación jurídica", "Legal status"), "With sentenced-and-on-trial as a state.", "legal_status"
        ),
        _D.PRINTED_STATUS: DimensionSpec(
            Label("Situación jurídica (informe)", "Legal status as printed"),
            "The two states of INPE's report: who has a sentence in force counts as sentenced.",
            "legal_status",
        ),
        _D.SEX: DimensionSpec(Label("Sexo", "Sex"), "As registered.", "sex"),
        _D.AGE_BAND: DimensionSpec(
            Label("Rango de edad", "Age band"),
            "Age in whole years on the day asked (of a flow: on its day); it turns on the first of the month of birth.",
            members=_AGE_BANDS,
        ),
        _D.NATIONALITY: DimensionSpec(Label("Nacionalidad", "Nationality"), "ISO 3166-1 alpha-2.", "nationality"),
        _D.NATIONALITY_GROUP: DimensionSpec(
            Label("Peruano o extranjero", "Peruvian or foreign"),
            "Nationality in two groups.",
            members=_members(peruvian=("Peruano", "Peruvian"), foreign=("Extranjero", "Foreign")),
        ),
        _D.OFFENCE: DimensionSpec(
            Label("Delito específico", "Specific offence"),
            "Main offence as INPE prints it: an attempt is a line of its own, the code followed by `-t`.",
            "offence",
        ),
        _D.OFFENCE_GENERIC: DimensionSpec(
            Label("Delito genérico", "Generic offence"), "Title of the Penal Code.", "offence_generic"
        ),
        _D.ATTEMPT: DimensionSpec(
            Label("Grado de ejecución", "Completed or attempted"),
            "Of the main offence.",
            members=_members(completed=("Consumado", "Completed"), attempted=("Tentativa", "Attempted")),
        ),
        _D.SCHOOLING: DimensionSpec(Label("Nivel de instrucción", "Schooling"), "Nine classes.", "schooling"),
        _D.CIVIL_STATUS: DimensionSpec(Label("Estado civil", "Civil status"), "Six classes.", "civil_status"),
        _D.OCCUPATION: DimensionSpec(
            Label("Ocupación", "Occupation"), "Before admission, in five classes.", "occupation"
        ),
        _D.ADMISSION_NUMBER: DimensionSpec(
            Label("Número de ingresos", "Number of admissions"),
            "The larger of declared and counted; a recapture is not a new admission.",
            members=_ADMISSION_NUMBERS,
        ),
        _D.RECIDIVISM: DimensionSpec(
            Label("Reincidencia", "Recidivism"),
            "As declared by the judge; not the number of admissions.",
            members=_members(
                none=("No reincidente", "None"),
                reincident=("Reincidente", "Reincident"),
                habitual=("Habitual", "Habitual"),
            ),
        ),
        _D.SENTENCE_BAND: DimensionSpec(
            Label("Tiempo de sentencia", "Length of sentence"),
            "Longest sentence in force: under 5 years, 5 to 10 inclusive, then steps of five years, life.",
            members=_SENTENCE_BANDS,
        ),
        _D.LIBERTY_TYPE: DimensionSpec(Label("Tipo de libertad", "Type of liberty"), "Of a release.", "liberty_type"),
        _D.LIBERTY_GROUP: DimensionSpec(
            Label("Autoridad de la libertad", "Authority of the liberty"), "Judiciary or INPE.", "liberty_group"
        ),
        _D.MOTIVE: DimensionSpec(
            Label("Motivo", "Motive"),
            "Of the admission, the exit or the transfer: each has its own catalogue.",
            "motive",
        ),
        _D.CONDITION: DimensionSpec(
            Label("Tuberculosis", "Tuberculosis"),
            "By resistance.",
            members=_members(
                tb_sensitive=("TB sensible", "Drug-sensitive TB"),
                tb_mdr=("TB MDR", "MDR TB"),
                tb_xdr=("TB XDR", "XDR TB"),
            ),
        ),
        _D.SUPERVISION_UNIT: DimensionSpec(
            Label("Establecimiento de medio libre", "Supervision unit"), "Who supervises.", "supervision_unit"
        ),
        _D.SUPERVISION_SERVICE: DimensionSpec(
            Label("Servicio de medio libre", "Supervision service"), "What is supervised.", "supervision_service"
        ),
        _D.SUPERVISION_STATE: DimensionSpec(
            Label("Situación de control", "Control state"), "State of the supervision.", "supervision_state"
        ),
        _D.SUPERVISION_AGE_BAND: DimensionSpec(
            Label("Rango de edad (medio libre)", "Age band (supervision)"),
            "The bands of medio libre differ from those of the prisons.",
            members=_SUPERVISION_AGE_BANDS,
        ),
        _D.SUPERVISION_WRONG: DimensionSpec(
            Label("Delito o falta", "Crime or misdemeanour"),
            "Of the supervision.",
            members=_members(delito=("Delito", "Crime"), falta=("Falta", "Misdemeanour")),
        ),
    }
)
