"""A network study's evaluator: nominal cases, what happens to them, the network and the quantities in one function.

The function is compiled once for batches of rows; a row is one run of one case. Runs come first and cases inside them,
so a batch is the same rows whenever the same runs are asked for, and so are its last bits.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.cases import Cases, LoadedCases
from dnnsa.engine.network_checks import (
    check_cases,
    check_coords,
    check_factors,
    check_numbers,
    check_probabilities,
    check_quantities,
    setting,
)
from dnnsa.models.base import Coords, Digests, Evaluator, Outputs, Values
from dnnsa.models.keras import Keras, Network
from dnnsa.perturb import Perturbation
from dnnsa.quantities import Quantity

Array = NDArray[Any]
Tensor = Any  # of the backend of Keras
Tensors = Mapping[str, Tensor]  # factor or quantity -> (rows, ...)
Source = Callable[[Tensors, Tensor], tuple[Tensor, Tensor | None]]  # factors, case (rows,) -> inputs, labels
Measure = Callable[[Tensor, Tensor | None], dict[str, Tensor]]  # outputs, labels (rows,) -> quantities


class _Inputs(NamedTuple):
    """Where the network's inputs come from."""

    factors: tuple[str, ...]  # those that it reads
    source: Source
    nominal: Tensor  # (cases, *shape); one input of zeros without cases
    labels: Tensor | None  # (cases,) of the nominal inputs


def network_evaluator(
    model: Keras,
    cases: Cases | None,
    perturb: tuple[Perturbation, ...],
    quantities: Mapping[str, Quantity],
    directory: Path,
    digests: Digests,
) -> Evaluator:
    """Load the network and the cases, and refuse what cannot work before the first run.

    Quantities come back as ``(n, cases, *qshape)``, or ``(n, *qshape)`` without cases. A run whose perturbed input is
    not finite gives NaN whatever the network makes of it: some layers swallow a NaN.

    Raises
    ------
    ModelError
        A file is not what the study says it is, or shapes, labels, classes or probabilities do not fit together.
    """
    network = model.load(directory, digests)
    loaded = None if cases is None else cases.load(directory, digests)
    inputs = _of_factors(model, network) if loaded is None else _of_cases(network, loaded, perturb)
    outputs = _in_batches(network, inputs.nominal, model.batch_size)  # (cases, *shape) of the network's outputs
    check_quantities(model, quantities, tuple(outputs.shape[1:]), None if loaded is None else loaded.labels)
    if any(quantity.needs_probabilities for quantity in quantities.values()):
        check_probabilities(model, np.asarray(outputs))
    measure = _measure(model, quantities)
    empty = {name: np.asarray(rows)[:0] for name, rows in measure(outputs, inputs.labels).items()}  # (0, *qshape)
    check_coords(quantities, {name: array.shape[1:] for name, array in empty.items()})
    step = network.compile(_step(network, inputs.source, measure))
    count = None if loaded is None else len(loaded.inputs)
    return Evaluator(
        run=lambda values: _run(step, _numbers(inputs.factors, values, network.dtype), count, model.batch_size, empty),
        dims=_dims(quantities, empty, loaded is not None),
        coords=_coords(quantities, loaded),
    )


def _of_cases(network: Network, cases: LoadedCases, perturb: tuple[Perturbation, ...]) -> _Inputs:
    """Inputs that are nominal cases, perturbed by one operation after the other."""
    from keras import ops

    check_cases(network, cases, perturb)
    nominal = ops.convert_to_tensor(cases.inputs.astype(network.dtype))  # (cases, *shape)
    labels = None if cases.labels is None else ops.convert_to_tensor(cases.labels.astype(np.int32))
    place = ops.convert_to_tensor(cases.position.astype(np.int32))

    def source(values: Tensors, case: Tensor) -> tuple[Tensor, Tensor | None]:
        inputs, position = ops.take(nominal, case, axis=0), ops.take(place, case, axis=0)
        for number, part in enumerate(perturb):
            with setting(f"perturb[{number}]."):
                inputs = part.apply(inputs, values, position)
        return inputs, None if labels is None else ops.take(labels, case, axis=0)

    factors = tuple(dict.fromkeys(name for part in perturb for name in part.factors))
    return _Inputs(factors, source, nominal, labels)


def _of_factors(model: Keras, network: Network) -> _Inputs:
    """Inputs that are the factors themselves."""
    from keras import ops

    factors = model.inputs or ()
    shape = check_factors(network, factors)

    def source(values: Tensors, case: Tensor) -> tuple[Tensor, None]:
        columns = [ops.cast(values[name], network.dtype) for name in factors]
        return ops.reshape(ops.stack(columns, axis=1), (-1, *shape)), None

    return _Inputs(factors, source, ops.zeros((1, *shape), dtype=network.dtype), None)


def _measure(model: Keras, quantities: Mapping[str, Quantity]) -> Measure:
    from keras import ops

    def measure(outputs: Tensor, labels: Tensor | None) -> dict[str, Tensor]:
        likely = ops.softmax(outputs, axis=-1) if model.outputs == "logits" else outputs
        return {
            name: quantity.compute(likely if quantity.needs_probabilities else outputs, labels)
            for name, quantity in quantities.items()
        }

    return measure


def _step(network: Network, source: Source, measure: Measure) -> Callable[[Tensors, Tensor], dict[str, Tensor]]:
    """Factors (rows,) and case (rows,) to quantities (rows, *qshape)."""
    from keras import ops

    def step(values: Tensors, case: Tensor) -> dict[str, Tensor]:
        inputs, labels = source(values, case)
        outputs = network.predict(inputs)
        finite = ops.all(ops.isfinite(inputs), axis=tuple(range(1, len(inputs.shape))))  # (rows,)
        finite = ops.reshape(finite, (-1,) + (1,) * (len(outputs.shape) - 1))
        return measure(ops.where(finite, outputs, ops.full_like(outputs, float("nan"))), labels)

    return step


def _in_batches(network: Network, inputs: Tensor, size: int) -> Tensor:
    from keras import ops

    return ops.concatenate([network.predict(inputs[start : start + size]) for start in range(0, len(inputs), size)])


def _numbers(factors: tuple[str, ...], values: Values, dtype: str) -> tuple[int, dict[str, Array]]:
    """How many runs, and the factors that are read: integers as int64, all else in the dtype of the network."""
    runs = len(next(iter(values.values())))
    for name in factors:
        check_numbers(name, values[name])
    return runs, {
        name: values[name].astype(dtype if values[name].dtype.kind == "f" else np.int64, copy=False) for name in factors
    }


def _run(
    step: Callable[[Tensors, Tensor], dict[str, Tensor]],
    numbers: tuple[int, Mapping[str, Array]],
    cases: int | None,
    batch_size: int,
    empty: Mapping[str, Array],
) -> Outputs:
    """Every run of every case, in batches of one size and a smaller last one."""
    from keras import ops

    runs, values = numbers
    rows, per_run = runs * (cases or 1), cases or 1
    results = {name: np.empty((rows, *array.shape[1:]), array.dtype) for name, array in empty.items()}
    for start in range(0, rows, batch_size):
        row = np.arange(start, min(start + batch_size, rows))
        batch = {name: ops.convert_to_tensor(array[row // per_run]) for name, array in values.items()}
        case = ops.convert_to_tensor((row % per_run).astype(np.int32))
        for name, tensor in step(batch, case).items():
            results[name][start : start + batch_size] = ops.convert_to_numpy(tensor)
    if cases is None:
        return results
    return {name: array.reshape(runs, cases, *array.shape[1:]) for name, array in results.items()}


def _dims(quantities: Mapping[str, Quantity], empty: Mapping[str, Array], cases: bool) -> dict[str, tuple[str, ...]]:
    """Names of the dimensions; with cases every quantity has them, those without a name by their place."""
    dims = {}
    for name, quantity in quantities.items():
        if quantity.dims is not None or cases:
            own = quantity.dims or tuple(f"dim_{axis}" for axis in range(1, empty[name].ndim))
            dims[name] = ("case", *own) if cases else own
    return dims


def _coords(quantities: Mapping[str, Quantity], cases: LoadedCases | None) -> Coords:
    coords = {
        dim: ((dim,), np.array(levels)) for quantity in quantities.values() for dim, levels in quantity.coords.items()
    }
    if cases is not None:
        coords["case"] = (("case",), cases.position)
        if cases.labels is not None:
            coords["label"] = (("case",), cases.labels)
    return coords
