"""Floating-point operations of a forward pass of one input, layer by layer, where they are known in closed form.

The convention: a multiply-add counts 2; an addition, a product, a comparison or a value of an activation function 1.
Layers that only move or drop numbers have none. Batch normalisation is what it is after training, a scale and a shift.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

Size = tuple[int, ...]  # of what one input has, without the entries
FREE = (
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianNoise"),
    *("GaussianDropout", "AlphaDropout", "Flatten", "Reshape", "Permute", "RepeatVector", "Concatenate", "Embedding"),
    *("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D", "Identity"),
    *("UpSampling1D", "Masking", "ActivityRegularization"),
)  # while nothing is trained
ACTIVATIONS = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")
LINEAR = (None, "linear", "identity")
DENSE, CONVOLUTIONS = "Dense", ("Conv1D", "Conv2D", "Conv3D")
DEPTHWISE, SEPARABLE = ("DepthwiseConv1D", "DepthwiseConv2D"), ("SeparableConv1D", "SeparableConv2D")
POOLINGS = ("MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "AveragePooling1D", "AveragePooling2D", "AveragePooling3D")
GLOBAL = tuple(f"Global{kind}Pooling{dims}D" for kind in ("Max", "Average") for dims in (1, 2, 3))
NORMALISATIONS = {"BatchNormalization": 2, "Rescaling": 2, "Normalization": 2, "LayerNormalization": 7}  # for a number
MERGES = ("Add", "Subtract", "Multiply", "Maximum", "Minimum")


def flops(kind: str, settings: Mapping[str, Any], takes: Sequence[Size | None], gives: Size | None) -> int | None:
    """Operations of one layer for one input; None where they are not known.

    Layer normalisation takes 7 for each number: its share of the mean and of the variance, the distance from the mean,
    the quotient, scale and shift.

    Parameters
    ----------
    kind, settings
        The class of the Keras layer, and its configuration; what is missing is as Keras has it.
    takes, gives
        Shapes of what it takes and gives, without the entries; None where they are not known.

    Examples
    --------
    >>> flops("Dense", {"activation": "relu"}, [(10,)], (3,))
    66
    """
    if kind in FREE:
        return 0
    if gives is None or not takes or any(size is None for size in takes):
        return None
    sizes = [size for size in takes if size is not None]
    out, into = prod(gives), sizes[0]
    if kind in ACTIVATIONS:
        return out if settings.get("activation", "own") not in LINEAR else 0
    if kind in NORMALISATIONS:
        return NORMALISATIONS[kind] * out
    if kind in MERGES:
        return (len(sizes) - 1) * out
    if kind == "Average":
        return len(sizes) * out
    if kind in GLOBAL:
        return prod(into)
    if kind in POOLINGS:
        return _window(settings["pool_size"], len(into) - 1) * out
    products = _products(kind, settings, into, gives)
    if products is None:
        return None
    biased, activated = bool(settings.get("use_bias", True)), settings.get("activation") not in LINEAR
    return 2 * products + out * (biased + activated)


def _products(kind: str, settings: Mapping[str, Any], into: Size, gives: Size) -> int | None:
    """Multiply-adds of a layer with a kernel; None where they are not known."""
    out = prod(gives)
    if kind == DENSE:
        return into[-1] * out
    if kind not in (*CONVOLUTIONS, *DEPTHWISE, *SEPARABLE):
        return None
    first = settings.get("data_format") == "channels_first"
    channels, filters = (into[0], gives[0]) if first else (into[-1], gives[-1])
    window = _window(settings["kernel_size"], len(into) - 1)
    if kind in CONVOLUTIONS:
        return window * channels // int(settings.get("groups", 1)) * out
    if kind in DEPTHWISE:
        return window * out
    between = channels * int(settings.get("depth_multiplier", 1))  # of a separable one: a number for each of its places
    return out // filters * between * (window + filters)


def _window(size: int | Sequence[int], dims: int) -> int:
    """Places of a window, whose size may be one number for all of its dimensions."""
    return int(size) ** dims if isinstance(size, int) else prod(int(one) for one in size)
