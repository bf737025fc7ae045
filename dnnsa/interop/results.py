"""Results as SALib's dictionary, which its plots take, and as one long table of pandas."""

from collections.abc import Iterator
from types import MethodType
from typing import Any

import numpy as np

from dnnsa.errors import InputError
from dnnsa.store.names import side

FACTORS = ("factor", "factor_2")
APART = ("quarantine", "runs")  # groups that are no quantities
BOUNDS = ("lower", "upper")
SOBOL = ("S1", "ST")
MORRIS = ("mu", "mu_star", "sigma")
LAST = ("factor", "factor_2", "index", "value", *BOUNDS)


def to_salib(results: Any, quantity: str | None = None) -> Any:
    """The indices of one quantity in one cell as SALib's analyses return theirs.

    A `ResultDict` with `S1`, `S1_conf`, `ST`, `ST_conf` and, with second order, `S2` and `S2_conf`, NaN but above the
    diagonal; of elementary effects `names`, `mu`, `mu_star`, `sigma` and `mu_star_conf`. `_conf` is half of the
    interval's width, NaN where there is none. Its `to_df()` and `plot()` are SALib's own.

    Parameters
    ----------
    results
        What ``dnnsa.run`` and ``dnnsa.open`` return, or the group of one quantity, ``results["q"]``, or one cell of it,
        such as ``results["q"].sel(time=3.0)``.
    quantity
        Name of the quantity; needed of results as a whole, if they have more than one.

    Raises
    ------
    InputError
        There is no such quantity, it has more than one cell, or it has no indices that SALib has.
    """
    found = _datasets(results, quantity)
    if len(found) != 1:
        raise InputError(f"`quantity` must be one of {_or(found)}, got none.")
    ((name, data),) = found.items()
    names = [index for index in (*SOBOL, *MORRIS) if index in data]
    if not {*SOBOL} <= {*names} and not {*MORRIS} <= {*names}:
        raise InputError(f"`{name}` has neither Sobol' indices (`S1`, `ST`) nor elementary effects (`mu_star`).")
    dims = [dim for dim in data[names[0]].dims if dim not in FACTORS]
    if dims:
        chosen = ", ".join(f"{dim}=..." for dim in dims)
        raise InputError(
            f"`{name}` has {_or(dims, ' and ')}, and SALib has one index a factor: choose a cell, as "
            f'`to_salib(results["{name}"].sel({chosen}))`.'
        )
    return _sobol(data) if {*SOBOL} <= {*names} else _morris(data)


def _sobol(data: Any) -> Any:
    from SALib.analyze.sobol import to_df
    from SALib.util.results import ResultDict

    found: dict[str, Any] = {}
    for index in (*SOBOL, *(["S2"] if "S2" in data else [])):
        found |= {index: _values(data, index), f"{index}_conf": _half_width(data, index)}
    for index in {"S2", "S2_conf"} & {*found}:
        found[index] = np.where(np.tri(len(found[index]), dtype=bool), np.nan, found[index])
    result = ResultDict(found)
    result.problem = {"names": _names(data), "num_vars": data.sizes["factor"]}
    result.to_df = MethodType(to_df, result)
    return result


def _morris(data: Any) -> Any:
    from SALib.util.results import ResultDict

    values = {index: _values(data, index) for index in MORRIS}
    return ResultDict(names=_names(data), **values, mu_star_conf=_half_width(data, "mu_star"))


def _names(data: Any) -> list[str]:
    return [str(name) for name in data["factor"].values]


def _values(data: Any, name: str) -> Any:
    """An index as an array, ``(factor,)`` or ``(factor, factor_2)``."""
    return np.asarray(data[name].values, dtype=np.float64)


def _half_width(data: Any, name: str) -> Any:
    lower, upper = (f"{name}_{end}" for end in BOUNDS)
    if lower not in data or upper not in data:
        return np.full(data[name].shape, np.nan)
    return (_values(data, upper) - _values(data, lower)) / 2


def to_pandas(results: Any, quantity: str | None = None) -> Any:
    """All results as one long table: a row for each number, with its interval.

    The columns are `quantity`; the coordinates of the cell, such as `time`; those of `factor` and `factor_2`; `index`,
    the name of what is told, such as `S1` or `mean`; `value`, `lower` and `upper`. What a row has not, such as the
    factor of a mean, is missing there. A pair of factors has one row of second order.

    Parameters
    ----------
    results
        As for `to_salib`, with any number of cells; the whole of the maps is read into memory.
    quantity
        Name of the only quantity that is asked for.

    Raises
    ------
    InputError
        There is no such quantity.
    """
    import pandas

    frames = [frame for name, data in _datasets(results, quantity).items() for frame in _frames(name, data)]
    table = pandas.concat(frames, ignore_index=True)
    cells = [column for column in table.columns if column not in ("quantity", *LAST)]
    return table.reindex(columns=["quantity", *cells, *LAST])


def _frames(quantity: str, data: Any) -> Iterator[Any]:
    ofs = [str(name) for name in data.coords if set(data[name].dims) & {*FACTORS} and name not in FACTORS]
    data = data.drop_vars(ofs)  # units and laws of factors are no coordinates of a cell
    for name in data.data_vars:
        if side(str(name), data.data_vars) or data[name].dtype.kind not in "biuf":
            continue
        parts = {"value": data[name]} | {end: data[f"{name}_{end}"] for end in BOUNDS if f"{name}_{end}" in data}
        one = data[[]].assign(parts).astype(np.float64).expand_dims(quantity=[quantity])
        frame = one[list(parts)].to_dataframe().reset_index().assign(index=str(name))
        if "factor_2" in frame:
            place = {factor: number for number, factor in enumerate(data["factor"].values)}
            frame = frame[frame["factor"].map(place) < frame["factor_2"].map(place)]
        yield frame


def _datasets(results: Any, quantity: str | None) -> dict[str, Any]:
    """The dataset of each quantity that is asked for, by name."""
    if not hasattr(results, "children"):
        return {quantity or "quantity": results}
    found = {str(name): node.to_dataset() for name, node in results.children.items() if name not in APART}
    if not found and results.data_vars:
        return {quantity or str(results.name or "quantity"): results.to_dataset()}
    if quantity is None:
        return found
    if quantity not in found:
        raise InputError(f"`quantity` must be one of {_or(found)}, got `{quantity}`.")
    return {quantity: found[quantity]}


def _or(names: Any, between: str = ", ") -> str:
    return between.join(f"`{name}`" for name in names) or "none"
