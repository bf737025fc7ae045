"""What ``dnnsa attribute`` prints: a row for each image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from dnnsa.view.columns import plain_table
from dnnsa.view.text import bounded, decimals, number

STRONGEST = 3  # cells of an image that are named


def attribution_table(maps: Any, names: Sequence[str]) -> Table:
    """The class, the score's mean and deviation, how much of it is in single cells, and the strongest cells.

    Parameters
    ----------
    maps
        What `dnnsa.attribute` returns.
    names
        Of the images.
    """
    table = plain_table()
    table.add_column("image", overflow="fold")
    for head in ("class", "mean\nscore", "standard\ndeviation", "sum\nof S1", "sum\nof ST"):
        table.add_column(head, justify="right")
    table.add_column("cells with the largest ST, and its interval", overflow="fold")
    for number_of, name in enumerate(names):
        table.add_row(*_row(maps.isel(image=number_of), name))
    return table


def _row(one: Any, name: str) -> list[Text]:
    cell = one["cell"].values.ravel()
    cells, first = np.unique(cell, return_index=True)  # a pixel of each
    st, low, high, s1 = (one[key].values.ravel()[first] for key in ("ST", "ST_lower", "ST_upper", "S1"))
    order = np.argsort(-np.nan_to_num(st, nan=-np.inf), kind="stable")[:STRONGEST]
    digits = decimals(low, high)
    strongest = [f"{cells[k]}: {bounded(st[k], low[k], high[k], digits)}" for k in order]
    texts = [
        name,
        str(int(one["label"])),
        number(float(one["mean"]), 3),
        number(float(np.sqrt(one["variance"])), 3),
        number(float(s1.sum()), 2),
        number(float(st.sum()), 2),
        "\n".join(strongest),
    ]
    return [Text(text) for text in texts]
