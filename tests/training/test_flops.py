"""Operations of a forward pass, by hand, and what is not known."""

import pytest

from dnnsa.models import backend
from dnnsa.training.architecture import declared, describe
from dnnsa.training.flops import flops
from dnnsa.training.layers import Shape

backend.start()

import keras  # noqa: E402 - the backend is chosen first

L = keras.layers


def of(inputs, *layers):
    return describe(keras.Sequential([keras.Input(inputs), *layers])).flops


@pytest.mark.parametrize(
    ("inputs", "layer", "expected"),
    [
        ((4,), L.Dense(5, "relu"), 2 * 4 * 5 + 5 + 5),
        ((4,), L.Dense(5, use_bias=False), 2 * 4 * 5),
        ((7, 4), L.Dense(5), 7 * (2 * 4 * 5 + 5)),
        ((8, 3), L.Conv1D(6, 3), 6 * 6 * (2 * 3 * 3 + 1)),
        ((8, 8, 4), L.Conv2D(6, 3, 2, "same", activation="tanh"), 4 * 4 * 6 * (2 * 9 * 4 + 2)),
        ((8, 8, 4), L.Conv2D(6, (1, 3), groups=2), 8 * 6 * 6 * (2 * 3 * 2 + 1)),
        ((8, 8, 4), L.DepthwiseConv2D(3, depth_multiplier=2), 6 * 6 * 8 * (2 * 9 + 1)),
        ((8, 8, 4), L.SeparableConv2D(5, 3, use_bias=False), 6 * 6 * 2 * (4 * 9 + 4 * 5)),
        ((8, 8, 4), L.MaxPooling2D(2), 4 * 4 * 4 * 4),
        ((8, 4), L.AveragePooling1D(2), 4 * 4 * 2),
        ((8, 8, 4), L.GlobalAveragePooling2D(), 256),
        ((8, 8, 4), L.BatchNormalization(), 512),
        ((4,), L.LayerNormalization(), 28),
        ((4,), L.ReLU(), 4),
        ((4,), L.Activation("linear"), 0),
        ((8, 4), L.Flatten(), 0),
        ((4,), L.Dropout(0.5), 0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_operations_of_a_layer_are_what_a_hand_counts(inputs, layer, expected):
    assert of(inputs, layer) == expected


def test_merges_and_models_within_models_are_counted():
    inputs = keras.Input((4,))
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4)])
    found = describe(keras.Model(inputs, L.Add()([inner(inputs), inputs])))
    assert (inner.count_params(), found.flops) == (20, 36 + 4)


def test_what_is_not_known_makes_the_count_empty():
    assert of((8, 4), L.Conv1D(3, 2), L.LSTM(5)) is None
    assert of((None, 4), L.Conv1D(3, 2)) is None
    layer, inputs = L.Dense(4), keras.Input((4,))
    assert describe(keras.Model(inputs, layer(layer(inputs)))).flops is None
    assert flops("Own", {}, [(4,)], (4,)) is None
    assert flops("Dense", {}, [None], (4,)) is None


def test_a_declared_network_is_counted_without_what_only_pads_its_width():
    shape = Shape("mlp", (2, 2), 3, 2, 5, "none", True, False, 1)
    assert declared(shape, "relu", 0.1).flops == (2 * 4 * 5 + 10) + (2 * 5 * 5 + 10) + (2 * 5 * 3 + 3)
    assert declared(shape, "identity", 0.1).flops == (2 * 4 * 5 + 5) + (2 * 5 * 5 + 5) + (2 * 5 * 3 + 3)


def test_dtype_policies_are_told():
    mixed = [keras.Input((4,)), L.Dense(5, dtype="mixed_bfloat16"), L.Dense(2)]
    assert describe(keras.Sequential(mixed)).dtype == "mixed_bfloat16, float32"
    assert declared(Shape("mlp", (4,), 3, 1, 5, "none", False, False, 1), "relu", 0.0).dtype == "float32"
