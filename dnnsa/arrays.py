"""What travels between a study's parts: tensors of Keras' backend inside one traced function, NumPy arrays outside."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]
Tensor = Any  # of the backend of Keras
Shape = tuple[int, ...]  # of one input, one output or one case
Values = Mapping[str, Tensor]  # factor -> its values, (rows,), or (rows, count) of one that stands for several


class OnHost(NamedTuple):
    """A function that takes and gives NumPy arrays: it stands between traced functions, never inside one."""

    function: Callable[..., Any]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the function gives."""
        return self.function(*arguments, **named)


def picked(x: Tensor, at: Tensor) -> Tensor:
    """Entries ``at``, (rows, m) int32, of each row of ``x``, (rows, n, ...): ``x[i, at[i, j]]``, (rows, m, ...).

    Keras' `take_along_axis` counts in 64 bits, of which TensorFlow logs an error on processors without AVX-512.
    """
    from keras import ops

    rows, each = ops.shape(x)[0], x.shape[1]
    flat = ops.reshape(x, (-1, *x.shape[2:]))  # (rows n, ...)
    return ops.take(flat, ops.arange(rows, dtype="int32")[:, None] * each + at, axis=0)
