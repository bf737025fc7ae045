"""Train a small network on scikit-learn's breast cancer table and keep held-out patients beside it: seconds.

Writes ``cancer.keras`` and ``heldout.npz`` beside this file. The table has ten measurements of the nuclei in the image
of a tumour, each as the mean over the nuclei, its standard error and its worst value: 30 features. Class 0 is
malignant.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

ACCURACY = 0.94  # the least that the network must reach on patients that it was not trained on
HERE = Path(__file__).parent
WRITTEN = ("cancer.keras", "heldout.npz")


def network(features: np.ndarray) -> keras.Model:
    """Features ``(batch, 30)`` as they were measured to two logits; it knows the mean and spread of each."""
    normal = keras.layers.Normalization()
    normal.adapt(features)
    return keras.Sequential(
        [
            keras.layers.Input((features.shape[1],)),
            normal,
            keras.layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
            keras.layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.01)),
        ]
    )


def main() -> int:
    """Train once, save, and refuse a network that is not worth studying."""
    if all((HERE / name).exists() for name in WRITTEN):
        print(f"{' and '.join(WRITTEN)} are here already: delete them to train again")
        return 0
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    table = load_breast_cancer()
    features, labels = table.data.astype("float32"), table.target.astype("int64")
    split = train_test_split(features, labels, test_size=0.25, random_state=0, stratify=labels)
    train_features, test_features, train_labels, test_labels = split

    model = network(train_features)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(5e-3), loss, metrics=["accuracy"])
    model.fit(train_features, train_labels, batch_size=32, epochs=40, verbose=0)
    accuracy = model.evaluate(test_features, test_labels, verbose=0, return_dict=True)["accuracy"]
    print(f"test accuracy {accuracy:.4f} on {len(test_labels)} held-out patients")
    if accuracy <= ACCURACY:
        print(f"train.py: test accuracy must be above {ACCURACY}, got {accuracy:.4f}: nothing saved.", file=sys.stderr)
        return 1
    model.save(HERE / "cancer.keras")
    np.savez(HERE / "heldout.npz", inputs=test_features, labels=test_labels, names=table.feature_names.astype(str))
    print(f"wrote {HERE / 'cancer.keras'} and {HERE / 'heldout.npz'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
