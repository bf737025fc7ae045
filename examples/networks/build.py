"""Build two networks whose Sobol' indices are known exactly, to check what a study of them finds.

``linear_field.keras``: y = (x W1 + b1) W2 + b2, two linear Dense layers, five outputs. With J = (W1 W2)' and
independent inputs of standard deviation sd, S_i = ST_i = J_ki^2 sd_i^2 / sum_j J_kj^2 sd_j^2 for output k.

``quadratic.keras``: y = sum_k v_k (w_k . x + b_k)^2, a Dense layer, its square, a Dense layer. With Q = W diag(v) W',
l = 2 W (v b) and standard normal inputs, V_i = l_i^2 + 2 Q_ii^2, V_ij = 4 Q_ij^2, and nothing of higher order.

The weights are beside this file. Everything is float64.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

HERE = Path(__file__).parent


def dense(units: int, name: str) -> keras.layers.Layer:
    """A linear layer in float64."""
    return keras.layers.Dense(units, dtype="float64", name=name)


def linear_field(weights: dict[str, np.ndarray]) -> keras.Model:
    """Six inputs, five outputs."""
    x = keras.Input((6,), dtype="float64")
    first, second = dense(4, "first"), dense(5, "second")
    model = keras.Model(x, second(first(x)))
    first.set_weights([weights["W1"], weights["b1"]])
    second.set_weights([weights["W2"], weights["b2"]])
    return model


def quadratic(weights: dict[str, np.ndarray]) -> keras.Model:
    """Five inputs, one output; the square is a product, because a file holds layers and not Python functions."""
    x = keras.Input((5,), dtype="float64")
    first, last = dense(7, "first"), dense(1, "last")
    hidden = first(x)
    model = keras.Model(x, last(keras.layers.Multiply(dtype="float64")([hidden, hidden])))
    first.set_weights([weights["W"], weights["b"]])
    last.set_weights([weights["v"][:, None], np.zeros(1)])
    return model


def main() -> int:
    """Save both beside this file."""
    for build in (linear_field, quadratic):
        numbers = json.loads((HERE / f"{build.__name__}.json").read_text())
        path = HERE / f"{build.__name__}.keras"
        build({name: np.array(values) for name, values in numbers.items()}).save(path)
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
