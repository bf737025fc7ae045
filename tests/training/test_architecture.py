"""What networks are made of: declared ones as Keras' own layers say it, graphs with skips, and what is not known."""

import pytest

from dnnsa.models import backend
from dnnsa.training.architecture import declared, describe
from dnnsa.training.layers import Shape, parameters

backend.start()

import keras  # noqa: E402 - the backend is chosen first

L = keras.layers
NORMALISATIONS = {"none": None, "batch": L.BatchNormalization, "layer": L.LayerNormalization}


def shape(kind="mlp", inputs=(4,), layers=2, width=5, normalisation="none", dropout=False, skip=False, kernel=1):
    return Shape(kind, inputs, 3, layers, width, normalisation, dropout, skip, kernel)


def twin(of):
    """The declared network as a graph of Keras."""
    x = inputs = keras.Input(of.inputs)
    x = L.Flatten()(x) if of.kind == "mlp" and len(of.inputs) > 1 else x
    for layer in range(of.layers):
        h = (L.Dense(of.width) if of.kind == "mlp" else L.Conv2D(of.width, of.kernel, padding="same"))(x)
        normalisation = NORMALISATIONS[of.normalisation]
        h = L.Activation("relu")(normalisation()(h) if normalisation else h)
        h = L.Dropout(0.1)(h) if of.dropout else h
        h = L.Add()([h, x]) if of.skip and layer else h
        x = L.MaxPooling2D(2, padding="same")(h) if of.kind == "cnn" and min(h.shape[1:3]) > 1 else h
    x = L.GlobalAveragePooling2D()(x) if of.kind == "cnn" else x
    return keras.Model(inputs, L.Dense(of.outputs)(x))


@pytest.mark.parametrize(
    "of",
    [
        shape(),
        shape(inputs=(2, 3), layers=1),
        shape(layers=3, skip=True, dropout=True, normalisation="layer"),
        shape("cnn", (5, 7, 2), layers=3, normalisation="batch", kernel=3),
        shape("cnn", (8, 8, 1), layers=4, width=4, skip=True, dropout=True, kernel=3),
    ],
)
def test_a_declared_network_is_described_as_the_same_layers_of_keras_are(of):
    told, seen = declared(of, "relu", 0.1), describe(twin(of))
    assert told._replace(layers=(), hash="") == seen._replace(layers=(), hash="")
    assert [(one.shape, one.parameters) for one in told.layers] == [(one.shape, one.parameters) for one in seen.layers]
    assert told.parameters == parameters(of, of.width)
    assert told.weight_layers == of.layers + 1
    assert told.skips == (of.layers - 1) * of.skip
    places = [{one.name: one.order for one in each.layers} for each in (told, seen)]
    inbound = [
        [sorted(place[name] for name in one.inbound if name in place) for one in each.layers]
        for each, place in zip((told, seen), places, strict=True)
    ]
    assert inbound[0] == inbound[1]


def test_a_sequential_model_and_the_same_graph_are_one_architecture():
    sequential = keras.Sequential([keras.Input((4,)), L.Dense(5, "relu"), L.Dense(2)])
    inputs = keras.Input((4,))
    graph = keras.Model(inputs, L.Dense(2, name="other", kernel_initializer="zeros")(L.Dense(5, "relu")(inputs)))
    assert describe(sequential)._replace(layers=()) == describe(graph)._replace(layers=())
    assert describe(sequential).layers[0].settings["units"] == 5
    assert [one.name for one in describe(graph).layers][-1] == "other"


@pytest.mark.parametrize("change", [{"width": 6}, {"layers": 3}, {"skip": True}, {"normalisation": "batch"}])
def test_another_architecture_has_another_hash(change):
    assert declared(shape(**change), "relu", 0.1).hash != declared(shape(), "relu", 0.1).hash
    assert declared(shape(), "tanh", 0.1).hash != declared(shape(), "relu", 0.1).hash


def test_a_skip_from_the_inputs_counts_and_branches_of_one_length_do_not():
    inputs = keras.Input((4,))
    residual = describe(keras.Model(inputs, inputs + L.Dense(4)(inputs)))
    assert (residual.sequence, residual.skips, residual.depth) == (("Dense", "Add"), 1, 2)
    parallel = describe(keras.Model(inputs, L.Concatenate()([L.Dense(3)(inputs), L.Dense(2)(inputs)])))
    assert (parallel.branches, parallel.merges, parallel.skips, parallel.width) == (1, 1, 0, 3)
    other = keras.Input((4,))
    towers = describe(keras.Model([inputs, other], L.Add()([L.Dense(4)(inputs), other])))
    assert (towers.merges, towers.skips) == (1, 0)


def test_a_layer_that_is_called_twice_is_one_layer_and_two_deep():
    layer, inputs = L.Dense(4), keras.Input((4,))
    found = describe(keras.Model(inputs, layer(layer(inputs))))
    assert (len(found.layers), found.depth, found.parameters, found.layers[0].shape) == (1, 2, 20, None)


def test_what_is_frozen_is_no_parameter():
    model = keras.Sequential([keras.Input((4,)), L.Dense(5, trainable=False), L.Dense(2)])
    found = describe(model)
    assert [(one.parameters, one.trainable) for one in found.layers] == [(0, False), (12, True)]
    assert found.weight_layers == 2


def test_a_model_whose_connections_are_in_its_code_is_refused():
    class Own(keras.Model):
        def call(self, inputs):
            return inputs

    for model in (Own(), keras.Sequential([L.Dense(2)])):
        with pytest.raises(ValueError, match="sequential or a graph of layers, and built; got"):
            describe(model)
