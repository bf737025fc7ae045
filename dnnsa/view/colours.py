"""The colours of figures, of the live page and of the terminal: ones that colour-blind readers can tell apart."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

INK, FAINT, GRID = "#1f2933", "#616e7c", "#e4e7eb"
ST_COLOUR, S1_COLOUR, LUCK_COLOUR = "#1d5c9e", "#58b5c4", "#c2410c"
MISSING_COLOUR = "#ececec"

# Indices are in [0, 1] and their estimates in [-1, 2]: one colour for each value, the same everywhere.
LOWEST, HIGHEST = -1.0, 2.0
ANCHORS = {
    -1.0: "#7a0177",
    -0.3: "#dd7bb4",
    0.0: "#fffff4",
    0.06: "#eff8c9",
    0.16: "#c3e7b5",
    0.3: "#7bcbbc",
    0.45: "#3fafc4",
    0.62: "#2386bb",
    0.8: "#2455a2",
    1.0: "#0f2163",
    1.3: "#5b1a1a",
    2.0: "#d95f02",
}


def rgb(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The colour of each index, ``(*shape, 3)``; grey where there is none."""
    known = np.isfinite(values)
    at = np.where(known, values, 0.0)
    channels = np.array([_channels(colour) for colour in ANCHORS.values()]).T
    mixed = np.stack([np.interp(at, list(ANCHORS), channel) for channel in channels], axis=-1)
    return np.rint(np.where(known[..., None], mixed, _channels(MISSING_COLOUR))).astype(np.uint8)


def _channels(colour: str) -> list[int]:
    return [int(colour[i:j], 16) for i, j in pairwise((1, 3, 5, 7))]
