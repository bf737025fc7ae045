"""Random numbers of a training, each a function of its seed, its purpose and its place, and of nothing else."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.arrays import Tensor
from dnnsa.threefry import PARITY, ROTATIONS, threefry

Key = tuple[Tensor, Tensor]  # two words of 32 bits
INITIAL, ORDER, DROPOUT = range(3)  # what numbers are for


def words(seed: int) -> NDArray[np.uint32]:
    """Low and high 32 bits of a seed, ``(2,)``."""
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], dtype=np.uint32)


def derived(key: Key, purpose: int, number: Tensor) -> Key:
    """A key of its own for each number of a purpose, such as an epoch."""
    from keras import ops

    return threefry(key, (_word(purpose), ops.cast(number, "uint32")))


def uniforms(key: Key, rows: int, columns: int) -> Tensor:
    """Uniform numbers of the open unit interval, ``(rows, columns)`` float32: functions of key, row and column."""
    from keras import ops

    row = ops.cast(ops.arange(rows, dtype="int32"), "uint32")[:, None]
    column = ops.cast(ops.arange(columns, dtype="int32"), "uint32")[None, :]
    bits = ops.bitwise_right_shift(threefry(key, (column, row))[0], _word(9))
    return (ops.cast(bits, "float32") + 0.5) * 2.0**-23


# on the host, before a training ---------------------------------------------------------------------------------------


def orders(seed: int, epochs: range, size: int) -> NDArray[np.int32]:
    """The numbers below ``size`` in the random order of each epoch, ``(epochs, size)``."""
    low, high = on_host(words(seed), (np.array([ORDER]), np.array(epochs)))  # (epochs,) each
    place = np.arange(size, dtype=np.uint32)
    bits = on_host((low[:, None], high[:, None]), (place[None, :], np.zeros((1, 1), np.uint32)))[0]
    return np.argsort(bits, axis=1, kind="stable").astype(np.int32)


def table(seed: int, layer: int, rows: int, columns: int) -> NDArray[np.float32]:
    """The initial kernel of a layer, as numbers of (-1, 1): those of a smaller one are a corner of a larger one's."""
    key = on_host(words(seed), (np.array([INITIAL]), np.array([layer])))
    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    bits = on_host(key, (column, row))[0] >> np.uint32(9)  # (rows, columns)
    return (bits.astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-22) - np.float32(1)


def on_host(key: Any, counter: Any) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """`dnnsa.threefry.threefry` of NumPy's arrays: a thousandth of the time for a few numbers."""
    low, high = (np.atleast_1d(np.asarray(word).astype(np.uint32)) for word in key)
    x, y = (np.atleast_1d(np.asarray(word).astype(np.uint32)) for word in counter)
    keys = (low, high, low ^ high ^ np.uint32(PARITY))
    x, y = x + keys[0], y + keys[1]
    for group in range(5):
        for bits in ROTATIONS[group % 2]:
            x = x + y
            y = ((y << np.uint32(bits)) | (y >> np.uint32(32 - bits))) ^ x
        x = x + keys[(group + 1) % 3]
        y = y + (keys[(group + 2) % 3] + np.uint32(group + 1))
    return x, y


def _word(value: int) -> Tensor:
    from keras import ops

    return ops.cast(value, "uint32")
