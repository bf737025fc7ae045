"""The declared networks as functions of tensors: units that a network has not are there and give 0.

So one compiled function serves all widths up to a power of two. A kernel is 0 where it leads to or from such a unit,
and stays so: what the unit gives is 0, and so is every gradient there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dnnsa.arrays import Tensor
from dnnsa.training.hyperparameters import ACTIVATIONS
from dnnsa.training.seeds import DROPOUT, Key, derived, table, uniforms

EPSILON = 1e-3  # of normalisations
KEPT = 0.9  # share of the running averages that a step keeps
FAN = {"glorot": (6.0, 1.0, 1.0), "he": (6.0, 1.0, 0.0), "lecun": (3.0, 1.0, 0.0)}  # over so many in, and so many out


def padded(size: int) -> int:
    """The width or batch that one is computed as: 32, 128, or a larger power of two.

    Small ones cost what the overhead of a step costs, and each compilation some seconds.
    """
    return 32 if size <= 32 else max(128, 1 << (size - 1).bit_length())


class Shape(NamedTuple):
    """What of a network a compiled function is made for."""

    kind: str  # mlp or cnn
    inputs: tuple[int, ...]  # of one input
    outputs: int
    layers: int
    width: int  # padded
    normalisation: str
    dropout: bool  # whether units are dropped at all
    skip: bool
    kernel: int  # rows and columns; of dense layers 1

    def fan(self, layer: int) -> int:
        """Padded units, or channels, that go into a layer; the last layer is the number `layers`."""
        if layer:
            return self.width
        return self.inputs[-1] if self.kind == "cnn" else int(np.prod(self.inputs))


class Weights(NamedTuple):
    """Of one layer; what a layer has not is ()."""

    kernel: Tensor
    bias: Tensor
    scale: Tensor  # of the normalisation
    shift: Tensor


class Averages(NamedTuple):
    """What batch normalisation keeps of the data, of one layer."""

    mean: Tensor
    variance: Tensor


class Architecture(NamedTuple):
    """What changes from run to run without another compilation, as tensors."""

    mask: Tensor  # (width,) float32, 1 for units that there are
    units: Tensor  # () float32, how many
    activation: Tensor  # () int32
    dropout: Tensor  # () float32


def initial(
    shape: Shape, width: int, initialisation: str, seed: int
) -> tuple[tuple[Weights, ...], tuple[Averages, ...]]:
    """Weights before the first step, and averages."""
    a, by_in, by_out = FAN[initialisation]
    weights = []
    for layer in range(shape.layers + 1):
        last, area = layer == shape.layers, shape.kernel**2
        area = 1 if last else area
        rows, columns = (shape.fan(layer), shape.outputs if last else shape.width)
        real_in, real_out = (width if layer else rows), (columns if last else width)
        limit = np.sqrt(a / (area * (by_in * real_in + by_out * real_out)))
        kernel = table(seed, layer, rows * area, columns).reshape(rows, area, columns) * np.float32(limit)
        kernel[real_in:], kernel[:, :, real_out:] = 0, 0
        weights.append(_weights(shape, kernel, columns, last))
    zero, one = np.zeros(shape.width, np.float32), np.ones(shape.width, np.float32)
    return tuple(weights), tuple(Averages(zero, one) for _ in range(shape.layers * (shape.normalisation == "batch")))


def _weights(shape: Shape, kernel: NDArray[np.float32], columns: int, last: bool) -> Weights:
    """Of kernels (in, area, out)."""
    if shape.kind == "cnn" and not last:
        kernel = kernel.reshape(-1, shape.kernel, shape.kernel, columns).transpose(1, 2, 0, 3)
    else:
        kernel = kernel[:, 0]
    normalised = shape.normalisation != "none" and not last
    one, zero = np.ones(columns, np.float32), np.zeros(columns, np.float32)
    return Weights(kernel, zero, *((one, zero) if normalised else ((), ())))


def parameters(shape: Shape, width: int) -> int:
    """How many numbers of a network of this width are trained."""
    area, hidden = shape.kernel**2, 1 + 2 * (shape.normalisation != "none")
    inner = sum((width if layer else shape.fan(0)) * area * width + hidden * width for layer in range(shape.layers))
    return inner + (width + 1) * shape.outputs


def forward(
    shape: Shape,
    weights: tuple[Weights, ...],
    averages: tuple[Averages, ...],
    by: Architecture,
    inputs: Tensor,
    rows: Tensor | None = None,
    key: Key | None = None,
) -> tuple[Tensor, tuple[Averages, ...]]:
    """Outputs ``(rows, outputs)``, and averages after them.

    Parameters
    ----------
    rows
        While training: the weight of each row, (rows,) float32, 0 for those that only fill the batch.
    key
        While training: of this step, for what is dropped.
    """
    from keras import ops

    x, kept = inputs, []
    if shape.kind == "mlp":
        x = ops.reshape(x, (inputs.shape[0], -1))
    for layer in range(shape.layers):
        own = weights[layer]
        z = _linear(shape, x, own)
        if shape.normalisation != "none":
            z, after = _normalised(shape, z, own, averages[layer] if averages else None, by, rows)
            kept += [after] if after else []
        h = _activated(z, by.activation)
        if shape.dropout and rows is not None and key is not None:
            h = _dropped(h, by.dropout, derived(key, DROPOUT, layer))
        h = h * by.mask
        h = h + x if shape.skip and layer else h
        x = _pooled(h) if shape.kind == "cnn" else h
    x = ops.mean(x, axis=(1, 2)) if shape.kind == "cnn" else x
    return ops.matmul(x, weights[-1].kernel) + weights[-1].bias, tuple(kept)


def _linear(shape: Shape, x: Tensor, own: Weights) -> Tensor:
    from keras import ops

    return (ops.conv(x, own.kernel, padding="same") if shape.kind == "cnn" else ops.matmul(x, own.kernel)) + own.bias


def _activated(z: Tensor, which: Tensor) -> Tensor:
    from keras import ops

    functions = [ops.relu, ops.tanh, ops.sigmoid, ops.elu, ops.gelu, ops.silu, lambda x: x]
    assert len(functions) == len(ACTIVATIONS)
    return ops.switch(which, functions, z)


def _normalised(
    shape: Shape, z: Tensor, own: Weights, averages: Averages | None, by: Architecture, rows: Tensor | None
) -> tuple[Tensor, Averages | None]:
    """To mean 0 and variance 1: of each unit over the batch, or of each row over its units."""
    from keras import ops

    after = None
    if shape.normalisation == "layer":
        mean = ops.sum(z * by.mask, axis=-1, keepdims=True) / by.units
        variance = ops.sum(ops.square((z - mean) * by.mask), axis=-1, keepdims=True) / by.units
    elif rows is None:
        assert averages is not None
        mean, variance = averages
    else:
        assert averages is not None
        axes = tuple(range(len(z.shape) - 1))
        share = ops.reshape(rows, (-1,) + (1,) * (len(z.shape) - 1)) / ops.sum(rows)
        share = share / float(np.prod(z.shape[1:-1]))
        mean = ops.sum(share * z, axis=axes)
        variance = ops.sum(share * ops.square(z - mean), axis=axes)
        after = Averages(*(KEPT * a + (1 - KEPT) * b for a, b in zip(averages, (mean, variance), strict=True)))
    return (z - mean) * ops.rsqrt(variance + EPSILON) * own.scale + own.shift, after


def _dropped(h: Tensor, share: Tensor, key: Key) -> Tensor:
    """Some of the values set to 0, the others enlarged so that their mean stays."""
    from keras import ops

    chance = ops.reshape(uniforms(key, h.shape[0], int(np.prod(h.shape[1:]))), h.shape)
    return ops.where(chance < share, ops.zeros_like(h), h / (1 - share))


def _pooled(h: Tensor) -> Tensor:
    """The largest of each square of two by two, where there is more than one row and column."""
    from keras import ops

    return ops.max_pool(h, 2, padding="same") if min(h.shape[1:3]) > 1 else h
