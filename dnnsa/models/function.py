"""A Python function of the factors as the model."""

from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dnnsa.functions import check_call, function_files, load_function
from dnnsa.models.base import Array, Digests, Evaluator, Outputs, Values, as_coords, check_coords
from dnnsa.settings import settings

SETTING = "model.call"


@settings
class Function:
    """A function, found beside the study file or among what is installed, called with one keyword array a factor.

    It returns an array ``(n, *shape)``, which becomes the quantity ``output``, or a mapping from quantities' names to
    such arrays.
    """

    kind: Literal["function"] = "function"
    call: str
    """`module:function`; the module is a file or package beside the study file, or an installed one."""
    vectorized: bool = True
    """false calls the function once a run, with scalars."""
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the dimensions of a quantity, such as `output: [y, x]`."""
    coords: dict[str, tuple[int | float | str, ...]] = field(default_factory=dict)
    """Coordinates of a dimension, such as `x: [0.0, 0.5, 1.0]`."""

    def __post_init__(self) -> None:
        check_call(self.call)
        check_coords(self.dims, self.coords)

    def files(self, directory: Path) -> Mapping[str, Path]:
        return function_files(SETTING, self.call, directory)

    def load(self, directory: Path, digests: Digests) -> Evaluator:
        """Import the function, in the process that will call it.

        Raises
        ------
        ModelError
            The file is not the one the study was started with, it does not import, or has no such function.
        """
        function = load_function(SETTING, self.call, directory, digests)
        run = _vectorized(function) if self.vectorized else _one_by_one(function)
        return Evaluator(run, self.dims, as_coords(self.coords))


def _named(result: Any) -> Outputs:
    outputs = result if isinstance(result, Mapping) else {"output": result}
    return {name: _array(array) for name, array in outputs.items()}


def _array(values: Any) -> Array:
    """An array; what is masked is missing, and a number is never made of it."""
    if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
        return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
    return np.asarray(values)


def _vectorized(function: Callable[..., Any]) -> Callable[[Values], Outputs]:
    return lambda values: _named(function(**values))


def _one_by_one(function: Callable[..., Any]) -> Callable[[Values], Outputs]:
    def run(values: Values) -> Outputs:
        rows = [
            _named(function(**dict(zip(values, row, strict=True))))
            for row in zip(*map(_scalars, values.values()), strict=True)
        ]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    return run


def _scalars(array: Array) -> list[Any]:
    return list(array.tolist())
