"""What is known about the country: the printed tables of January 2026 and the national stocks before it.

Sources: `shared/reference/published/2026-01` for the tables; each known stock names its own.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from deploy.demo.country.dealing import Ints
from shared.reference.catalogue import Establishment, load
from shared.reference.published import cells

MONTH = "2026-01"
SEXES = ("male", "female")
STATUSES = ("procesado", "sentenciado")
AGE_BANDS = ((16, 17), (18, 19), *((low, low + 4) for low in range(20, 60, 5)), (60, 89))
OLDEST = 89
"""INPE prints "60 a más"."""
SENTENCE_BANDS = ("[0,5)", "[5,10]", "(10,15]", "(15,20]", "(20,25]", "(25,30]", "(30,35]", "life")


def establishments() -> tuple[Establishment, ...]:
    """The 69 prisons in the order of their codes, which is how arrays number them."""
    return tuple(load().establishments[code] for code in sorted(load().establishments))


@functools.cache
def printed(table: str) -> dict[tuple[str, str], int]:
    """The cells of a printed table by (row, column)."""
    return {(cell.row, cell.column): cell.value for cell in cells(MONTH) if cell.table == table}


def rows(table: str) -> tuple[str, ...]:
    """The rows of a printed table in the order printed."""
    return tuple(dict.fromkeys(row for row, _ in printed(table)))


def matrix(table: str, row_codes: tuple[str, ...], columns: tuple[str, ...]) -> Ints:
    """A printed table as an array, rows by columns."""
    values = printed(table)
    return np.array([[values[row, column] for column in columns] for row in row_codes], dtype=np.int64)


def age_columns() -> tuple[str, ...]:
    """The names of the age bands as printed."""
    return (*(f"{low}-{high}" for low, high in AGE_BANDS[:-1]), "60+")


class Opening(NamedTuple):
    """The roll on which every establishment opened."""

    processed: int
    sentenced: int
    male: int
    female: int

    @property
    def stock(self) -> int:
        """Everybody on the roll."""
        return self.processed + self.sentenced


OPENING = Opening(34_739, 53_684, 83_448, 4_975)
"""July 2018, INPE, Informe Estadístico, https://www.inpe.gob.pe/revistas/estadistica/2018/julio/files/basic-html/page8.html.
It is taken as the roll of 1 July and, in sum, of 31 July."""

FIRST_MONTH = (2018, 7)
LAST_MONTH = (2026, 1)
MONTHS = 91

KNOWN_STOCKS: dict[tuple[int, int], int] = {
    (2018, 7): 88_423,  # INPE, Informe Estadístico, July 2018, p. 8
    (2020, 2): 96_870,  # enterarse.com/20190906_0002, quoting INPE
    (2020, 8): 89_760,  # World Prison Brief, as copied by bikenwander.com
    (2022, 3): 89_091,  # La República, 2022-08-22, quoting INPE
    (2022, 6): 89_464,  # Infobae, 2022-08-22, quoting INPE
    (2023, 10): 93_147,  # m.ru24.pro/foreign/386173381, quoting INPE
    (2024, 1): 94_911,  # prison-insider.com/fichepays/perou-2024
    (2025, 9): 103_342,  # El Comercio ECData, 2025-11-26
    (2026, 1): 103_717,  # INPE, Informe Estadístico, January 2026
}
"""National stock at the close of the month. Months between are on a straight line: that is ours."""

MONTHLY_ADMISSIONS: tuple[tuple[tuple[int, int], int], ...] = (
    ((2018, 7), 1_900),
    ((2020, 3), 640),
    ((2020, 9), 1_480),
    ((2022, 1), 1_700),  # La República, 2022-08-22: 8,590 from January to May 2022
    ((2023, 11), 1_960),
    ((2024, 2), 1_850),
    ((2025, 10), 1_800),
)
"""Admissions a month from a month on: ours, in the range of the months that INPE printed (1,707 in August 2014, 2,007
in July 2017) but for 2020, when stocks fell by 1,185 a month. Exits follow from admissions and stocks."""


class CapacityChange(NamedTuple):
    """Places gained or lost on a day."""

    day: str
    establishment: str
    places: int


CAPACITY_CHANGES = (
    CapacityChange("2021-03-01", "ep-025", 500),
    CapacityChange("2021-11-15", "ep-036", 360),
    CapacityChange("2022-02-01", "ep-027", 126),
    CapacityChange("2022-05-10", "ep-020", -60),
    CapacityChange("2022-06-20", "ep-046", -45),
    CapacityChange("2025-01-15", "ep-040", 246),
    CapacityChange("2025-03-10", "ep-056", 100),
    CapacityChange("2025-06-16", "ep-003", 400),
)
"""Ours, chosen so that the nation has 40,137 places in 2020, 41,123 in March 2022, 41,018 in June 2022 and 41,764 in
2025 (El Comercio, La República and Infobae as above). How places changed in each prison is not published."""
CAPACITY_SINCE = "2018-06-01"
