"""Dropout as a factor: which units a layer of Keras drops is a function of an integer, and of nothing else."""

import math
from collections.abc import Mapping
from typing import Any

from dnnsa.arrays import Shape, Tensor, Values
from dnnsa.errors import ModelError
from dnnsa.threefry import uniforms

SETTING = "model.dropout"


class Masks:
    """The dropout layers of a network, each given the factor that says which of its units are dropped.

    One integer gives one mask for each layer, whatever the case: a member of the ensemble that dropout stands for (Gal
    and Ghahramani, "Dropout as a Bayesian approximation", ICML 2016). Nothing else of the network is in training mode.
    """

    def __init__(self, network: Any, factors: str | Mapping[str, str]) -> None:
        layers = {layer.name: layer for layer in network._flatten_layers(include_self=False) if _drops(layer)}
        if not layers:
            raise ModelError(f"{SETTING}: the network has no dropout layer (Dropout, SpatialDropout1D to 3D).")
        wanted = dict.fromkeys(layers, factors) if isinstance(factors, str) else dict(factors)
        for name in wanted:
            if name not in layers:
                listed = ", ".join(f"`{one}`" for one in layers)
                raise ModelError(f"{SETTING}: the network has no dropout layer `{name}`: it has {listed}.")
        self.values: Values = {}
        for number, (name, layer) in enumerate(layers.items()):
            if name in wanted:
                layer.call = self._call(layer, wanted[name], number)

    def _call(self, layer: Any, factor: str, number: int) -> Any:
        def call(inputs: Tensor, training: bool = False) -> Tensor:
            return inputs * kept(self.values[factor], number, layer.rate, _shape(layer, inputs), inputs.dtype)

        return call


def kept(index: Tensor, layer: int, rate: float, shape: Shape, dtype: Any) -> Tensor:
    """What units are multiplied by, (rows, *shape): 0, or 1 / (1 - rate) with probability 1 - rate."""
    from keras import ops

    stream = ops.full_like(ops.cast(index, "int32"), layer)
    uniform = ops.reshape(uniforms(index, stream, math.prod(shape)), (-1, *shape))
    scale = 1 / (1 - rate) if rate < 1 else 0.0
    return ops.where(uniform >= rate, ops.cast(scale, dtype), ops.cast(0, dtype))


def _drops(layer: Any) -> bool:
    """Whether a layer is of Keras' Dropout, or drops whole maps."""
    import keras

    return isinstance(layer, keras.layers.Dropout) and layer.rate > 0


def _shape(layer: Any, inputs: Tensor) -> Shape:
    """Of what is drawn for a row, 1 along dimensions that are dropped together."""
    noise = getattr(layer, "_get_noise_shape", lambda _: layer.noise_shape)(inputs) or (None,) * len(inputs.shape)
    return tuple(size if drawn is None else int(drawn) for size, drawn in zip(inputs.shape[1:], noise[1:], strict=True))
