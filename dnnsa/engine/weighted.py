"""A network with other weights for each run: the cases of a run go through it together, the runs one by one."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dnnsa.arrays import Tensor, Values
from dnnsa.errors import ModelError, under
from dnnsa.files import Digests
from dnnsa.models.base import Network
from dnnsa.weights import WeightPerturbation
from dnnsa.weights.base import Part


def per_run(
    weights: Sequence[WeightPerturbation], network: Network, together: int, directory: Path, digests: Digests
) -> Callable[[Tensor, Values], tuple[Tensor, ...]]:
    """The network's function of inputs and factors, where ``together`` rows, one after the other, are of one run."""
    from keras import ops

    predict_with = network.predict_with
    if predict_with is None:
        raise ModelError(
            "weights: only those of a network of Keras can be perturbed: save it as a .keras file, `model.kind: keras`."
        )
    values = [ops.convert_to_numpy(variable.value) for variable in network.variables]
    parts = [Part(v.path, v.layer, np.array(x), v.trained) for v, x in zip(network.variables, values, strict=True)]
    changes = []
    for number, part in enumerate(weights):
        with under(f"weights[{number}]"):
            changes.append(part.bind(parts, directory, digests))

    def one(run: tuple[Mapping[str, Tensor], Tensor, Values]) -> tuple[Tensor, ...]:
        strengths, inputs, factors = run
        tensors = [ops.convert_to_tensor(variable.value) for variable in network.variables]
        for change in changes:
            tensors = change(tensors, strengths)
        return predict_with(tensors, inputs, factors)

    def predict(inputs: Tensor, values: Values) -> tuple[Tensor, ...]:
        by_run = {name: ops.reshape(x, (-1, together, *x.shape[1:])) for name, x in values.items()}
        strengths = {name: x[:, 0] for name, x in by_run.items()}
        rows = ops.reshape(inputs, (-1, together, *inputs.shape[1:]))
        done = ops.map(one, (strengths, rows, by_run))
        return tuple(ops.reshape(x, (-1, *x.shape[2:])) for x in done)

    return predict
