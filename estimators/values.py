"""The values of a block that are independent draws of the factors, and what is true of them in each cell."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.estimators.base import LEFT_OUT, NO_VARIANCE, OVERFLOW, TOO_FEW, Array
from dnnsa.layout import Layout


def independent(kind: str, layout: Layout) -> NDArray[np.int64]:
    """How many runs of a base point are independent draws, shape ``()``; refused where none is."""
    if not layout.independent:
        raise ValueError(
            f"`{kind}` needs runs that are independent draws of the factors: "
            "use `design: {kind: sample}` or `saltelli`"
        )
    return np.array(layout.independent)


def check_random(kind: str, layout: Layout) -> None:
    """Refuse points that fill the cube evenly: they scatter less than the independent draws that are reckoned with."""
    if not layout.random:
        raise ValueError(
            f"`{kind}` reckons with the scatter of base points that are independent draws: use `sequence: monte_carlo` "
            "in `design`, or for an external table of such draws `replicates`"
        )


def used_values(y: NDArray[Any], runs: int, good: NDArray[np.bool_]) -> tuple[Array, NDArray[np.bool_]]:
    """Values of the first ``runs`` runs of base points and whether each is used, ``(n runs, cells)`` both.

    Base point after base point. ``y`` has shape ``(n, all runs, cells)``; ``good`` says which base points are used,
    ``(n, cells)``. What is not used is 0, so that it can be computed with.
    """
    use = np.repeat(good, runs, axis=0)
    return np.where(use, y[:, :runs].reshape(use.shape), 0).astype(np.float64, order="C"), use


def flags(seen: NDArray[Any], n: NDArray[Any], few: Any, still: Any = False, finite: Any = True) -> NDArray[np.uint8]:
    """The flags of each cell, ``(*shape)``, from base points seen and used, and from what is true of its values."""
    return np.asarray(
        np.where(n < seen, LEFT_OUT, 0)
        | np.where(few, TOO_FEW, 0)
        | np.where(still, NO_VARIANCE, 0)
        | np.where(finite, 0, OVERFLOW),
        dtype=np.uint8,
    )


def constant(minimum: Array, maximum: Array, resolution: float) -> NDArray[np.bool_]:
    """Where values do not vary beyond their rounding, ``(*shape)``; relative, never absolute, and not where none is."""
    with np.errstate(invalid="ignore", over="ignore"):
        largest = np.maximum(np.abs(minimum), np.abs(maximum))
        return np.asarray((maximum >= minimum) & (maximum - minimum <= 8 * resolution * largest))
