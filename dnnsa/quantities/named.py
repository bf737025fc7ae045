"""Dimensions that the study file names: what all quantities of arrays check."""

from collections.abc import Mapping

from dnnsa.arrays import Shape
from dnnsa.errors import ModelError
from dnnsa.quantities.base import Levels


def check_dims(dims: tuple[str, ...] | None, coords: Mapping[str, Levels]) -> None:
    """Refuse names that cannot stand together."""
    names = dims or ()
    if len(set(names)) < len(names) or not {"factor", "factor_2", "case", "label"}.isdisjoint(names):
        raise ValueError(f"`dims` must be different names other than `factor`, `case` or `label`, got {list(names)}")
    if missing := [name for name in coords if name not in names]:
        raise ValueError(f"`coords` may name dimensions of `dims` only, {list(names)}, got {missing}")


def fit_dims(dims: tuple[str, ...] | None, coords: Mapping[str, Levels], shape: Shape) -> None:
    """Refuse names and values that are not those of one input's values of this shape."""
    if dims is None:
        return
    if len(dims) != len(shape):
        raise ModelError(f"dims: the outputs of one input have shape {shape}: give as many names, got {list(dims)}.")
    for name, size in zip(dims, shape, strict=True):
        if name in coords and len(coords[name]) != size:
            raise ModelError(f"coords.{name}: there are {size} values along it, got {len(coords[name])}: give {size}.")
