"""Reading a study's results for people, a stored chunk at a time, since a map may be larger than memory."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

QUARANTINE, RUNS = "quarantine", "runs"  # groups that are no quantities
FACTOR_DIMS = ("factor", "factor_2")
MOMENTS = ("mean", "variance", "skewness", "kurtosis")
BY_FACTOR = (  # variables with a value for each factor, in the families that are shown side by side
    ("S1", "ST"),
    ("mu_star", "mu", "sigma"),
    ("dgsm", "ST_bound"),
    ("activity", "activity_bound"),
    ("hsic_r2", "hsic_p"),
    ("S1_binned",),
)
OF_ALL = (  # with one for all factors together
    *MOMENTS,
    "quantiles",
    "exceedance",
    "minimum",
    "maximum",
    "hsic_share",
    "eigenvalue_share",
)
WITH_ANOTHER = ("correlation_", "covariance_")  # the same, of a pair: what follows is the other quantity's name


Results = Any  # an xarray.DataTree, which no command has to load to start


class Extent(NamedTuple):
    """Of the values that are numbers; NaN if there are none. Numbers, or arrays of the map's leading dimensions."""

    low: Any
    mean: Any
    high: Any


class Kept(NamedTuple):
    """Single runs of a study whose outputs are in the store."""

    runs: int
    kept: int
    failed: int


class Peak(NamedTuple):
    """The largest value over cells; ``cell`` is its index, empty if no value is a number."""

    value: float
    cell: tuple[int, ...]


def quantities(results: Results) -> dict[str, Any]:
    """The dataset of each quantity, by name, in the study's order; none before all of them are written."""
    if results.attrs["status"] != "complete":
        return {}
    found = {name: node.dataset for name, node in results.children.items() if name not in (QUARANTINE, RUNS)}
    return {name: found[name] for name in results.attrs.get("quantities", found)}


def dims(dataset: Any) -> tuple[str, ...]:
    """The dimensions of a quantity, without those of factors, probabilities, thresholds and bins."""
    return tuple(str(dim) for dim in dataset["status"].dims)


def statistics(dataset: Any) -> list[str]:
    """The variables with a value for all factors together, but for bounds, counts and places."""
    names = [str(name) for name in dataset.data_vars]
    pairs = [name for start in WITH_ANOTHER for name in sorted(names) if name.startswith(start)]
    return [name for name in OF_ALL if name in names] + [name for name in pairs if not _is_bound(name, names)]


def _is_bound(name: str, names: list[str]) -> bool:
    base, _, side = name.rpartition("_")
    return side in ("lower", "upper") and base in names


def families(dataset: Any) -> list[list[str]]:
    """The variables with a value for each factor, in the families that are shown side by side."""
    found = [[name for name in family if name in dataset] for family in BY_FACTOR]
    return [family for family in found if family]


def ranged(dataset: Any) -> list[str]:
    """The maps of a quantity with dimensions of which the range over cells is told: those that nothing aggregates."""
    by_factor = [name for family in families(dataset) for name in family]
    return [name for name in (*by_factor, *statistics(dataset)) if f"{name}_aggregated" not in dataset]


def summarised(index: str, dataset: Any) -> str:
    """The variable without the quantity's dimensions: the index itself if it has none, else the aggregated one."""
    return f"{index}_aggregated" if dims(dataset) else index


def has_indices(dataset: Any) -> bool:
    return all(summarised(index, dataset) in dataset for index in ("S1", "ST"))


def interval(name: str, dataset: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """A variable and its bounds, in its shape, NaN where the store has no bounds."""
    value = np.asarray(dataset[name].values, dtype=float)
    bounds = [dataset.get(f"{name}_{side}") for side in ("lower", "upper")]
    low, high = (np.full_like(value, np.nan) if b is None else np.asarray(b.values, dtype=float) for b in bounds)
    return value, low, high


def level(results: Results) -> float | None:
    """The probability that an interval holds its index, if the store says."""
    bounds = [d[n] for d in quantities(results).values() for n in d.data_vars if str(n).endswith("_lower")]
    found = [source.attrs["level"] for source in (results, *bounds) if "level" in source.attrs]
    return float(found[0]) if found else None


def factor_labels(dataset: Any) -> list[str]:
    """``name [unit]`` of each factor; a group's units are many, and stand in the store."""
    names = [str(name) for name in dataset["factor"].values]
    units = [str(u) for u in dataset["unit"].values] if "unit" in dataset.coords else [""] * len(names)
    return [f"{name} [{unit}]" if unit and ": " not in unit else name for name, unit in zip(names, units, strict=True)]


def pieces(array: Any) -> Iterator[tuple[tuple[int, ...], NDArray[Any]]]:
    """The first index and the values of each stored chunk, read one at a time."""
    steps = array.encoding.get("shards") or array.encoding.get("chunks") or array.shape
    starts = [range(0, size, step or 1) for size, step in zip(array.shape, steps, strict=True)]
    for corner in product(*starts):
        slices = tuple(slice(start, start + step) for start, step in zip(corner, steps, strict=True))
        yield corner, np.asarray(array.variable[slices].values)


def extent(array: Any, leading: int = 0) -> Extent:
    """Smallest, mean and largest value of a map, for each place along its ``leading`` first dimensions."""
    shape = array.shape[:leading]
    low, high, total, count = np.full(shape, np.inf), np.full(shape, -np.inf), np.zeros(shape), np.zeros(shape)
    cells = tuple(range(leading, array.ndim))
    for corner, values in pieces(array):
        at = tuple(slice(c, c + n) for c, n in zip(corner[:leading], values.shape, strict=False))
        known = ~np.isnan(values)
        low[at] = np.minimum(low[at], np.where(known, values, np.inf).min(axis=cells))
        high[at] = np.maximum(high[at], np.where(known, values, -np.inf).max(axis=cells))
        with np.errstate(invalid="ignore"):  # infinities of both signs have no mean
            total[at] += np.where(known, values, 0).sum(axis=cells, dtype=float)
        count[at] += known.sum(axis=cells)
    none = count == 0
    mean = total / np.where(none, np.nan, count)
    return Extent(np.where(none, np.nan, low)[()], mean[()], np.where(none, np.nan, high)[()])


def peaks(array: Any) -> list[Peak]:
    """The largest value of each factor's map, ``(factor, *dims)`` with any number of dimensions."""
    found = [Peak(np.nan, ())] * array.shape[0]
    for corner, values in pieces(array):
        for k, cells in enumerate(values, start=corner[0]):
            filled = np.where(np.isnan(cells), -np.inf, cells)
            cell = np.unravel_index(int(filled.argmax()), filled.shape)
            if filled[cell] > (found[k].value if found[k].cell else -np.inf):
                found[k] = Peak(float(filled[cell]), tuple(int(c + i) for c, i in zip(corner[1:], cell, strict=True)))
    return found


def flag_counts(status: Any) -> dict[str, int]:
    """How many cells each flag of ``status`` is set in, by its meaning."""
    meanings = status.attrs.get("flag_meanings", "")
    names = meanings.split() if isinstance(meanings, str) else [str(name) for name in meanings]
    masks = np.atleast_1d(np.asarray(status.attrs.get("flag_masks", []), dtype=np.uint8))
    counts = dict.fromkeys(names, 0)
    for _, values in pieces(status):
        for name, mask in zip(names, masks, strict=True):
            counts[name] += int(np.count_nonzero(values & mask))
    return counts


def coordinates(dataset: Any, dim: str) -> dict[str, Any]:
    """The coordinates along one dimension, its own first."""
    others = [str(name) for name, coord in dataset.coords.items() if coord.dims == (dim,) and name != dim]
    return {name: dataset.coords[name] for name in ([dim] if dim in dataset.coords else []) + others}


def leading(array: Any, dataset: Any) -> tuple[str, ...]:
    """The dimensions that a variable has before the quantity's own."""
    return tuple(str(dim) for dim in array.dims if dim not in dims(dataset))


def where(dataset: Any, cell: tuple[int, ...]) -> dict[str, Any]:
    """A cell by its coordinates, such as ``{"case": 3, "label": "seven"}``; its number where a dimension has none."""
    place: dict[str, Any] = {}
    for dim, i in zip(dims(dataset), cell, strict=True):
        place |= {dim: i} | {name: coord.values[i] for name, coord in coordinates(dataset, dim).items()}
    return place


def quarantined(results: Results) -> list[dict[str, Any]]:
    """The base points in quarantine: replicate, number, cause, traceback, and factor values ``a`` and ``b`` as text."""
    if QUARANTINE not in results.children:
        return []
    data = results.children[QUARANTINE].dataset
    names = [str(name) for name in data["factor"].values]
    points = {p: [dict(zip(names, map(str, row), strict=True)) for row in data[p].values] for p in ("a", "b")}
    numbers = {key: [int(v) for v in data[key].values] for key in ("replicate", "number")}
    texts = {key: [str(v) for v in data[key].values] for key in ("cause", "traceback")}
    columns = numbers | texts | points
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def kept(results: Results) -> Kept | None:
    """How many single runs there are; None if the study keeps none."""
    if RUNS not in results.children:
        return None
    state = results.children[RUNS].dataset["state"]
    by_name = dict(zip(state.attrs["flag_meanings"].split(), np.asarray(state.attrs["flag_values"]), strict=True))
    done, failed = (int(np.count_nonzero(state.values == by_name[name])) for name in ("done", "failed"))
    return Kept(state.size, done, failed)


def differing(machines: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each of several machines has that others have not, of its hardware and software; empty if there is one."""
    parts = [[part for key in ("hardware", "software") for part in str(one[key]).split(", ")] for one in machines]
    alike = set.intersection(*map(set, parts)) if parts else set()
    told = [", ".join(part for part in own if part not in alike) or "no more than all have" for own in parts]
    return told if len(told) > 1 else []
