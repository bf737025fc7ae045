"""What peer.yaml runs: the trainings of study.yaml by scikit-learn's MLPClassifier, which has two of the optimizers."""

import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

EPOCHS = 20
TRAINING, TEST = 1079, 359
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}

with np.load(Path(__file__).with_name("digits.npz")) as file:
    order = np.random.default_rng(0).permutation(len(file["labels"]))
    inputs, labels = file["inputs"].reshape(len(order), -1)[order], file["labels"][order]


def error(learning_rate, width, l2, batch_size, activation, optimizer, momentum, seed):
    """Of the test data, (runs,), from settings (runs,) each.

    To the loss of a batch Keras adds l2 |W|^2, and scikit-learn alpha |W|^2 / (2 batch_size).
    """
    found = []
    for run, batch in enumerate(batch_size.astype(int).tolist()):
        model = MLPClassifier(
            (int(width[run]),),
            activation=ACTIVATIONS[activation[run]],
            solver=optimizer[run],
            alpha=2 * batch * l2[run],
            batch_size=batch,
            learning_rate_init=learning_rate[run],
            momentum=np.nan_to_num(momentum[run]),  # adam has none
            nesterovs_momentum=False,
            max_iter=EPOCHS,
            n_iter_no_change=EPOCHS,
            random_state=int(seed[run]),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(inputs[:TRAINING], labels[:TRAINING])
        found.append(1 - model.score(inputs[-TEST:], labels[-TEST:]))
    return np.array(found)
