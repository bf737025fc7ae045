"""Train three surrogates of the heat equation, from 25, 100 and 400 simulations, and keep them in one network.

Half a minute on two cores. Writes ``heat.keras`` and ``exact.npz`` beside this file. The latter holds what the
surrogates are compared with: the exact ``indices`` (factor, time, y, x) and standard deviation ``sd`` (time, y, x),
in K, of the equation, and the surrogates' root mean square errors ``rmse`` (surrogate, time, y, x), in K, on 1,000
simulations that none of them has seen.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from heat import NAMES, TIMES, N, exact_indices, solve
from scipy.stats import qmc

SIMULATIONS = (25, 100, 400)
PASSES = 100  # through 400 fields: those of few simulations are repeated
BATCH = 32
LOW, HIGH = 100.0, 500.0  # K
SD = (HIGH - LOW) / 12**0.5  # K, of a uniform input
HERE = Path(__file__).parent
WRITTEN = ("heat.keras", "exact.npz")


def surrogate(inputs: keras.KerasTensor, simulations: int) -> keras.KerasTensor:
    """Five temperatures to a field, in K: ``(batch, 5)`` to ``(batch, time, y, x)``."""
    hidden = keras.layers.Rescaling(1 / SD, -(LOW + HIGH) / 2 / SD)(inputs)
    for _ in range(2):
        hidden = keras.layers.Dense(64, activation="relu")(hidden)
    field = keras.layers.Dense(len(TIMES) * N * N)(hidden)
    field = keras.layers.Rescaling(SD, (LOW + HIGH) / 2)(field)
    return keras.layers.Reshape((len(TIMES), N, N), name=f"from_{simulations}")(field)


def simulated(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs ``(count, 5)`` of a Latin hypercube and their fields ``(count, time, y, x)``, in K."""
    inputs = LOW + (HIGH - LOW) * qmc.LatinHypercube(len(NAMES), rng=seed).random(count)
    return inputs.astype("float32"), solve(*inputs.T).astype("float32")


def main() -> int:
    """Train once, say how good each surrogate is on simulations that it has not seen, and save."""
    if all((HERE / name).exists() for name in WRITTEN):
        print(f"{' and '.join(WRITTEN)} are here already: delete them to train again")
        return 0
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    inputs = keras.layers.Input((len(NAMES),))
    fields = {simulations: surrogate(inputs, simulations) for simulations in SIMULATIONS}
    held_inputs, held_fields = simulated(1000, seed=1)
    errors = []
    for simulations, field in fields.items():
        repeats = SIMULATIONS[-1] // simulations
        x, y = (np.concatenate([array] * repeats) for array in simulated(simulations, seed=2))
        model = keras.Model(inputs, field)
        rate = keras.optimizers.schedules.CosineDecay(1e-2, PASSES * len(x) // BATCH)
        model.compile(keras.optimizers.Adam(rate), "mse")
        model.fit(x, y, batch_size=BATCH, epochs=PASSES, verbose=0)
        difference = keras.ops.convert_to_numpy(model(held_inputs)) - held_fields
        errors.append(np.sqrt(np.mean(difference**2, axis=0)))  # (time, y, x)
        whole = np.sqrt(np.mean(difference**2))
        print(f"{simulations:4d} simulations: error {whole:5.2f} K, {whole / held_fields.mean():.2%} of the mean")
    together = keras.layers.Concatenate(axis=1)(list(fields.values()))
    keras.Model(inputs, together).save(HERE / "heat.keras")
    sd = SD * np.sqrt((solve(*np.eye(len(NAMES))) ** 2).sum(axis=0))
    np.savez(HERE / "exact.npz", indices=exact_indices(), sd=sd, rmse=errors)
    print(f"wrote {HERE / 'heat.keras'} and {HERE / 'exact.npz'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
