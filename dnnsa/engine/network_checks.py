"""What must fit together before a network study's first run: shapes, labels, classes, probabilities and factors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.cases import LoadedCases
from dnnsa.errors import ModelError
from dnnsa.models.keras import Keras, Network, Shape
from dnnsa.perturb import Perturbation
from dnnsa.quantities import Quantity

Array = NDArray[Any]

SUM_TOLERANCE = 1e-3  # of probabilities, and how far below 0 they may round


@contextmanager
def setting(path: str) -> Iterator[None]:
    """Begin the message of a ModelError with where in the study file it belongs."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{path}{error}") from error


def check_cases(network: Network, cases: LoadedCases, perturb: tuple[Perturbation, ...]) -> None:
    """Refuse cases that the network does not take, and perturbations that do not take the cases."""
    shape = cases.inputs.shape[1:]
    if not _fits(shape, network.input_shape):
        raise ModelError(
            f"cases.inputs: each input has shape {shape} and the network takes {_written(network.input_shape)}: "
            "store the inputs as the network was trained on them."
        )
    for number, part in enumerate(perturb):
        with setting(f"perturb[{number}]: "):
            part.check(shape)


def check_factors(network: Network, inputs: tuple[str, ...]) -> tuple[int, ...]:
    """The shape of one input, refused unless it holds as many numbers as there are factors."""
    shape = tuple(size for size in network.input_shape if size is not None)
    if len(shape) < len(network.input_shape) or int(np.prod(shape)) != len(inputs):
        raise ModelError(
            f"model.inputs: {len(inputs)} factors for a network whose input has shape "
            f"{_written(network.input_shape)}: name one factor for each number of a fixed shape."
        )
    return shape


def check_quantities(
    model: Keras, quantities: Mapping[str, Quantity], shape: tuple[int, ...], labels: Array | None
) -> None:
    """Refuse quantities that outputs of this shape, and these labels, do not give."""
    for name, quantity in quantities.items():
        where = f"quantities.{name}"
        if quantity.needs_probabilities:
            _check_classes(where, model, shape)
        if quantity.needs_labels:
            _check_labels(where, labels, shape[0])
        with setting(f"{where}."):
            quantity.check(shape)


def _check_classes(where: str, model: Keras, shape: tuple[int, ...]) -> None:
    if model.outputs == "values":
        raise ModelError(
            f"{where}: needs probabilities, and `model.outputs` is `values`: say `model.outputs: probabilities`, or "
            "`logits` if the network ends without a softmax."
        )
    if len(shape) != 1 or shape[0] < 2:
        raise ModelError(
            f"{where}: needs the probabilities of two classes or more, and the network's outputs have shape {shape}."
        )


def _check_labels(where: str, labels: Array | None, classes: int) -> None:
    if labels is None:
        raise ModelError(f"{where}.of: needs the class of each case: name the array of classes in `cases.labels`.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ModelError(
            f"cases.labels: the network tells {classes} classes apart, 0 to {classes - 1}, got labels from "
            f"{labels.min()} to {labels.max()}."
        )


def check_probabilities(model: Keras, probabilities: Array) -> None:
    """Refuse outputs (cases, classes) for the nominal cases that cannot be probabilities."""
    if model.outputs != "probabilities":
        return
    sums = probabilities.sum(axis=1, dtype=np.float64)  # (cases,)
    wrong = ~(np.abs(sums - 1) <= SUM_TOLERANCE) | ~(probabilities.min(axis=1) >= -SUM_TOLERANCE)
    if wrong.any():
        case = int(np.argmax(wrong))
        raise ModelError(
            f"model.outputs: the outputs are not probabilities: those of nominal case {case} sum to {sums[case]:.6g}, "
            f"the smallest is {probabilities[case].min():.6g}: say `model.outputs: logits` if the network ends without "
            "a softmax."
        )


def check_coords(quantities: Mapping[str, Quantity], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse two quantities that give one dimension different values, or different sizes where values are given."""
    given = {dim: (levels, name) for name, quantity in quantities.items() for dim, levels in quantity.coords.items()}
    for name, quantity in quantities.items():
        for dim, size in zip(quantity.dims or (), shapes[name], strict=False):
            levels, other = given.get(dim, (None, ""))
            if levels is not None and (len(levels) != size or quantity.coords.get(dim, levels) != levels):
                raise ModelError(
                    f"quantities.{name}.dims: `{dim}` is also a dimension of `{other}`, with other values: rename one."
                )


def check_numbers(name: str, values: Array) -> None:
    """Refuse the values of a factor that are not numbers."""
    if values.dtype.kind not in "fiu":
        raise ModelError(
            f"factors.{name}: a network takes numbers only, and a value of this factor is {values[:1].tolist()[0]!r}: "
            "use numbers (0 and 1 for false and true)."
        )


def _fits(shape: tuple[int, ...], wanted: Shape) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _written(shape: Shape) -> str:
    """A shape as it is written in a message.

    >>> _written((8, None, 1)), _written((6,))
    ('(8, any, 1)', '(6,)')
    """
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
