"""Each hyperparameter does what it says: the same training by Keras gives the same network."""

import numpy as np
import pytest

from dnnsa.models import backend
from dnnsa.training.data import subset
from dnnsa.training.optimizers import STEPS, Rates, first_slot
from dnnsa.training.seeds import orders, table

OPTIMIZERS = {
    "sgd": lambda keras: keras.optimizers.SGD(0.1, momentum=0.8),
    "nesterov": lambda keras: keras.optimizers.SGD(0.1, momentum=0.8, nesterov=True),
    "adam": lambda keras: keras.optimizers.Adam(0.1),
    "rmsprop": lambda keras: keras.optimizers.RMSprop(0.1, momentum=0.8),
    "adagrad": lambda keras: keras.optimizers.Adagrad(0.1),
}


@pytest.mark.parametrize("name", STEPS)
def test_three_steps_of_an_optimizer_are_those_of_keras(name):
    backend.start()
    import keras
    from keras import ops

    gradients = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    theirs, optimizer = keras.Variable(np.ones(5, "float32")), OPTIMIZERS[name](keras)
    w, m, v = (ops.full((5,), value, "float32") for value in (1.0, 0.0, first_slot(name)))
    for number, gradient in enumerate(gradients, start=1):
        optimizer.apply([ops.convert_to_tensor(gradient)], [theirs])
        w, m, v = STEPS[name](w, gradient, m, v, Rates(*map(np.float32, (0.1, 0.8, 0.9, 0.999, number))))
    np.testing.assert_allclose(ops.convert_to_numpy(w), ops.convert_to_numpy(theirs), rtol=1e-5, atol=1e-6)


def reference(
    folder, layers=1, width=5, activation="relu", norm=None, skip=False, l2=0.0, decay=0.0, rate=0.1, size=90
):
    """Probabilities of the test data after two epochs of batches of 32, with SGD of momentum 0.8."""
    backend.start()
    import keras

    with np.load(folder / "blobs.npz") as file:
        x, y, part = file["inputs"], file["labels"], file["part"]
    inputs = h = keras.Input((4,))
    dense = []
    penalty = keras.regularizers.L2(l2) if l2 else None
    for layer in range(layers):
        dense.append(keras.layers.Dense(width, kernel_regularizer=penalty))
        z = dense[-1](h)
        if norm == "batch":
            z = keras.layers.BatchNormalization(momentum=0.9)(z)
        if norm == "layer":
            z = keras.layers.LayerNormalization(epsilon=1e-3)(z)
        new = keras.layers.Activation(activation)(z)
        h = keras.layers.Add()([h, new]) if skip and layer else new
    dense.append(keras.layers.Dense(3, kernel_regularizer=penalty))
    model = keras.Model(inputs, keras.layers.Softmax()(dense[-1](h)))
    for number, layer in enumerate(dense):
        rows, columns = layer.kernel.shape
        layer.kernel.assign(table(0, number, rows, columns) * np.sqrt(6 / (rows + columns)))
    optimizer = keras.optimizers.SGD(rate, momentum=0.8, weight_decay=decay or None)
    model.compile(optimizer, "sparse_categorical_crossentropy", run_eagerly=True)
    own = np.flatnonzero(part == 0)[subset(0, 90)[:size]]
    for order in orders(0, range(2), size):
        for start in range(0, size, 32):
            rows = own[order[start : start + 32]]
            model.train_on_batch(x[rows], y[rows])
    return np.asarray(model.predict_on_batch(x[part == 2]))


SGD = {"optimizer": "sgd", "momentum": 0.8, "learning_rate": 0.1, "quantities": ["predictions"]}


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ({}, {}),
        ({"network": {"activation": "tanh", "width": 40}}, {"activation": "tanh", "width": 40}),
        ({"network": {"layers": 3, "skip": True}}, {"layers": 3, "skip": True}),
        ({"network": {"normalisation": "batch"}}, {"norm": "batch"}),
        ({"network": {"normalisation": "layer"}}, {"norm": "layer"}),
        ({"l2": 0.05}, {"l2": 0.05}),
        ({"weight_decay": 0.5}, {"decay": 0.5}),
        ({"data": {"subset": 0.5}}, {"size": 45}),
        ({"data": {"size": 40}}, {"size": 40}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # of Keras, that it runs eagerly
def test_a_training_is_that_of_keras(stepwise, made, blobs, settings, same):
    mine = made(**{**SGD, **settings})["predictions"]
    np.testing.assert_allclose(mine, reference(blobs, **same), atol=2e-5)


def test_the_learning_rate_decays_from_epoch_to_epoch(stepwise, made):
    first, halved = (
        made(**{**SGD, "decay": decay, "quantities": ["train_loss_curve"]})["train_loss_curve"] for decay in (1.0, 1e-9)
    )
    assert first[0] == halved[0]
    stopped = made(**{**SGD, "decay": 1e-9, "momentum": 0.0, "epochs": 3, "quantities": ["validation_loss_curve"]})
    assert np.ptp(stopped["validation_loss_curve"]) < 1e-6


def test_dropout_drops_its_share_and_keeps_the_mean():
    from keras import ops

    from dnnsa.training.layers import _dropped
    from dnnsa.training.seeds import words

    backend.start()
    key = tuple(map(ops.convert_to_tensor, words(1)))
    dropped = ops.convert_to_numpy(_dropped(ops.ones((200, 200)), np.float32(0.3), key))
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(dropped[dropped > 0], 1 / 0.7, rtol=1e-6)


def test_dropout_acts_while_training_and_by_the_seed(stepwise, made):
    found = [
        made(**SGD, network={"dropout": share}, seed=seed)["predictions"]
        for share, seed in ((0, 0), (0.5, 0), (0.5, 0))
    ]
    assert (found[0] != found[1]).any()
    np.testing.assert_array_equal(found[1], found[2])


def test_a_convolution_is_that_of_keras(stepwise, blobs):
    import keras
    from keras import ops

    from dnnsa.training.layers import Architecture, Shape, forward, initial

    shape = Shape("cnn", (6, 6, 1), 3, 2, 32, "none", False, False, 3)
    weights, _ = initial(shape, 4, "glorot", 5)
    mask = (np.arange(32) < 4).astype("float32")
    x = np.random.default_rng(0).normal(size=(7, 6, 6, 1)).astype("float32")
    mine, _ = forward(shape, weights, (), Architecture(mask, np.float32(4), np.int32(0), np.float32(0)), x)
    h = x
    for layer in range(2):
        conv = keras.layers.Conv2D(4, 3, padding="same", activation="relu")
        conv.build(h.shape)
        conv.kernel.assign(weights[layer].kernel[:, :, : h.shape[-1], :4])
        h = keras.layers.MaxPooling2D(2, padding="same")(conv(h))
    theirs = ops.matmul(ops.mean(h, axis=(1, 2)), weights[2].kernel[:4])
    np.testing.assert_allclose(ops.convert_to_numpy(mine), ops.convert_to_numpy(theirs), atol=1e-5)
    assert np.abs(weights[1].kernel[:, :, :4, :4]).max() <= np.sqrt(6 / (9 * 8))
