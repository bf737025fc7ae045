"""A declared network as a model of Keras' own layers, of the units that there are and with what they have learnt."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dnnsa.training.layers import EPSILON, KEPT, Averages, Shape, Weights


def twin(
    shape: Shape,
    weights: Sequence[Weights],
    averages: Sequence[Averages],
    chosen: Mapping[str, Any],
    classes: bool,
) -> Any:
    """A graph of layers that gives probabilities of classes, or values.

    Parameters
    ----------
    shape
        As it is computed, its width padded.
    weights
        Arrays of all layers, padded.
    averages
        What batch normalisation has kept; none without it.
    chosen
        The run's hyperparameters, by setting.
    """
    from keras import Input, Model, layers

    width, arrays = chosen["network.width"], _Arrays(shape, chosen["network.width"], weights, averages)
    x = inputs = Input(shape.inputs, name="inputs")
    if shape.kind == "mlp" and len(shape.inputs) != 1:
        x = layers.Flatten(name="flatten")(x)
    for layer in range(shape.layers):
        h = _given(_linear(shape, layer, width), x, arrays.linear(layer))
        if shape.normalisation != "none":
            h = _given(_normalisation(shape, layer), h, arrays.normalisation(layer))
        h = _activation(chosen["network.activation"], layer)(h)
        if shape.dropout:
            h = layers.Dropout(chosen["network.dropout"], name=f"dropout_{layer}")(h)
        if shape.skip and layer:
            h = layers.Add(name=f"add_{layer}")([h, x])
        pooled = shape.kind == "cnn" and min(h.shape[1:3]) > 1
        x = layers.MaxPooling2D(2, padding="same", name=f"pooling_{layer}")(h) if pooled else h
    if shape.kind == "cnn":
        x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = _given(layers.Dense(shape.outputs, name="outputs"), x, arrays.linear(shape.layers))
    return Model(inputs, layers.Softmax(name="probabilities")(x) if classes else x, name="network")


class _Arrays:
    """What each layer holds, without what its width is padded with."""

    def __init__(self, shape: Shape, width: int, weights: Sequence[Weights], averages: Sequence[Averages]) -> None:
        self.shape, self.width, self.weights, self.averages = shape, width, weights, averages

    def linear(self, layer: int) -> list[Any]:
        """Kernel (..., in, out) and bias (out,)."""
        own, into = self.weights[layer], self.width if layer else self.shape.fan(0)
        out = self.shape.outputs if layer == self.shape.layers else self.width
        return [np.asarray(own.kernel)[..., :into, :out], np.asarray(own.bias)[:out]]

    def normalisation(self, layer: int) -> list[Any]:
        """Scale, shift and, of a batch, the averages, (width,) each."""
        own = [self.weights[layer].scale, self.weights[layer].shift, *(self.averages[layer] if self.averages else ())]
        return [np.asarray(array)[: self.width] for array in own]


def _given(layer: Any, inputs: Any, arrays: Sequence[Any]) -> Any:
    """What a layer gives of inputs, once it holds these arrays."""
    outputs = layer(inputs)
    layer.set_weights(arrays)
    return outputs


def _linear(shape: Shape, layer: int, width: int) -> Any:
    from keras import layers

    if shape.kind == "cnn":
        return layers.Conv2D(width, shape.kernel, padding="same", name=f"conv_{layer}")
    return layers.Dense(width, name=f"dense_{layer}")


def _normalisation(shape: Shape, layer: int) -> Any:
    from keras import layers

    if shape.normalisation == "layer":
        return layers.LayerNormalization(epsilon=EPSILON, name=f"normalisation_{layer}")
    return layers.BatchNormalization(epsilon=EPSILON, momentum=KEPT, name=f"normalisation_{layer}")


def _activation(name: str, layer: int) -> Any:
    """A layer; `gelu` is the operation, since the activation of that name is another formula of Keras."""
    from keras import layers, ops

    if name == "gelu":
        return ops.gelu
    return layers.Activation("linear" if name == "identity" else name, name=f"activation_{layer}")
