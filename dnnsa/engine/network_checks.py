"""What must fit together before a network study's first run: shapes, labels, classes, probabilities and factors."""

from collections.abc import Mapping

import numpy as np

from dnnsa.arrays import Array, Shape
from dnnsa.cases import LoadedCases
from dnnsa.errors import ModelError
from dnnsa.factors import Factor, Integers, family
from dnnsa.models.base import InputModel, Network, Sizes
from dnnsa.quantities import Quantity

SUM_TOLERANCE = 1e-3  # of probabilities, and how far below 0 they may round


def check_precision(network: Network, backend: str) -> None:
    """Refuse numbers of 64 bits where Keras makes 32 of them without a word."""
    if network.dtype == "float64" and backend != "tensorflow":
        raise ModelError(
            f"model: its inputs are float64, and on {backend} Keras computes means and more in float32: unset "
            "KERAS_BACKEND, or take a model of float32."
        )


def check_cases(network: Network, cases: LoadedCases) -> None:
    """Refuse cases that the network does not take."""
    shape = cases.inputs.shape[1:]
    if network.input_shape is not None and not _fits(shape, network.input_shape):
        raise ModelError(
            f"cases.inputs: each input has shape {shape} and the network takes {_written(network.input_shape)}: "
            "store the inputs as the network was trained on them."
        )


def check_drawn(drawn: str | None, factors: Mapping[str, Factor], cases: LoadedCases | None) -> None:
    """Refuse a factor that may give the number of a case that there is not."""
    if drawn is None or cases is None:
        return
    law, last = factors[drawn], len(cases.inputs) - 1
    if isinstance(law, Integers) and law.low >= 0 and law.high <= last:
        return
    told = f"from {law.low} to {law.high}" if isinstance(law, Integers) else f"of kind `{law.kind}`"
    raise ModelError(
        f"cases.factor: `{drawn}` must be an integer from 0 to {last}, the number of a case, and is {told}: make it "
        f"{{kind: integers, low: 0, high: {last}}}."
    )


def check_factors(network: Network, inputs: tuple[str, ...], factors: Mapping[str, Factor]) -> Shape:
    """The shape of one input, refused unless it holds as many numbers as there are factors."""
    columns = sum(len(family(name, factors)) for name in inputs)
    sizes = (columns,) if network.input_shape is None else network.input_shape
    shape = tuple(size for size in sizes if size is not None)
    if len(shape) < len(sizes) or int(np.prod(shape)) != columns:
        raise ModelError(
            f"model.inputs: {columns} factors for a network whose input has shape {_written(sizes)}: name one factor "
            "for each number of a fixed shape."
        )
    return shape


def check_outputs(
    model: InputModel,
    quantities: Mapping[str, Quantity],
    outputs: Array,
    labels: Array | None,
    targets: Array | None,
) -> None:
    """Refuse quantities that the nominal inputs' outputs (cases, *shape), labels and targets do not give."""
    for name, quantity in quantities.items():
        where = f"quantities.{name}"
        if not quantity.needs.isdisjoint({"classes", "probabilities", "predicted"}):
            _check_classes(where, model, outputs.shape[1:])
        if "labels" in quantity.needs:
            _check_labels(where, labels, outputs.shape[1])
        if "targets" in quantity.needs and targets is None:
            raise ModelError(f"{where}: needs what the network should give: name that array in `cases.targets`.")
    if any("probabilities" in quantity.needs for quantity in quantities.values()):
        check_probabilities(model, outputs)


def _check_classes(where: str, model: InputModel, shape: Shape) -> None:
    """Refuse outputs that are no scores of classes."""
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
        raise ModelError(f"{where}: needs the class of each case: name the array of classes in `cases.labels`.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ModelError(
            f"cases.labels: the network tells {classes} classes apart, 0 to {classes - 1}, got labels from "
            f"{labels.min()} to {labels.max()}."
        )


def check_probabilities(model: InputModel, probabilities: Array) -> None:
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


def _fits(shape: Shape, wanted: Sizes) -> bool:
    return len(shape) == len(wanted) and all(b is None or a == b for a, b in zip(shape, wanted, strict=True))


def _written(shape: Sizes) -> str:
    """A shape as it is written in a message.

    >>> _written((8, None, 1)), _written((6,))
    ('(8, any, 1)', '(6,)')
    """
    sizes = ["any" if size is None else str(size) for size in shape]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
