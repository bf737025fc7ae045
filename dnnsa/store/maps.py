"""How index maps lie in a store, and who writes them: workers, region by region."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from dnnsa.estimators.base import FLAGS, Finalized, Map
from dnnsa.models.base import Coords
from dnnsa.store.coordinates import of_columns
from dnnsa.store.names import AGGREGATED, long_name, meaning, side
from dnnsa.study import Study

FieldOf = tuple[tuple[str, ...], tuple[int, ...], Coords]  # dimensions, shape, coordinates


def prepare(
    path: Path,
    study: Study,
    fields: Mapping[str, FieldOf],
    rows: Mapping[str, int],
    samples: Mapping[str, Finalized],
) -> None:
    """Lay out the groups of a store, before workers write their regions.

    Parameters
    ----------
    fields
        Dimensions, shape and coordinates of each quantity.
    rows
        Rows of a quantity's first dimension that are written at once: the chunks, so that each has one writer.
    samples
        Results of one cell of each quantity: which maps there are, and what leads their dimensions.
    """
    level = next((estimator.level for estimator in study.estimators if hasattr(estimator, "level")), None)
    for quantity, (dims, shape, coords) in fields.items():
        sample = samples[quantity]
        leading = {dim for map_ in sample.maps.values() for dim in map_.leading}
        dataset = xr.Dataset(
            coords={
                **of_columns(study, leading),
                **{name: _along(name, values) for name, values in sample.coords.items()},
                **{name: (along, _text(values)) for name, (along, values) in coords.items()},
            }
        )
        dataset.to_zarr(path, group=quantity, mode="w", zarr_format=3, consolidated=False)
        group = zarr.open_group(path / quantity, mode="r+")
        for name, map_ in sample.maps.items():
            sizes = map_.array.shape[: len(map_.leading)]
            chunks = (*sizes, *((rows[quantity], *shape[1:]) if shape else ()))
            array = _array(group, name, (*sizes, *shape), (*map_.leading, *dims), chunks, map_.array.dtype)
            array.attrs.update(_attributes(name, sample.maps, level))


def write_slab(path: Path, quantity: str, start: int, stop: int, maps: Mapping[str, Map]) -> None:
    """Write rows ``start`` to ``stop`` of a quantity's maps. Its chunks are these rows: nobody else writes them."""
    group = zarr.open_group(path / quantity, mode="r+")
    for name, map_ in maps.items():
        array = group[name]
        assert isinstance(array, zarr.Array)
        led = (slice(None),) * len(map_.leading)
        rows = (*led, slice(start, stop)) if map_.array.ndim > len(led) else led
        array[rows if rows else ...] = map_.array


def write_aggregated(
    path: Path, quantity: str, name: str, leading: tuple[str, ...], values: Sequence[NDArray[Any]], level: float
) -> None:
    """Write an aggregated index of a quantity with dimensions: the value and its bounds, ``(*leading)`` each."""
    group = zarr.open_group(path / quantity, mode="r+")
    for bound, value in zip(("", "lower", "upper"), values, strict=True):
        suffix, told = (f"_{bound}", f", {bound} bound") if bound else ("", "")
        array = _array(group, f"{name}_aggregated{suffix}", value.shape, leading, value.shape, value.dtype)
        array[...] = value
        array.attrs.update({"long_name": meaning(name) + AGGREGATED + told} | ({"level": level} if bound else {}))


def _array(group: zarr.Group, name: str, shape: Any, dims: Any, chunks: Any, dtype: np.dtype[Any]) -> zarr.Array[Any]:
    return group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=dtype,
        fill_value=np.nan if dtype.kind == "f" else 0,  # what was never written shows
        dimension_names=dims,
        compressors=ZstdCodec(level=1, checksum=True),  # without it a flipped bit is read as a number
        overwrite=True,
    )


def _attributes(name: str, names: Collection[str], level: float | None) -> dict[str, Any]:
    """What a variable among ``names`` says of itself."""
    attributes: dict[str, Any] = {"long_name": long_name(name, names)}
    if side(name, names) and level is not None:
        attributes["level"] = level
    if name == "status":
        attributes |= {"flag_masks": [int(mask) for mask in FLAGS.values()], "flag_meanings": " ".join(FLAGS)}
    return attributes


def _along(name: str, values: NDArray[Any] | Map) -> tuple[str | tuple[str, ...], NDArray[Any]]:
    return (values.leading, values.array) if isinstance(values, Map) else (name, values)


def _text(values: NDArray[Any]) -> NDArray[Any]:
    """Fixed-width text as objects, which Zarr writes as strings of any length."""
    return values.astype(object) if values.dtype.kind in "US" else values
