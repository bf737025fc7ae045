"""The fold of pick-freeze runs where a framework has their outputs: the same sums, with no run moved to the host."""

from typing import Any

import tensorflow as tf

NAMES = ("n", "mean", "m2", "c_ae", "c_be", "c_ab")  # of `dnnsa.estimators.fold.Sums`


@tf.function(jit_compile=True)
def on_device(y: Any) -> list[Any]:
    """All sums of first order, as `NAMES`, of outputs ``(n, runs, cells)``; base points with bad ones are left out."""
    y = tf.cast(y, tf.float64)  # (n, runs, cells)
    good = tf.reduce_all(tf.math.is_finite(y), axis=1)[:, None]
    n = tf.reduce_sum(tf.cast(good, tf.float64), axis=0)  # (1, cells)
    divisor, zero = tf.maximum(n, 1.0), tf.zeros_like(y)
    m = tf.reduce_sum(tf.where(good, y, zero), axis=0) / divisor
    d = tf.where(good, y - m, zero)
    e = tf.reduce_sum(d, axis=0)
    a, b = d[:, :1], d[:, 1:2]
    return [
        n[0],
        m,
        tf.reduce_sum(d * d, axis=0) - e * e / divisor,
        tf.reduce_sum(a * d[:, 2:], axis=0) - e[0] * e[2:] / divisor,
        tf.reduce_sum(b * d[:, 2:], axis=0) - e[1] * e[2:] / divisor,
        tf.reduce_sum(a * b, axis=0)[0] - e[0] * e[1] / divisor[0],
    ]
