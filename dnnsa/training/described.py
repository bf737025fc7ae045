"""The architecture of each of many trainings: computed of declared networks, seen in those that a function builds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dnnsa.files import Digests
from dnnsa.functions import load_function
from dnnsa.models import backend
from dnnsa.training.architecture import Architecture, declared, describe
from dnnsa.training.built import arguments
from dnnsa.training.data import Loaded
from dnnsa.training.layers import Shape
from dnnsa.training.model import CALL, Training
from dnnsa.training.networks import Build, Cnn, Mlp

Values = Mapping[str, Any]


def declared_of(network: Mlp | Cnn, data: Loaded, asked: Sequence[Values]) -> list[Architecture]:
    """Of each run, by its hyperparameters."""
    return [_declared(network, data, one) for one in asked]


def built_of(model: Training, directory: Path, digests: Digests, values: Sequence[Values]) -> list[Architecture]:
    """Of each run, by its factors' values: the function is called once for each set of what it is called with.

    Raises
    ------
    ModelError
        The function is not found, or its file is another one.
    ValueError
        What it returns is no model whose layers are known.
    """
    assert isinstance(model.network, Build)
    backend.start()
    import keras

    function = load_function(CALL, model.network.call, directory, digests)
    known: dict[str, Architecture] = {}
    found = []
    for one in values:
        given = arguments(model.network.hyperparameters, one)
        key = repr(sorted(given.items()))
        if key not in known:
            keras.backend.clear_session()  # names of the layers are counted from here
            known[key] = describe(function(**given))
        found.append(known[key])
    return found


def _declared(network: Mlp | Cnn, data: Loaded, asked: Values) -> Architecture:
    shape = Shape(
        kind=network.kind,
        inputs=tuple(data.training.inputs.shape[1:]),
        outputs=data.outputs,
        layers=asked["network.layers"],
        width=asked["network.width"],
        normalisation=asked["network.normalisation"],
        dropout=asked["network.dropout"] > 0,
        skip=asked["network.skip"],
        kernel=network.kernel if isinstance(network, Cnn) else 1,
    )
    return declared(shape, asked["network.activation"], asked["network.dropout"])
