"""What a perturbation is: a batch of nominal inputs and a value of each factor for each row, to perturbed inputs.

Written in ``keras.ops`` only, so that it is traced with the network into one function and runs on its device; what can
not be is `OnHost`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from dnnsa.arrays import Array, OnHost, Shape, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.files import Digests

FactorOrNumber = str | float  # a factor's name, or a constant
FactorOrInteger = str | int
Apply = Callable[[Tensor, Values, Tensor], Tensor]  # inputs (rows, *shape), values, case (rows,) -> perturbed inputs


class Data(NamedTuple):
    """What a perturbation may know of the nominal inputs before the first run."""

    entries: Array  # (entries, *shape) every input in the file, cases or not, in the dtype of the network
    array: Callable[[str, str], Array]  # (setting, name): another array of the file; a ModelError names the setting
    directory: Path
    digests: Digests  # of the perturbation's own files, by the setting as its `files` names it

    @property
    def shape(self) -> Shape:
        """Of one input; of an image (height, width, channels)."""
        return tuple(self.entries.shape[1:])


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

    @property
    def smooth(self) -> bool:
        """Whether the result has derivatives by its factors nearly everywhere, and no jumps as they change."""
        ...

    def bind(self, data: Data) -> Apply | OnHost:
        """What it does to inputs such as these.

        Returns
        -------
        A function of floating-point inputs (rows, *shape), of a mapping with a tensor (rows,) for each factor, integers
        staying integers, and of the position of each row's nominal input in its file, (rows,) int32.

        Raises
        ------
        ModelError
            Inputs of this shape, or with these values, cannot be perturbed so; the message begins with the setting, or
            says which inputs can.
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


def seeds(parameter: FactorOrInteger, values: Values, inputs: Tensor) -> Tensor:
    """The seed of each row, (rows,) int32 or int64.

    Raises
    ------
    ModelError
        The factor does not give integers.
    """
    from keras import ops

    if not isinstance(parameter, str):
        return ops.full((inputs.shape[0],), parameter, dtype="int64")
    given = values[parameter]
    if ops.dtype(given) not in ("int32", "int64"):
        raise ModelError(
            f"seed: factor `{parameter}` must give integers, got {ops.dtype(given)}: make it `kind: integers`."
        )
    return given


def check_seed(parameter: FactorOrInteger) -> None:
    """Refuse a constant that is no 64-bit integer."""
    if not isinstance(parameter, str) and not -(2**63) <= parameter < 2**63:
        raise ValueError(f"`seed` must be a 64-bit integer, from -2**63 to 2**63 - 1, got {parameter}")


def nan_unless(sound: Tensor, result: Tensor) -> Tensor:
    """The result where the condition, of a shape that broadcasts with it, is true, NaN elsewhere: a failed run."""
    from keras import ops

    return result * ops.where(sound, *(ops.convert_to_tensor(one, result.dtype) for one in (1.0, float("nan"))))


def check_not_negative(field: str, parameter: FactorOrNumber) -> None:
    """Refuse a constant below 0."""
    if not isinstance(parameter, str) and parameter < 0:
        raise ValueError(f"`{field}` must be 0 or more, got {parameter:g}")


def check_positive(field: str, parameter: FactorOrNumber) -> None:
    """Refuse a constant that is 0 or below."""
    if not isinstance(parameter, str) and not parameter > 0:
        raise ValueError(f"`{field}` must be above 0, got {parameter:g}")


def check_share(field: str, parameter: FactorOrNumber) -> None:
    """Refuse a constant outside of 0 to 1."""
    if not isinstance(parameter, str) and not 0 <= parameter <= 1:
        raise ValueError(f"`{field}` must be from 0 to 1, got {parameter:g}")


def check_image(kind: str, shape: Shape) -> None:
    """Refuse anything but images (height, width, channels)."""
    if len(shape) != 3:
        raise ModelError(f"{kind} needs images of shape (height, width, channels), got inputs of shape {shape}.")


def check_series(kind: str, shape: Shape) -> None:
    """Refuse anything but series (steps, channels)."""
    if len(shape) != 2:
        raise ModelError(f"{kind} needs series of shape (steps, channels), got inputs of shape {shape}.")
