"""What a screening found: a bound of each factor's total index in its worst cell, and which factors are inert."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.draws import columns
from dnnsa.errors import InputError
from dnnsa.estimators.base import NO_VARIANCE
from dnnsa.screening.asked import free_group, in_one_group
from dnnsa.study import Study

Array = NDArray[np.float64]


class Bound(NamedTuple):
    """Of the total index of one factor, or of a group, in the cell where its upper end is largest."""

    name: str
    factors: tuple[str, ...]  # itself, or the group's
    value: float
    lower: float
    upper: float  # infinite where nothing is known
    quantity: str
    place: Mapping[str, Any]  # coordinates of the cell, or numbers where a dimension has none


class Screening(NamedTuple):
    """Which factors of a study do next to nothing, in all cells of all quantities."""

    below: float
    """The threshold: upper ends of inert factors' bounds lie below it."""
    bounds: tuple[Bound, ...]
    """In the study's order; of a group once."""
    inert: tuple[str, ...]
    """Names of factors, those of groups one by one."""
    group: str
    """What the group of the inert factors is called."""
    together: float
    """Upper bound of that group's total index: the largest over cells of the sum of upper ends."""
    runs: int
    """Of the screening, each with derivatives."""
    before: int
    """Runs of the study."""
    after: int
    """Runs of the one whose inert factors are one group."""
    study: Study
    """That study; the one that was given if no factor is inert."""
    results: Any
    """Of the screening: the ``xarray.DataTree`` of its store."""


def screening(study: Study, below: float, results: Any) -> Screening:
    """What the results of `study_of_bounds` say of a study.

    A factor is inert if the upper end of its bound's interval lies below the threshold in every cell of every quantity
    in which anything varies beyond rounding, however little: the maps of the later run have an index there too. What is
    not known of a cell (an overflow, too few base points) is infinite. The bound of a group is the sum of its factors'.
    """
    groups = columns(study.factors)
    maps = [_Maps(name, results[name].dataset, list(study.factors)) for name in _bounded(results)]
    if not any(one.alive.any() for one in maps):
        raise InputError("no quantity varies in any cell: there is nothing that factors could explain.")
    found = tuple(_largest(name, tuple(members), maps) for name, members in groups.items())
    inert = tuple(factor for bound in found if bound.upper < below for factor in bound.factors)
    group = free_group(study)
    changed = in_one_group(study, inert, group) if inert else study
    together = _largest(group, inert, maps).upper if inert else 0.0
    before, after = (one.layout.runs * study.design.base_points for one in (study, changed))
    runs = int(results.attrs["base_points"])
    return Screening(below, found, inert, group, together, runs, before, after, changed, results)


class _Maps:
    """The bounds of one quantity, ``(factor, cells)`` each."""

    def __init__(self, name: str, dataset: Any, factors: Sequence[str]) -> None:
        status = dataset["status"]
        self.name, self.shape, self.dims = name, status.shape, status.dims
        self.coords = {dim: dataset[dim].values for dim in status.dims if dim in dataset.coords}
        self.row = {factor: number for number, factor in enumerate(factors)}
        self.alive = (np.asarray(status.values) & NO_VARIANCE == 0).ravel()
        ends = (np.asarray(dataset[f"ST_bound{end}"].values, dtype=float) for end in ("", "_lower", "_upper"))
        self.value, self.lower, self.upper = (_known(end.reshape(len(factors), -1)) for end in ends)

    def worst(self, name: str, factors: Sequence[str]) -> Bound:
        """Of some factors together, in the cell where it is largest."""
        rows = [self.row[factor] for factor in factors]
        value, lower, upper = (end[rows].sum(axis=0) for end in (self.value, self.lower, self.upper))  # (cells,)
        cell = int(np.argmax(np.where(self.alive, upper, -np.inf)))
        at = zip(self.dims, np.unravel_index(cell, self.shape), strict=True) if self.shape else ()
        place = {str(dim): self.coords[dim][i] if dim in self.coords else int(i) for dim, i in at}
        ends = float(value[cell]), float(lower[cell]), float(upper[cell])
        return Bound(name, tuple(factors), *ends, self.name, place)


def _largest(name: str, factors: tuple[str, ...], maps: Sequence[_Maps]) -> Bound:
    return max((one.worst(name, factors) for one in maps if one.alive.any()), key=lambda bound: bound.upper)


def _known(bound: Array) -> Array:
    """What is no number bounds nothing."""
    return np.where(np.isnan(bound), np.inf, bound)


def _bounded(results: Any) -> list[str]:
    """The quantities that have bounds."""
    return [name for name in results.attrs["quantities"] if "ST_bound" in results[name].dataset]
