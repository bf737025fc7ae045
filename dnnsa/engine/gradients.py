"""Derivatives of quantities by the factors, by automatic differentiation of the whole way between them."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from dnnsa.arrays import Array, Tensor, Values
from dnnsa.engine.stages import Rows, Stage, chain, on_device, on_host
from dnnsa.errors import ModelError
from dnnsa.factors import family
from dnnsa.models import backend
from dnnsa.quantities import Gradient

BY_FACTOR = "by_factor"  # the dimension of what is differentiated by
MOST_CELLS = 256  # of one input's quantity: each is a pass through the network backwards


def with_gradients(
    study: Any, stages: Sequence[Stage], slopes: Mapping[str, Gradient], empty: dict[str, Array]
) -> Callable[[Rows], Rows]:
    """The stages with derivatives ``(rows, p, *qshape)`` of some quantities beside; ``empty`` gets their shapes.

    Raises
    ------
    ModelError
        Something on the way has no derivative.
    """
    from keras import ops

    _check(study, stages, slopes, empty)
    for name, slope in slopes.items():
        of = empty[slope.of]
        empty[name] = np.empty((0, len(study.factors), *of.shape[1:]), of.dtype)
    whole = chain([stage.run for stage in stages])

    def differentiated(rows: Rows) -> Rows:
        quantities = whole(rows)["quantities"]
        for name, slope in slopes.items():
            cells = int(np.prod(empty[slope.of].shape[1:]))
            flat = partial(_cells_of, whole, rows, slope.of, cells)
            by_cell = [_columns(study, backend.slopes(flat, rows["values"], cell)) for cell in range(cells)]
            stacked = ops.stack(by_cell, axis=2)  # (rows, p, cells)
            quantities[name] = ops.reshape(stacked, (-1, len(study.factors), *empty[slope.of].shape[1:]))
        return {"quantities": quantities}

    compiled = backend.compiled(differentiated, differentiable=True)
    return lambda rows: on_host(compiled(on_device(rows)))


def _cells_of(whole: Callable[[Rows], Rows], rows: Rows, of: str, cells: int, values: Values) -> Tensor:
    """A quantity of these rows with other values of the factors, (rows, cells)."""
    from keras import ops

    return ops.reshape(whole({**rows, "values": values})["quantities"][of], (-1, cells))


def _columns(study: Any, by_name: Mapping[str, Tensor]) -> Tensor:
    """Derivatives by what is read, (rows,) or (rows, count), as one by each factor of the study, (rows, p)."""
    from keras import ops

    columns = {}
    for name, slope in by_name.items():
        for number, one in enumerate(family(name, study.factors)):
            columns[one] = slope if len(slope.shape) == 1 else slope[:, number]
    none = ops.zeros_like(next(iter(columns.values())))
    return ops.stack([columns.get(name, none) for name in study.factors], axis=1)


def _check(study: Any, stages: Sequence[Stage], slopes: Mapping[str, Gradient], empty: Mapping[str, Array]) -> None:
    for name, slope in slopes.items():
        where, of = f"quantities.{name}.of", study.quantities[slope.of]
        if not of.smooth:
            raise ModelError(
                f"{where}: `{slope.of}`, of kind `{of.kind}`, jumps or has no derivative: take another one."
            )
        if (cells := int(np.prod(empty[slope.of].shape[1:]))) > MOST_CELLS:
            raise ModelError(f"{where}: `{slope.of}` has {cells} values a case, more than {MOST_CELLS}.")
        for number, part in enumerate(study.perturb):
            if not part.smooth:
                raise ModelError(
                    f"{where}: perturb[{number}], `{part.kind}`, jumps as its factors change, and a bound from "
                    "derivatives would be wrong: leave one of the two out."
                )
        if study.weights:
            raise ModelError(f"{where}: derivatives are of inputs, not of `weights`: leave one of the two out.")
        if not all(stage.traced for stage in stages):
            raise ModelError(
                f"{where}: `model.kind: {study.model.kind}`, or a function of yours, has no derivatives here: use a "
                "network of Keras and perturbations of dnnsa."
            )
