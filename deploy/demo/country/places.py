"""Where people lived before: districts near their prison. Not published, hence plausible only."""

from __future__ import annotations

import numpy as np

from deploy.demo.country import plausible, tables
from deploy.demo.country.dealing import Ints, Random, Reals, choose
from shared.reference.catalogue import load

NUCLEI = 9
"""Urban nuclei of a district are numbered from 1 to this."""
_LIMA_AND_CALLAO = ("1501", "0701")


def residences(random: Random, prisons: Ints) -> tuple[Ints, Ints]:
    """Ubigeo of residence for people in these prisons, and an urban nucleus for two in five (0: unknown)."""
    districts = np.array([int(code) for code in load()["place"] if len(code) == 6])
    lived = np.zeros(len(prisons), dtype=np.int64)
    for number, site in enumerate(tables.establishments()):
        held = np.flatnonzero(prisons == number)
        lived[held] = districts[choose(random, len(held), _near(site.ubigeo))]
    nuclei = np.where(random.random(len(prisons)) < 0.4, 1 + np.floor(NUCLEI * random.random(len(prisons)) ** 2), 0)
    return lived, nuclei.astype(np.int64)


def _near(ubigeo: str) -> Reals:
    """Weight of every district for a prison there: the same province, the same department, Lima, anywhere."""
    codes = [code for code in load()["place"] if len(code) == 6]
    capital = np.array(
        [plausible.LIMA_DISTRICTS.get(code, 0.5 if code[:4] in _LIMA_AND_CALLAO else 0) for code in codes]
    )
    province = np.array([code[:4] == ubigeo[:4] for code in codes])
    department = np.array([code[:2] == ubigeo[:2] for code in codes])
    weights: Reals = 12 * capital / capital.sum() + 6 / len(codes)
    if ubigeo[:4] in _LIMA_AND_CALLAO:
        weights += 80 * capital / capital.sum()
    else:
        weights += 60 * province / province.sum() + 22 * department / department.sum()
    return weights
