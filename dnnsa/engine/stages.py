"""The way of a batch from factors to quantities, in stages: those in Keras' operations become one function."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from dnnsa.models import backend

Rows = dict[str, Any]  # what is known of some rows so far: arrays (rows, ...), and mappings of these


class Stage(NamedTuple):
    """One step of the way."""

    run: Callable[[Rows], Rows]
    traced: bool = True  # of tensors, and fit to be compiled; else of NumPy arrays


def joined(stages: Sequence[Stage]) -> Callable[[Rows], Rows]:
    """One after the other, from NumPy arrays to NumPy arrays."""
    pieces = [_piece(traced, [stage.run for stage in group]) for traced, group in groupby(stages, lambda s: s.traced)]

    def run(rows: Rows) -> Rows:
        for piece in pieces:
            rows = piece(rows)
        return {"quantities": rows["quantities"]}

    return run


def chain(steps: Sequence[Callable[[Rows], Rows]]) -> Callable[[Rows], Rows]:
    """One function of several, one after the other."""

    def run(rows: Rows) -> Rows:
        for step in steps:
            rows = step(rows)
        return rows

    return run


def _piece(traced: bool, steps: Sequence[Callable[[Rows], Rows]]) -> Callable[[Rows], Rows]:
    if not traced:
        return chain(steps)
    compiled = backend.compiled(chain(steps))
    return lambda rows: on_host(compiled(on_device(rows)))


def on_device(arrays: Any) -> Any:
    """NumPy arrays in mappings, tuples and lists as tensors of Keras' backend; None stays None."""
    import keras

    return keras.tree.map_structure(lambda x: None if x is None else keras.ops.convert_to_tensor(x), arrays)


def on_host(tensors: Any) -> Any:
    """Tensors in mappings, tuples and lists as NumPy arrays; None stays None."""
    import keras

    return keras.tree.map_structure(lambda x: None if x is None else np.asarray(keras.ops.convert_to_numpy(x)), tensors)
