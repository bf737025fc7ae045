"""What ``dnnsa show`` prints of a quantity as a whole: a row for each moment, quantile, extreme, correlation."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from dnnsa.view import results as read
from dnnsa.view.columns import plain_table
from dnnsa.view.text import coordinate, measured, number, ranged

LABEL = {  # where the name does not say enough; `{}` stands for the coordinate along the leading dimension
    "quantiles": "quantile {}",
    "exceedance": "share above {}",
    "hsic_share": "share in the goal",
    "eigenvalue_share": "share of eigenvalue {}",
}
FIRST = {"eigenvalue_share": 10}  # rows, at most, of what falls from one to the next


def statistics_table(dataset: Any) -> Table | None:
    """The statistics of a quantity, or their range over its cells; None where there are none."""
    names = read.statistics(dataset)
    if not names:
        return None
    table = plain_table()
    table.add_column("statistic")
    table.add_column("mean over cells (lowest to highest)" if read.dims(dataset) else "value", overflow="fold")
    for name in names:
        most = FIRST.get(name)
        for label, text in zip(_labels(dataset[name], dataset)[:most], _texts(dataset, name)[:most], strict=True):
            table.add_row(Text(label), Text(text))
    return table


def remarks(dataset: Any) -> Iterator[str]:
    """What no row says."""
    each = " in every cell" if read.dims(dataset) else ""
    if "quantiles_error" in dataset:
        error = number(float(read.extent(dataset["quantiles_error"]).high))
        yield f"quantiles are within {error} of those of the runs' values{each}"
    if "main_effect" in dataset:
        yield f"the store has main effects over up to {dataset.sizes['part']} parts of each factor{each}"
    if "histogram" in dataset:
        yield f"the store has a histogram of {dataset.sizes['bin']} bins{each}"


def _labels(array: Any, dataset: Any) -> list[str]:
    name = str(array.name)
    for start in read.WITH_ANOTHER:
        if name.startswith(start):
            return [f"{start.rstrip('_')} with {name.removeprefix(start)}"]
    label = LABEL.get(name, name)
    along = read.leading(array, dataset)
    return [label.format(coordinate(value)) for value in array[along[0]].values] if along else [label]


def _texts(dataset: Any, name: str) -> list[str]:
    array = dataset[name]
    leading = len(read.leading(array, dataset))
    if read.dims(dataset):
        low, mean, high = (np.atleast_1d(values) for values in read.extent(array, leading))
        return [ranged(*row) for row in zip(mean, low, high, strict=True)]
    rows = zip(*(np.atleast_1d(values) for values in read.interval(name, dataset)), strict=True)
    return [measured(*row) + _at(dataset, name) for row in rows]


def _at(dataset: Any, name: str) -> str:
    """Where an extreme is."""
    if f"{name}_replicate" not in dataset or int(dataset[f"{name}_replicate"]) < 0:
        return ""
    parts = ("replicate", "base_point", "run")
    return " at " + ", ".join(f"{part.replace('_', ' ')} {int(dataset[f'{name}_{part}'])}" for part in parts)
