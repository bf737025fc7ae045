"""Indices of the cells of a mask as maps of the images that it covers."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from dnnsa import store
from dnnsa.arrays import Array
from dnnsa.errors import InputError, ModelError
from dnnsa.factors import family
from dnnsa.perturb import Mask
from dnnsa.view.results import quantities

CASE = "case"
OF_CELL = "factor"


class Cells(NamedTuple):
    """The cells of a mask over the cases of a study."""

    factors: list[str]  # name of each cell's factor
    of_pixel: Array  # (cases, height, width) int32: number of the cell that a pixel is in


def cells_of(path: str | Path) -> dict[str, Cells]:
    """The cells of each mask in a store's study, by the name of their factors.

    Empty where there is no mask, a run is not of every case, or the file of the cases is not what it was.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    study, digests = store.study_of(Path(path))
    masks = [part for part in study.perturb if isinstance(part, Mask)]
    if not masks or study.cases is None or study.cases.factor is not None:
        return {}
    try:
        cases = study.cases.load(study.directory, digests)
        cells = [part.cell_of(cases.inputs.shape[1:], cases.array, len(cases.entries)) for part in masks]
    except ModelError:
        return {}
    return {
        part.cells: Cells(
            family(part.cells, study.factors),
            cell[cases.position] if cell.ndim == 3 else np.broadcast_to(cell, (len(cases.position), *cell.shape)),
        )
        for part, cell in zip(masks, cells, strict=True)
    }


def pixel_maps(
    path: str | Path, quantity: str | None = None, cells: str | None = None, images: int | None = None
) -> xr.Dataset:
    """The indices of a mask's cells, at the resolution of the images.

    Parameters
    ----------
    path
        The store of a study with a ``mask``.
    quantity
        Which one; there must be no other unless given.
    cells
        The name of the mask's factors; there must be no other mask unless given.
    images
        Only so many of them, the first ones; all unless given.

    Returns
    -------
    xarray.Dataset
        Every variable by factor, such as ``ST``, ``ST_lower`` and ``ST_upper``, as ``(image, y, x)``: constant in a
        cell, NaN where the cell has no index of its own. ``cell (image, y, x)`` is its number; the quantity's other
        variables, such as ``mean``, are ``(image,)``.

    Raises
    ------
    InputError
        There is no such quantity or mask, or the quantity has dimensions beside the cases.
    StoreError
        There is no store of dnnsa, or it is not complete.
    """
    dataset = _quantity(path, quantity)
    found = cells_of(path)
    name = _only("cells", cells, list(found), f"{path}: no mask over images in this study, or its file has changed.")
    return _spread(dataset, found[name], images)


def all_pixel_maps(path: str | Path, images: int) -> dict[str, dict[str, xr.Dataset]]:
    """`pixel_maps` of each quantity that is a number for each case, and of each mask, by their names.

    Raises
    ------
    StoreError
        There is no store of dnnsa.
    """
    masks = cells_of(path)
    found = quantities(store.open_results(path)) if masks else {}
    return {
        quantity: {name: _spread(dataset, cells, images) for name, cells in masks.items()}
        for quantity, dataset in found.items()
        if tuple(dataset["status"].dims) == (CASE,)
    }


def _spread(dataset: xr.Dataset, cells: Cells, images: int | None) -> xr.Dataset:
    """Values of factors and cases, to those of the images' pixels: see `pixel_maps`."""
    if (dims := tuple(dataset["status"].dims)) != (CASE,):
        raise InputError(f"quantity: maps of images are for a number for each case, and this has dimensions {dims}.")
    dataset, of_pixel = dataset.isel(case=slice(images)), cells.of_pixel[:images]
    known = [str(name) for name in dataset["factor"].values]
    row = np.array([known.index(name) if name in known else len(known) for name in cells.factors])  # (cells,)
    row_of_pixel = row[of_pixel]  # (cases, height, width)
    case = np.arange(len(row_of_pixel))[:, None, None]
    maps: dict[str, tuple[tuple[str, ...], Array]] = {"cell": (("image", "y", "x"), of_pixel)}
    for name, variable in dataset.data_vars.items():
        if variable.dims == (OF_CELL, CASE):
            values = np.vstack([variable.values, np.full((1, variable.sizes[CASE]), np.nan)])
            maps[str(name)] = (("image", "y", "x"), values[row_of_pixel, case])
        elif variable.dims == (CASE,):
            maps[str(name)] = (("image",), variable.values)
    along = {str(name): ("image", c.values) for name, c in dataset.coords.items() if c.dims == (CASE,) and name != CASE}
    made = xr.Dataset(maps, along, dict(dataset.attrs))
    for name in made.data_vars:
        made[name].attrs = dict(dataset[name].attrs) if name in dataset else {"long_name": "number of the mask's cell"}
    return made


def _quantity(path: str | Path, quantity: str | None) -> xr.Dataset:
    found: dict[str, xr.Dataset] = quantities(store.open_results(path))
    return found[_only("quantity", quantity, list(found), f"{path}: is not complete: `dnnsa run` goes on with it.")]


def _only(what: str, name: str | None, known: list[str], none: str) -> str:
    """The one that is named, or the only one."""
    listed = ", ".join(f"`{one}`" for one in known)
    if not known:
        raise InputError(none)
    if name is None and len(known) > 1:
        raise InputError(f"{what}: say which of {listed}.")
    if name is not None and name not in known:
        raise InputError(f"{what}: there is no `{name}`, only {listed}.")
    return known[0] if name is None else name
