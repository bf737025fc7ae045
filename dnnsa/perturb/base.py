"""What a perturbation is: a batch of nominal inputs and a value of each factor for each row, to perturbed inputs.

Written in ``keras.ops`` only, so that it is traced with the network into one function and runs on its device.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from dnnsa.errors import ModelError

Tensor = Any  # of the backend of Keras
Values = Mapping[str, Tensor]  # factor -> its values, (rows,)
Shape = tuple[int, ...]  # of one input; of an image (height, width, channels)
FactorOrNumber = str | float  # a factor's name, or a constant
FactorOrInteger = str | int


class Perturbation(Protocol):
    """One thing that can happen to an input, as strong as its factors say.

    Laws: a row of the result depends on the same row of the arguments and on nothing else; shape and dtype are those of
    ``inputs``; the neutral strength, where there is one, gives ``inputs`` back bit for bit; a strength that has no
    meaning gives NaN, which is a failed run, never another strength.
    """

    @property
    def kind(self) -> str: ...

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors that it reads, each once."""
        ...

    def check(self, shape: Shape) -> None:
        """Refuse inputs of a shape that cannot be perturbed so.

        Raises
        ------
        ModelError
            The message says which shapes can.
        """
        ...

    def apply(self, inputs: Tensor, values: Values, case: Tensor) -> Tensor:
        """Perturb.

        Parameters
        ----------
        inputs
            Floating-point tensor, (rows, *shape).
        values
            A tensor (rows,) for each factor; integers stay integers.
        case
            Position of the nominal input in its file, (rows,) int32.
        """
        ...


def named(*parameters: str | float | None) -> tuple[str, ...]:
    """The factors among parameters, each once.

    >>> named("angle", 0.5, "angle")
    ('angle',)
    """
    return tuple(dict.fromkeys(parameter for parameter in parameters if isinstance(parameter, str)))


def strength(parameter: FactorOrNumber, values: Values, inputs: Tensor) -> Tensor:
    """A parameter for each row, (rows,), in the dtype of the inputs."""
    from keras import ops

    if isinstance(parameter, str):
        return ops.cast(values[parameter], inputs.dtype)
    return ops.full((inputs.shape[0],), parameter, dtype=inputs.dtype)


def beside(row: Tensor, inputs: Tensor) -> Tensor:
    """A tensor (rows,) as (rows, 1, ..., 1), to be combined with inputs (rows, *shape)."""
    from keras import ops

    return ops.reshape(row, (-1,) + (1,) * (len(inputs.shape) - 1))


def nan_below_zero(row: Tensor) -> Tensor:
    """The same, with NaN where it is negative: a width below 0 is a failed run."""
    from keras import ops

    return ops.where(row < 0, ops.full_like(row, float("nan")), row)


def check_not_negative(field: str, parameter: FactorOrNumber) -> None:
    """Refuse a constant below 0."""
    if not isinstance(parameter, str) and parameter < 0:
        raise ValueError(f"`{field}` must be 0 or more, got {parameter:g}")


def check_image(kind: str, shape: Shape) -> None:
    """Refuse anything but images (height, width, channels)."""
    if len(shape) != 3:
        raise ModelError(f"{kind} needs images of shape (height, width, channels), got inputs of shape {shape}.")
