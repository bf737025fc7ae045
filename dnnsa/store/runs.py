"""Where the runs of a study lie one by one: laid out by the client, before workers write what they gave."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from dnnsa.errors import ModelError, StoreError
from dnnsa.files import sync
from dnnsa.models.base import Coords
from dnnsa.store.coordinates import text
from dnnsa.study import Study

RUNS = "runs"  # group of the store
NOT_RUN, DONE, FAILED = range(3)
OWN = {  # what the store keeps of a run beside its factors and outputs
    "run": "the dimension of the runs",
    "state": "whether a run is done",
    "began": "when a run began",
    "seconds": "how long a run took",
    "worker": "on which worker a run was made",
    "host": "on which host a run was made",
    "cause": "why a run failed",
    "traceback": "where a run failed",
}
TEXTS = ("worker", "host", "cause", "traceback")
SINCE = {"units": "seconds since 1970-01-01", "calendar": "proleptic_gregorian"}  # which xarray reads as UTC
STATE: dict[str, Any] = {
    "long_name": "0 until the run is there",
    "flag_values": [0, 1, 2],
    "flag_meanings": "not_run done failed",
}
CHECKED = ZstdCodec(level=1, checksum=True)  # without it a flipped bit is read as a number
FLAT = {"name": "default", "separator": "."}  # one folder an array: one to sync when a chunk is written


class RunField(NamedTuple):
    """What a run gives of a quantity."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    coords: Coords
    dtype: str  # of the model's outputs


Fields = Mapping[str, RunField]
Values = Mapping[str, NDArray[Any]]  # factor -> (runs,)


def prepare_runs(path: Path, study: Study, values: Values, fields: Fields) -> None:
    """Lay out the group ``runs``, or make room for more runs in it. Nobody else writes metadata there.

    A quantity's array is ``(run, *dims)``, one chunk a run, NaN until it is written. Dimensions of one name and several
    sizes, of several quantities, are told apart as ``<quantity>_<dimension>``.

    Parameters
    ----------
    values
        Each factor's value in each run, ``(runs,)``. Where runs are there already, they are the first of these.
    fields
        Dimensions, shape, coordinates and type of each quantity.

    Raises
    ------
    ModelError
        A factor, a quantity or one of its dimensions has the name of something else in the group.
    StoreError
        The runs that are there are others.
    """
    _check_names(study, fields)
    folder, count = path / RUNS, len(next(iter(values.values())))
    told = {name: _told(array) for name, array in values.items()}
    if not (folder / "state").exists():  # it comes last: nothing is there, or not all
        _create(folder, told, fields, count)
    else:
        group = zarr.open_group(folder, mode="r+", use_consolidated=False)
        _check_same(path, group, told, fields)
        _lengthen(group, told, count)
    for partial in folder.glob("*/*.partial"):  # of workers that were killed while they wrote
        partial.unlink(missing_ok=True)
    _consolidate(folder)


def array_of(group: zarr.Group, name: str) -> zarr.Array[Any]:
    """An array of the group."""
    array = group[name]
    assert isinstance(array, zarr.Array)
    return array


def value_differs(path: Path, values: Values) -> str:
    """What `differing` says of the runs of a store."""
    return differing(zarr.open_group(path / RUNS, mode="r", use_consolidated=False), values)


def _create(folder: Path, values: Values, fields: Fields, count: int) -> None:
    own = [field.coords.items() for field in map(RunField._make, fields.values())]
    coords = {name: (along, _told(array)) for items in own for name, (along, array) in items}
    coords |= {name: (("run",), array) for name, array in values.items()}
    dataset = xr.Dataset(coords=coords, attrs={"quantities": list(fields)})
    encoding = {name: {"compressors": [CHECKED]} for name in coords}
    dataset.to_zarr(folder, mode="w", zarr_format=3, consolidated=False, encoding=encoding)
    group = zarr.open_group(folder, mode="r+")
    for name, dims in _dims(fields).items():
        _, shape, _, dtype = fields[name]
        _array(group, name, (count, *shape), dims, _kept(dtype), np.nan)
    _array(group, "began", (count,), (), np.float64, np.nan).attrs.update(SINCE)
    _array(group, "seconds", (count,), (), np.float64, np.nan).attrs.update(units="s")
    for name in TEXTS:
        _array(group, name, (count,), (), str, "")
    _array(group, "state", (count,), (), np.uint8, NOT_RUN).attrs.update(STATE)


def _array(group: zarr.Group, name: str, shape: tuple[int, ...], dims: Any, dtype: Any, fill: Any) -> zarr.Array[Any]:
    """One chunk a run, so that each has one writer."""
    return group.create_array(
        name,
        shape=shape,
        chunks=(1, *shape[1:]),
        dtype=dtype,
        fill_value=fill,
        dimension_names=("run", *dims),
        compressors=CHECKED,
        chunk_key_encoding=FLAT,  # type: ignore[arg-type]
    )


def _lengthen(group: zarr.Group, values: Values, count: int) -> None:
    """Make room for ``count`` runs. The states grow last: their number says how many runs are whole."""
    state = array_of(group, "state")
    there = state.shape[0]
    if there >= count:
        return
    for name, added in values.items():
        array = array_of(group, name)
        array.resize((count,))
        array[there:] = added[there:]
    for name in [*_quantities(group), "began", "seconds", *TEXTS]:
        array = array_of(group, name)
        array.resize((count, *array.shape[1:]))
    state.resize((count,))


def _consolidate(folder: Path) -> None:
    """Make the layout that readers see the present one, in one write."""
    with warnings.catch_warnings():  # Zarr's, that not every reader of format 3 knows it: they skip it
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
        zarr.consolidate_metadata(folder, zarr_format=3)
    for metadata in (*folder.glob("*/zarr.json"), folder / "zarr.json"):
        sync(metadata)
        sync(metadata.parent)
    sync(folder.parent)


def _check_names(study: Study, fields: Fields) -> None:
    """One group holds what otherwise lies in several, under names that must differ there."""
    known = dict(OWN)
    for setting, name, what in _named(study, fields):
        if known.setdefault(name, what) != what:
            raise ModelError(
                f"{setting}: `granularity: run` keeps {known[name]} under the name `{name}`, and {what} cannot have it "
                "too: call it otherwise."
            )


def _named(study: Study, fields: Fields) -> Iterator[tuple[str, str, str]]:
    """Setting, name, and what it is the name of."""
    for name in study.factors:
        yield f"factors.{name}", name, "a factor"
    for name in fields:
        yield f"quantity `{name}`", name, "a quantity"
    dims = _dims(fields)
    for name, field in fields.items():
        for dim in (*dims[name], *field[2]):
            yield f"quantity `{name}`", dim, "a dimension or a coordinate of outputs"


def _dims(fields: Fields) -> dict[str, tuple[str, ...]]:
    """Names of the dimensions of each quantity."""
    sizes: dict[str, set[int]] = {}
    for dims, shape, *_ in fields.values():
        for dim, size in zip(dims, shape, strict=True):
            sizes.setdefault(dim, set()).add(size)
    return {
        name: tuple(dim if len(sizes[dim]) == 1 else f"{name}_{dim}" for dim in dims)
        for name, (dims, *_) in fields.items()
    }


def _check_same(path: Path, group: zarr.Group, values: Values, fields: Fields) -> None:
    """Refuse runs of other values or outputs than those that are there."""
    stored = {name: (array_of(group, name).shape[1:], str(array_of(group, name).dtype)) for name in _quantities(group)}
    mine = {name: (tuple(shape), _kept(dtype)) for name, (_, shape, _, dtype) in fields.items()}
    if stored != mine:
        raise StoreError(
            f"{path}: its runs gave {_listed(stored)}, and now {_listed(mine)}: start again with --overwrite."
        )
    if told := differing(group, values):
        raise StoreError(f"{path}: {told}: give another --out, or --overwrite.")


def differing(group: zarr.Group, values: Values) -> str:
    """The first run in which a factor is another one than in the study, in words; empty where there is none.

    Parameters
    ----------
    values
        Each factor's value in each run, ``(runs,)``; there may be more of them than are kept, or fewer.
    """
    there = min(array_of(group, "state").shape[0], len(next(iter(values.values()))))
    for name, array in values.items():
        old, new = _told(np.asarray(array_of(group, name)[:there])), _told(array[:there])
        differs = (old != new) & ~((old != old) & (new != new))  # NaN is NaN
        if differs.any():
            run = int(np.argmax(differs))
            return f"{name} of run {run} is {old[run]} in the store and {new[run]} in the study"
    return ""


def _listed(outputs: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}` {shape} of {dtype}" for name, (shape, dtype) in outputs.items())


def _quantities(group: zarr.Group) -> Sequence[str]:
    return group.attrs["quantities"]  # type: ignore[return-value]


def _kept(dtype: str) -> str:
    """The type on disk: what holds every value of the model's."""
    return "float32" if str(dtype) in ("float16", "bfloat16", "float32") else "float64"


def _told(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers and dates as they are, scalars of any types as text."""
    return values if values.dtype.kind in "biufmM" else text([str(value) for value in values.tolist()])
