"""What INPE does not print and we had to make up: plausible weights, by nobody measured.

Nothing here may be asserted of the real country.
"""

from __future__ import annotations

from typing import NamedTuple

from deploy.demo.country.tables import rows


class Line(NamedTuple):
    """A line of the offence table: a specific offence, completed or attempted.

    `women` is how often a woman is among those held for it, relative to other lines; 0 where all are men. `months` is a
    usual sentence. `weight` shares out "otros"; printed lines have 0.
    """

    code: str
    attempt: bool
    women: float
    months: int
    weight: float = 0


SHORT_SENTENCES = ("cp-149-obligacion-alimentaria", "cp-122-b-agresiones")
"""Their statutory maximum is under five years (CP 149, 122-B)."""

_PRINTED: dict[str, tuple[float, int]] = {
    "cp-189-robo-agravado": (0.5, 140),
    "cp-173-violacion-de-menor": (0, 340),
    "cp-296-trafico-de-drogas": (2.6, 96),
    "cp-189-robo-agravado/attempt": (0.4, 100),
    "cp-296-promocion-al-trafico": (2.4, 96),
    "cp-170-violacion-sexual": (0, 150),
    "cp-297-trafico-agravado": (2.6, 180),
    "cp-108-asesinato": (0.9, 230),
    "cp-176-a-actos-contra-el-pudor": (0, 110),
    "cp-186-hurto-agravado": (1.2, 60),
    "cp-149-obligacion-alimentaria": (0.3, 0),
    "cp-176-a-tocamientos": (0, 130),
    "cp-279-tenencia-de-armas": (0.5, 84),
    "cp-279-g-porte-de-armas": (0.6, 90),
    "cp-200-extorsion": (1.6, 200),
    "cp-186-hurto-agravado/attempt": (1.1, 44),
    "cp-171-persona-en-inconsciencia": (0, 260),
    "cp-122-b-agresiones": (0.6, 0),
    "cp-108-b-feminicidio": (0, 280),
    "cp-279-armas-municiones-y-explosivos": (0.6, 84),
}

_OTHERS = (  # from offences of the young to those of older people
    Line("cp-188-robo", False, 0.5, 70, 5),
    Line("cp-188-robo", True, 0.4, 50, 3),
    Line("cp-194-receptacion", False, 1.2, 40, 4),
    Line("cp-195-receptacion-agravada", False, 1.0, 66, 4),
    Line("cp-317-a-marcaje-o-reglaje", False, 0.4, 60, 2),
    Line("cp-317-b-banda-criminal", False, 1.0, 72, 4),
    Line("cp-298-microcomercializacion", False, 2.4, 66, 6),
    Line("cp-108-c-sicariato", False, 0.6, 360, 3),
    Line("cp-200-extorsion", True, 1.4, 140, 5),
    Line("cp-108-asesinato", True, 0.7, 170, 6),
    Line("cp-106-homicidio-simple", False, 0.9, 140, 6),
    Line("cp-106-homicidio-simple", True, 0.7, 100, 3),
    Line("cp-366-resistencia-a-la-autoridad", False, 1.0, 36, 2),
    Line("cp-367-violencia-agravada-a-la-autoridad", False, 1.0, 72, 3),
    Line("cp-368-desobediencia", False, 0.4, 60, 3),
    Line("cp-185-hurto-simple", False, 1.4, 24, 1),
    Line("cp-173-violacion-de-menor", True, 0, 220, 6),
    Line("cp-170-violacion-sexual", True, 0, 110, 6),
    Line("cp-171-persona-en-inconsciencia", True, 0, 180, 2),
    Line("cp-172-incapacidad-de-consentir", False, 0, 260, 4),
    Line("cp-176-actos-contra-el-pudor", False, 0, 70, 5),
    Line("cp-183-b-proposiciones-a-menores", False, 0, 66, 2),
    Line("cp-108-b-feminicidio", True, 0, 200, 6),
    Line("cp-121-lesiones-graves", False, 1.0, 70, 5),
    Line("cp-121-b-lesiones-graves-familiar", False, 0.6, 90, 6),
    Line("cp-121-b-lesiones-graves-familiar", True, 0.4, 60, 1),
    Line("cp-122-lesiones-leves", False, 0.8, 30, 1),
    Line("cp-151-coaccion", False, 0.8, 24, 0.5),
    Line("cp-151-a-acoso", False, 0, 30, 0.5),
    Line("cp-152-secuestro", False, 1.4, 300, 6),
    Line("cp-152-secuestro", True, 1.2, 200, 1),
    Line("cp-129-a-trata-de-personas", False, 3.0, 170, 5),
    Line("cp-179-favorecimiento-a-la-prostitucion", False, 2.6, 60, 1.5),
    Line("cp-181-proxenetismo", False, 2.6, 66, 1),
    Line("cp-317-asociacion-ilicita", False, 1.4, 70, 4),
    Line("cp-317-organizacion-criminal", False, 1.8, 140, 6),
    Line("cp-296-b-insumos-quimicos", False, 1.0, 84, 3),
    Line("cp-296-a-cultivo-de-amapola-o-marihuana", False, 1.2, 72, 1.5),
    Line("cp-252-falsificacion-de-moneda", False, 1.4, 80, 1.5),
    Line("cp-303-a-trafico-de-migrantes", False, 1.4, 60, 1),
    Line("cp-310-delitos-contra-los-bosques", False, 0.4, 48, 1),
    Line("cp-307-a-mineria-ilegal", False, 0.6, 54, 1),
    Line("ley-30096-delitos-informaticos", False, 1.2, 60, 1.5),
    Line("cp-368-d-objetos-en-penales", False, 3.0, 60, 1.5),
    Line("cp-274-conduccion-en-ebriedad", False, 0.2, 18, 2),
    Line("cp-111-homicidio-culposo", False, 0.4, 48, 2),
    Line("cp-107-parricidio", False, 2.2, 260, 5),
    Line("cp-107-parricidio", True, 1.4, 180, 2),
    Line("cp-110-infanticidio", False, 3.0, 30, 0.1),
    Line("cp-189-c-robo-de-ganado", False, 0.6, 80, 2),
    Line("cp-189-a-hurto-de-ganado", False, 0.6, 40, 1),
    Line("cp-196-estafa", False, 2.4, 54, 2.5),
    Line("cp-190-apropiacion-ilicita", False, 1.6, 40, 0.7),
    Line("cp-202-usurpacion", False, 1.4, 54, 1.5),
    Line("cp-427-falsificacion-de-documentos", False, 1.4, 54, 1),
    Line("dl-1106-lavado-de-activos", False, 2.4, 140, 3),
    Line("ley-28008-contrabando", False, 1.6, 72, 0.8),
    Line("cp-393-cohecho-pasivo", False, 1.2, 84, 1.6),
    Line("cp-397-cohecho-activo", False, 1.0, 66, 0.6),
    Line("cp-400-trafico-de-influencias", False, 0.8, 66, 0.5),
    Line("cp-384-colusion", False, 0.9, 96, 1.4),
    Line("cp-387-peculado", False, 1.2, 84, 1.4),
    Line("dl-25475-terrorismo", False, 1.6, 500, 1.6),
    Line("otro", False, 1.0, 60, 4),
)


def lines() -> tuple[Line, ...]:
    """The printed lines in the order printed, then the lines that "otros" is made of."""
    named = [row for row in rows("offence_status") if row != "otros"]
    printed_lines = [Line(row.removesuffix("/attempt"), row.endswith("/attempt"), *_PRINTED[row]) for row in named]
    return (*printed_lines, *_OTHERS)


PRINTED_LINES = len(_PRINTED)
OTHERS_CAP = 900
"""Every line of "otros" stays below the twentieth printed one (944)."""
OTHERS_WOMEN = 1.1
"""How often a woman is among "otros" as a whole, on the scale of `Line.women`."""

NATIONALITIES: tuple[tuple[str, float], ...] = (
    ("PE", 0),
    (
        "VE",
        73,
    ),  # 4,328 Venezuelans of some 5,900 foreigners in September 2025: github.com/DiegoDelgadoD/Crime-and-Migration
    ("CO", 9),
    ("EC", 4),
    ("MX", 2),
    ("BO", 2),
    ("BR", 2),
    ("ES", 1.5),
    ("CL", 1),
    ("DO", 0.8),
    ("US", 0.7),
    ("IT", 0.5),
    ("AR", 0.5),
    ("NL", 0.3),
    ("CN", 0.3),
)
FOREIGN_PRONE = frozenset({"cp-296-trafico-de-drogas", "cp-296-promocion-al-trafico", "cp-297-trafico-agravado"})

SCHOOLING_GROUPS: dict[str, dict[str, int]] = {  # shares inside each group: INPE, November 2017, p. 46
    "primaria": {"primaria-incompleta": 11_739, "primaria-completa": 6_995},
    "secundaria": {"secundaria-incompleta": 28_584, "secundaria-completa": 29_001},
    "rest": {
        "analfabeto": 1_408,
        "superior-no-universitaria-incompleta": 2_035,
        "superior-no-universitaria-completa": 2_860,
        "superior-universitaria-incompleta": 1_671,
        "superior-universitaria-completa": 1_624,
    },
}
SCHOOLING = tuple(code for group in SCHOOLING_GROUPS.values() for code in group)
OCCUPATIONS: tuple[tuple[str, float], ...] = (
    ("oficios", 70),
    ("tecnicos", 9),
    ("profesionales", 2),
    ("estudiantes", 4),
    ("no-trabajan", 15),
)
RECIDIVISM = ("none", "reincident", "habitual")


class Outcome(NamedTuple):
    """A way out, with how often it is taken by those never sentenced and by those sentenced.

    `served` is the part of the sentence that is behind them, from and to; supervision in liberty may follow.
    """

    kind: str
    liberty_type: str
    motive: str
    processed: float
    sentenced: float
    served: tuple[float, float] = (0.2, 0.9)
    supervision: str = ""


OUTCOMES = (
    Outcome("", "", "", 0, 0),  # still inside
    Outcome("release", "comparecencia-restringida", "mandato-judicial", 40, 0),
    Outcome("release", "comparecencia-simple", "mandato-judicial", 9, 0),
    Outcome("release", "absolucion", "mandato-judicial", 22, 3),
    Outcome("release", "variacion-de-mandato-de-detencion", "mandato-judicial", 5, 0),
    Outcome("release", "exceso-de-detencion", "mandato-judicial", 5, 0),
    Outcome("release", "sobreseimiento", "mandato-judicial", 3, 0),
    Outcome("release", "arresto-domiciliario", "mandato-judicial", 4, 0),
    Outcome("release", "libertad-inmediata", "mandato-judicial", 8, 2),
    Outcome("release", "otro", "otro", 4, 3),
    Outcome("release", "suspendida-condicional", "mandato-judicial", 0, 5),
    Outcome("release", "suspendida-en-su-ejecucion", "mandato-judicial", 0, 11),
    Outcome("release", "conversion-de-la-pena", "mandato-judicial", 0, 4),
    Outcome("release", "vigilancia-electronica", "mandato-judicial", 0, 1),
    Outcome("release", "expulsion", "mandato-judicial", 0, 0.5),
    Outcome("release", "pena-cumplida", "cumplimiento-de-la-pena", 0, 34, (0.93, 1.0)),
    Outcome("release", "pena-cumplida-con-redencion", "cumplimiento-de-la-pena", 0, 16, (0.75, 0.92)),
    Outcome("release", "semilibertad", "beneficio-penitenciario", 0, 11, (0.34, 0.5), "semilibertad"),
    Outcome("release", "liberacion-condicional", "beneficio-penitenciario", 0, 7, (0.5, 0.7), "liberacion-condicional"),
    Outcome("release", "indulto", "gracia-presidencial", 0, 0.6),
    Outcome("death", "", "enfermedad", 1.1, 1.4),
    Outcome("death", "", "muerte-natural", 0.2, 0.6),
    Outcome("death", "", "muerte-violenta", 0.1, 0.1),
    Outcome("escape", "", "fuga-del-establecimiento", 0, 0),
    Outcome("escape", "", "fuga-en-conduccion", 0, 0),
)
"""Shares follow the counts that INPE printed for May 2013, June 2013 and April 2017."""

PETTY = (
    "cp-149-obligacion-alimentaria",
    "cp-122-b-agresiones",
    "cp-186-hurto-agravado",
    "cp-298-microcomercializacion",
)
"""What the stays were for that ended after a sentence of less than three years."""

LIMA_DISTRICTS: dict[str, float] = {  # where most people in Lima's prisons lived
    "150132": 12,  # San Juan de Lurigancho
    "150135": 9,  # San Martín de Porres
    "150110": 7,  # Comas
    "150103": 7,  # Ate
    "070101": 7,  # Callao
    "150143": 6,  # Villa María del Triunfo
    "150142": 6,  # Villa El Salvador
    "150133": 6,  # San Juan de Miraflores
    "150101": 6,  # Lima
    "150111": 6,  # El Agustino
    "150115": 6,  # La Victoria
    "150125": 5,  # Puente Piedra
    "150106": 4,  # Carabayllo
    "150117": 4,  # Los Olivos
    "150112": 4,  # Independencia
    "150128": 3,  # Rímac
    "150137": 3,  # Santa Anita
    "070106": 3,  # Ventanilla
}
