"""Train a small network on scikit-learn's digits and keep held-out images beside it: seconds on two cores.

Writes ``digits.keras`` and ``heldout.npz`` beside this file; ``study.yaml`` reads both.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

ACCURACY = 0.97  # the least that the study's network must reach on images that it was not trained on
EPOCHS = 12
HERE = Path(__file__).parent
WRITTEN = ("digits.keras", "heldout.npz")


def network() -> keras.Model:
    """Two convolutions and two dense layers: 8 x 8 grey levels in [0, 1] to ten probabilities."""
    return keras.Sequential(
        [
            keras.layers.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def shifted(images: np.ndarray) -> np.ndarray:
    """The images (n, 8, 8, 1) and their copies one pixel to each side, (3 n, 8, 8, 1)."""
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (0, 0)))
    return np.concatenate([images, padded[:, :, :-2], padded[:, :, 2:]])


def main() -> int:
    """Train once, save, and refuse a network that is not worth studying."""
    if all((HERE / name).exists() for name in WRITTEN):
        print(f"{' and '.join(WRITTEN)} are here already: delete them to train again")
        return 0
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    digits = load_digits()
    images = (digits.images[..., None] / 16).astype("float32")  # (1797, 8, 8, 1)
    labels = digits.target.astype("int64")
    split = train_test_split(images, labels, test_size=0.25, random_state=0, stratify=labels)
    train_images, test_images, train_labels, test_labels = split

    model = network()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(shifted(train_images), np.tile(train_labels, 3), batch_size=64, epochs=EPOCHS, verbose=0)
    accuracy = model.evaluate(test_images, test_labels, verbose=0, return_dict=True)["accuracy"]
    print(f"test accuracy {accuracy:.4f} on {len(test_labels)} held-out images")
    if accuracy <= ACCURACY:
        print(f"train.py: test accuracy must be above {ACCURACY}, got {accuracy:.4f}: nothing saved.", file=sys.stderr)
        return 1
    model.save(HERE / "digits.keras")
    np.savez(HERE / "heldout.npz", inputs=test_images, labels=test_labels)
    print(f"wrote {HERE / 'digits.keras'} and {HERE / 'heldout.npz'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
