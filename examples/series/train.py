"""Train a small network to forecast a swinging pendulum, and keep held-out series beside it: seconds on two cores.

Writes ``pendulum.keras`` and ``heldout.npz`` beside this file. The pendulum is damped, and the farther it swings the
longer a swing takes: 2 s at small angles. The network sees 64 angles of 6.4 s and gives those of the 4.8 s after.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf

PAST, FUTURE, DT = 64, 48, 0.1  # steps, steps, s
OMEGA, DAMPING = np.pi, 0.1  # rad/s and 1/s
NOISE = 0.03  # rad, of the angles that the network is trained on
ERROR = 0.05  # rad, the most that the network may be off on series that it was not trained on
HERE = Path(__file__).parent
WRITTEN = ("pendulum.keras", "heldout.npz")


def swings(count: int, seed: int) -> np.ndarray:
    """Angles ``(count, PAST + FUTURE)`` in rad, of swings up to 2.5 rad, by Runge and Kutta's method."""
    random = np.random.default_rng(seed)
    state = np.stack([random.uniform(0.3, 2.5, count) * random.choice([-1, 1], count), np.zeros(count)])  # angle, speed

    def slope(state: np.ndarray) -> np.ndarray:
        return np.stack([state[1], -(OMEGA**2) * np.sin(state[0]) - DAMPING * state[1]])

    def step(state: np.ndarray, h: float) -> np.ndarray:
        a = slope(state)
        b = slope(state + h / 2 * a)
        c = slope(state + h / 2 * b)
        return state + h / 6 * (a + 2 * b + 2 * c + slope(state + h * c))

    first = random.uniform(0, 3, count)  # s, when it is first seen
    for _ in range(30):
        state = step(state, first / 30)
    angles = []
    for _ in range(PAST + FUTURE):
        angles.append(state[0])
        state = step(state, DT)
    return np.stack(angles, axis=1)


def parts(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the network sees, ``(count, PAST, 1)``, and what it should give, ``(count, FUTURE)``."""
    return angles[:, :PAST, None].astype("float32"), angles[:, PAST:].astype("float32")


def network() -> keras.Model:
    """Two convolutions and two dense layers: ``(batch, PAST, 1)`` to ``(batch, FUTURE)``."""
    return keras.Sequential(
        [
            keras.layers.Input((PAST, 1)),
            keras.layers.Conv1D(16, 5, activation="relu"),
            keras.layers.Conv1D(16, 5, strides=2, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(FUTURE),
        ]
    )


def main() -> int:
    """Train once, save, and refuse a network that is not worth studying."""
    if all((HERE / name).exists() for name in WRITTEN):
        print(f"{' and '.join(WRITTEN)} are here already: delete them to train again")
        return 0
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    past, future = parts(swings(5000, seed=1))
    noisy = past + np.random.default_rng(2).normal(0, NOISE, past.shape).astype("float32")
    model = network()
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 20 * len(past) // 64)
    model.compile(keras.optimizers.Adam(rate), "mse")
    model.fit(noisy, future, batch_size=64, epochs=20, verbose=0)

    held, targets = parts(swings(64, seed=3))
    error = float(np.sqrt(model.evaluate(held, targets, verbose=0)))
    print(f"error {error:.3f} rad on {len(held)} held-out series, of a spread of {targets.std():.2f} rad")
    if error >= ERROR:
        print(f"train.py: the error must be below {ERROR} rad, got {error:.3f}: nothing saved.", file=sys.stderr)
        return 1
    model.save(HERE / "pendulum.keras")
    np.savez(HERE / "heldout.npz", inputs=held, targets=targets)
    print(f"wrote {HERE / 'pendulum.keras'} and {HERE / 'heldout.npz'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
