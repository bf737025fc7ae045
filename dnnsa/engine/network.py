"""A network study's evaluator: nominal cases, what happens to them, the network and the quantities in one function.

A row is one run of one case. Runs come first and cases inside them, so a batch is the same rows whenever the same runs
are asked for, and so are its last bits. What is written in operations of Keras is compiled into one function; what is
not (a network of another framework, a function of the user's) stands between two of them.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from dnnsa.arrays import Array, OnHost, Tensor
from dnnsa.cases import Cases, LoadedCases
from dnnsa.engine.gradients import BY_FACTOR, with_gradients
from dnnsa.engine.network_checks import (
    check_cases,
    check_coords,
    check_drawn,
    check_factors,
    check_numbers,
    check_outputs,
    check_precision,
)
from dnnsa.engine.stages import Rows, Stage, joined, on_device, on_host
from dnnsa.engine.weighted import per_run
from dnnsa.errors import under
from dnnsa.factors import Factor, family
from dnnsa.files import Digests
from dnnsa.models import backend
from dnnsa.models.base import Coords, Evaluator, InputModel, Network, Outputs
from dnnsa.perturb import Perturbation
from dnnsa.perturb.base import Apply, Data
from dnnsa.quantities import Gradient, Quantity
from dnnsa.quantities.base import Compute, Place, Seen, whole
from dnnsa.weights import WeightPerturbation


class Subject(Protocol):
    """A study, as far as what stands between its factors and its quantities goes."""

    @property
    def factors(self) -> Mapping[str, Factor]: ...
    @property
    def model(self) -> Any: ...
    @property
    def cases(self) -> Cases | None: ...
    @property
    def perturb(self) -> tuple[Perturbation, ...]: ...
    @property
    def weights(self) -> tuple[WeightPerturbation, ...]: ...
    @property
    def quantities(self) -> Mapping[str, Quantity]: ...


class _Nominal(NamedTuple):
    """What is not a function of the factors: one row for each case, or one row of zeros without cases."""

    inputs: Array  # (cases, *shape) in the dtype of the network
    position: Array  # (cases,) int32, in the file
    seen: Seen  # of the nominal inputs, as NumPy arrays


def network_evaluator(study: Subject, directory: Path, digests: Digests) -> Evaluator:
    """Load the network and the cases, and refuse what cannot work before the first run.

    Quantities come back as ``(n, cases, *qshape)``, or ``(n, *qshape)`` where a run is of one case or of none. A run
    whose perturbed input is not finite gives NaN whatever the network makes of it: some layers swallow a NaN.

    Raises
    ------
    ModelError
        A file is not what the study says it is, or shapes, labels, classes or probabilities do not fit together.
    """
    backend.start()  # perturbations and quantities are in its operations
    layers = tuple(dict.fromkeys(layer for quantity in study.quantities.values() for layer in quantity.layers))
    network = study.model.load(directory, digests, layers)
    check_precision(network, backend.name())
    loaded = None if study.cases is None else study.cases.load(directory, digests)
    drawn = study.cases.factor if study.cases else None
    check_drawn(drawn, study.factors, loaded)
    count = None if loaded is None or drawn else len(loaded.inputs)
    nominal = _nominal(study, network, loaded, layers)
    measuring, empty = _measuring(study, nominal, Place("quantities", directory, digests))
    stages = [
        _of_case(nominal, drawn),
        *_perturbing(study, network, loaded, directory, digests),
        _predicting(study, network, layers, count or 1, directory, digests),
        *measuring,
    ]
    slopes = {name: one for name, one in study.quantities.items() if isinstance(one, Gradient)}
    step = joined(stages) if not slopes else with_gradients(study, stages, slopes, empty)
    at_once = backend.batches_at_once() if all(stage.traced for stage in stages) else 1
    size = study.model.batch_size
    if study.weights:  # whole runs
        size = max(1, size // (count or 1)) * (count or 1)
    read = _read(study)

    def run(values: Mapping[str, Array]) -> Outputs:
        results = _run(step, _numbers(read, values, network.dtype), count, size, at_once, empty)
        if count is None:
            return results
        return {name: np.moveaxis(array, 2, 1) if name in slopes else array for name, array in results.items()}

    return Evaluator(
        run=run,
        dims=_dims(study.quantities, empty, count is not None),
        coords=_coords(study, loaded if count is not None else None),
    )


def _read(study: Subject) -> tuple[str, ...]:
    """The factors that something reads, each once, as they are named there."""
    drawn = study.cases.factor if study.cases else None
    names = [*(study.model.inputs or ()), *study.model.factors, *([drawn] if drawn else [])]
    names += (name for part in study.perturb for name in part.factors)
    names += (name for part in study.weights for name in part.factors)
    return tuple(dict.fromkeys(names))


def _nominal(study: Subject, network: Network, cases: LoadedCases | None, layers: tuple[str, ...]) -> _Nominal:
    """The nominal cases and what the network makes of them."""
    if cases is None:
        shape = check_factors(network, study.model.inputs or (), study.factors)
        inputs, position, labels, targets = np.zeros((1, *shape), network.dtype), np.zeros(1, np.int32), None, None
    else:
        check_cases(network, cases)
        inputs, position = cases.inputs.astype(network.dtype), cases.position.astype(np.int32)
        labels, targets = None if cases.labels is None else cases.labels.astype(np.int32), cases.targets
    none_dropped = {name: np.zeros(len(inputs), np.int64) for name in study.model.factors}
    outputs, *hidden = _in_batches(network, inputs, none_dropped, study.model.batch_size)
    check_outputs(study.model, study.quantities, outputs, labels, targets)
    needed = {need for quantity in study.quantities.values() for need in quantity.needs}
    seen = Seen(
        outputs=outputs,
        probabilities=np.asarray(_likely(study.model, outputs)) if "probabilities" in needed else None,
        labels=labels if "labels" in needed else None,
        predicted=outputs.argmax(axis=1).astype(np.int32) if "predicted" in needed else None,
        targets=targets.astype(outputs.dtype) if "targets" in needed and targets is not None else None,
        hidden=dict(zip(layers, hidden, strict=True)),
    )
    return _Nominal(inputs, position, seen)


def nominal_outputs(network: Network, inputs: Array, size: int) -> Array:
    """What a network that reads no factors gives for inputs in its dtype, in batches of a size."""
    return _in_batches(network, inputs, {}, size)[0]


def _in_batches(network: Network, inputs: Array, values: Mapping[str, Array], size: int) -> list[Array]:
    """Outputs, and those of layers, of all inputs."""
    done = []
    for start in range(0, len(inputs), size):
        arguments = (
            inputs[start : start + size],
            {name: array[start : start + size] for name, array in values.items()},
        )
        if not isinstance(network.predict, OnHost):
            arguments = on_device(arguments)
        done.append(on_host(network.predict(*arguments)))
    return [np.concatenate(parts) for parts in zip(*done, strict=True)]


# the stages of a batch ------------------------------------------------------------------------------------------------


def _of_case(nominal: _Nominal, drawn: str | None) -> Stage:
    """Rows begin with the nominal input of their case."""
    from keras import ops

    inputs, position = ops.convert_to_tensor(nominal.inputs), ops.convert_to_tensor(nominal.position)

    def take(rows: Rows) -> Rows:
        case = rows["case"] if drawn is None else ops.cast(rows["values"][drawn], "int32")
        begun = {"inputs": ops.take(inputs, case, axis=0), "position": ops.take(position, case, axis=0)}
        return {**rows, "case": case, **begun}

    return Stage(take)


def _perturbing(
    study: Subject, network: Network, cases: LoadedCases | None, directory: Path, digests: Digests
) -> list[Stage]:
    """What happens to the inputs, one operation after the other; without cases they are made of the factors."""
    if cases is None:
        return [_of_factors(study.model.inputs or (), network.dtype)]
    data = Data(cases.entries.astype(network.dtype, copy=False), cases.array, directory, digests)
    stages = []
    for number, part in enumerate(study.perturb):
        where = f"perturb[{number}]"
        own = {key.removeprefix(f"{where}."): value for key, value in digests.items() if key.startswith(f"{where}.")}
        with under(where):
            stages.append(_perturbed(where, part.bind(data._replace(digests=own)), network.dtype))
    return stages


def _perturbed(where: str, apply: Apply | OnHost, dtype: str) -> Stage:
    def change(rows: Rows) -> Rows:
        with under(where):
            inputs = apply(rows["inputs"], rows["values"], rows["position"])
        return {**rows, "inputs": np.asarray(inputs, dtype) if isinstance(apply, OnHost) else inputs}

    return Stage(change, traced=not isinstance(apply, OnHost))


def _of_factors(factors: tuple[str, ...], dtype: str) -> Stage:
    from keras import ops

    def fill(rows: Rows) -> Rows:
        columns = [ops.cast(rows["values"][name], dtype) for name in factors]
        columns = [column if len(column.shape) == 2 else column[:, None] for column in columns]  # of one or of several
        return {**rows, "inputs": ops.reshape(ops.concatenate(columns, axis=1), (-1, *rows["inputs"].shape[1:]))}

    return Stage(fill)


def _predicting(
    study: Subject, network: Network, layers: tuple[str, ...], together: int, directory: Path, digests: Digests
) -> Stage:
    """Inputs to outputs; with `weights` those of each run, ``together`` rows, by a network of its own."""
    predict = network.predict
    if study.weights:
        predict = per_run(study.weights, network, together, directory, digests)

    def answer(rows: Rows) -> Rows:
        outputs, *hidden = predict(rows["inputs"], rows["values"])
        return {**rows, "outputs": outputs, "hidden": dict(zip(layers, hidden, strict=True))}

    return Stage(answer, traced=not isinstance(predict, OnHost))


def _measuring(study: Subject, nominal: _Nominal, place: Place) -> tuple[list[Stage], dict[str, Array]]:
    """Outputs to quantities, and what each gives for no row at all, ``(0, *qshape)``."""
    from keras import ops

    seen = nominal.seen
    bound: dict[str, Compute | OnHost] = {}
    for name, quantity in study.quantities.items():
        where = f"quantities.{name}"
        with under(where):
            bound[name] = quantity.bind(seen, place._replace(setting=where))
    of_case = {
        key: ops.convert_to_tensor(array)
        for key, array in seen._asdict().items()
        if key in ("labels", "predicted", "targets") and array is not None
    }

    def judge(rows: Rows) -> Rows:
        """What a run with an input that is not finite gives is NaN, and each row gets what is known of its case."""
        bad = _not_finite(rows["inputs"])
        outputs = _nan_where(bad, rows["outputs"])
        hidden = {name: _nan_where(bad, array) for name, array in rows["hidden"].items()}
        known = {key: ops.take(array, rows["case"], axis=0) for key, array in of_case.items()}
        if seen.probabilities is not None:
            known["probabilities"] = _likely(study.model, outputs)
        return {"seen": {"outputs": outputs, "hidden": hidden, **known}, "quantities": {}}

    def measure(rows: Rows, aside: bool) -> Rows:
        row = Seen(**rows["seen"])
        done = {name: compute(row) for name, compute in bound.items() if isinstance(compute, OnHost) == aside}
        return {**rows, "quantities": {**rows["quantities"], **done}}

    stages = [Stage(judge), Stage(partial(measure, aside=False))]
    if any(isinstance(compute, OnHost) for compute in bound.values()):
        stages.append(Stage(partial(measure, aside=True), traced=False))
    values = {
        name: compute(seen) if isinstance(compute, OnHost) else compute(on_device(seen))
        for name, compute in bound.items()
    }
    empty = {name: array[:0] for name, array in on_host(values).items()}
    check_coords(study.quantities, {name: array.shape[1:] for name, array in empty.items()})
    return stages, empty


def _not_finite(inputs: Tensor) -> Tensor:
    """Which rows hold a number that is NaN or infinite, (rows,)."""
    from keras import ops

    axes = whole(inputs.shape[1:])
    # A sum is finite only if all of its terms are, and is read faster than they are; it may also be too large a number.
    bad = ~ops.isfinite(ops.sum(inputs, axis=axes))
    return ops.cond(ops.any(bad), lambda: ~ops.all(ops.isfinite(inputs), axis=axes), lambda: bad)


def _nan_where(bad: Tensor, outputs: Tensor) -> Tensor:
    from keras import ops

    bad = ops.reshape(bad, (-1,) + (1,) * (len(outputs.shape) - 1))
    return ops.where(bad, ops.full_like(outputs, float("nan")), outputs)


def _likely(model: InputModel, outputs: Tensor) -> Tensor:
    """Probabilities (rows, classes)."""
    from keras import ops

    return ops.softmax(outputs, axis=-1) if model.outputs == "logits" else outputs


# batches --------------------------------------------------------------------------------------------------------------


def _numbers(read: tuple[str, ...], values: Mapping[str, Array], dtype: str) -> tuple[int, dict[str, Array]]:
    """How many runs, and the factors that are read: integers as int64, all else in the dtype of the network.

    What stands for several factors is one array (runs, count).
    """
    runs = len(next(iter(values.values())))
    numbers = {}
    for name in read:
        several = family(name, values)
        for one in several:
            check_numbers(one, values[one])
        array = values[name] if several == [name] else np.stack([values[one] for one in several], axis=1)
        numbers[name] = array.astype(dtype if array.dtype.kind == "f" else np.int64, copy=False)
    return runs, numbers


def _run(
    step: Callable[[Rows], Rows],
    numbers: tuple[int, Mapping[str, Array]],
    cases: int | None,
    batch_size: int,
    at_once: int,
    empty: Mapping[str, Array],
) -> dict[str, Array]:
    """Every run of every case, in batches of one size and a smaller last one, so many ``at_once`` in threads."""
    runs, values = numbers
    rows, per_run = runs * (cases or 1), cases or 1
    results = {name: np.empty((rows, *array.shape[1:]), array.dtype) for name, array in empty.items()}

    def batch(start: int) -> None:
        row = np.arange(start, min(start + batch_size, rows))
        case = (row % per_run).astype(np.int32)
        done = step({"values": {name: array[row // per_run] for name, array in values.items()}, "case": case})
        for name, array in done["quantities"].items():
            results[name][start : start + batch_size] = array

    starts = range(0, rows, batch_size)
    if at_once == 1 or len(starts) == 1:
        for start in starts:
            batch(start)
    else:
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(batch, starts))
    if cases is None:
        return results
    return {name: array.reshape(runs, cases, *array.shape[1:]) for name, array in results.items()}


def _dims(quantities: Mapping[str, Quantity], empty: Mapping[str, Array], cases: bool) -> dict[str, tuple[str, ...]]:
    """Names of the dimensions; with cases every quantity has them, those without a name by their place."""
    dims: dict[str, tuple[str, ...]] = {}
    for name, quantity in quantities.items():
        if isinstance(quantity, Gradient):
            continue
        if quantity.dims is not None or cases:
            own = quantity.dims or tuple(f"dim_{axis}" for axis in range(1, empty[name].ndim))
            dims[name] = ("case", *own) if cases else own
    for name, quantity in quantities.items():
        if isinstance(quantity, Gradient) and quantity.of in dims:
            dims[name] = (BY_FACTOR, *dims[quantity.of])
    return dims


def _coords(study: Subject, cases: LoadedCases | None) -> Coords:
    coords = {
        dim: ((dim,), np.array(levels))
        for quantity in study.quantities.values()
        for dim, levels in quantity.coords.items()
    }
    if any(isinstance(quantity, Gradient) for quantity in study.quantities.values()):
        coords[BY_FACTOR] = ((BY_FACTOR,), np.array(list(study.factors)))
    if cases is not None:
        coords["case"] = (("case",), cases.position)
        if cases.labels is not None:
            coords["label"] = (("case",), cases.labels)
    return coords
