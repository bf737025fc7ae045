"""Random numbers addressed by counter: the same bits for the same key and counter, in any batch, on any worker.

Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11), in
``keras.ops`` on unsigned 32-bit integers, whose sums wrap; PyTorch adds none, and Keras has its int64 in their place.
"""

import math
from collections.abc import Callable
from functools import cache

from dnnsa.arrays import Tensor

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))  # bits, in groups of four rounds, in turn
PARITY = 0x1BD11BDA  # third word of the key: this, xor the other two
_LANES = 16  # a width that no vector register exceeds
_MANY = 2**17  # pairs of numbers in a batch, from which on a third of a second for XLA comes back within a study


def threefry(key: tuple[Tensor, Tensor], counter: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Two words of random bits for each key and counter of two words: uint32 tensors that broadcast together."""
    from keras import ops

    words = (*key, ops.bitwise_xor(ops.bitwise_xor(key[0], key[1]), _word(PARITY)))
    x, y = _wrapped(counter[0] + words[0]), _wrapped(counter[1] + words[1])
    for group in range(5):
        for bits in ROTATIONS[group % 2]:
            x = _wrapped(x + y)
            y = ops.bitwise_xor(_rotated(y, bits), x)
        x = _wrapped(x + words[(group + 1) % 3])
        y = _wrapped(y + (words[(group + 2) % 3] + _word(group + 1)))
    return x, y


def uniforms(seed: Tensor, stream: Tensor, count: int) -> Tensor:
    """Uniform numbers of the open unit interval, (rows, count) float32, as `normals` are made.

    They are the middles of 2**23 equal parts: float32 holds no half beside a larger integer.
    """
    from keras import ops

    bits = ops.bitwise_right_shift(ops.concatenate(_draws(seed, stream, count), axis=1)[:, :count], _word(1))
    return (ops.cast(bits, "float32") + 0.5) * 2.0**-23


def normals(seed: Tensor, stream: Tensor, count: int) -> Tensor:
    """Standard normal numbers, (rows, count) float32: functions of the row's seed and stream and of the column.

    Box-Muller on 24-bit uniform numbers: the largest is 5.9.

    Parameters
    ----------
    seed
        (rows,) int32 or int64, of any sign: all 64 bits are told apart.
    stream
        (rows,) int32, 0 or more: such as the position of the case.
    count
        How many in a row.
    """
    from keras import ops

    u, v = (ops.cast(word, "float32") for word in _draws(seed, stream, count))  # below 2**24
    radius = ops.sqrt(-2.0 * ops.log((u + 0.5) * 2.0**-24))
    angle = v * (2 * math.pi * 2.0**-24)
    return ops.concatenate([radius * ops.cos(angle), radius * ops.sin(angle)], axis=1)[:, :count]


def _draws(seed: Tensor, stream: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Integers below 2**24, two of (rows, pairs) uint32, of which there are enough for ``count`` in a row."""
    # A tensor that is not a multiple of the vector register ends in scalar code, whose logarithm and cosine may differ
    # in the last bit: then a number would depend on its place in the batch.
    pairs = _LANES * math.ceil(count / (2 * _LANES))
    many = (seed.shape[0] or 0) * pairs >= _MANY
    return _in_one_loop()(seed, stream, pairs) if many and _in_a_graph_on_a_cpu() else _pairs(seed, stream, pairs)


def _in_a_graph_on_a_cpu() -> bool:
    """Whether TensorFlow is tracing for a CPU: each of two hundred operations would go through memory."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.executing_eagerly() and not tf.config.list_physical_devices("GPU")


@cache
def _in_one_loop() -> Callable[..., tuple[Tensor, Tensor]]:
    """`_pairs` compiled by XLA: integers, so the same bits, in an eighth of the time."""
    import tensorflow as tf

    return tf.function(_pairs, autograph=False, jit_compile=True)  # type: ignore[no-any-return]


def _pairs(seed: Tensor, stream: Tensor, pairs: int) -> tuple[Tensor, Tensor]:
    from keras import ops

    column = ops.cast(ops.arange(pairs, dtype="int32"), "uint32")[None, :]
    low, high = (word[:, None] for word in _words(seed))
    bits = threefry((low, high), (column, ops.cast(stream, "uint32")[:, None]))
    return ops.bitwise_right_shift(bits[0], _word(8)), ops.bitwise_right_shift(bits[1], _word(8))


def _words(seed: Tensor) -> tuple[Tensor, Tensor]:
    """Low and high 32 bits of signed integers, (rows,) uint32 each; an int32 gives the same words as the same int64."""
    from keras import ops

    if ops.dtype(seed) == "int32":
        return _wrapped(ops.cast(seed, "uint32")), _wrapped(ops.cast(ops.right_shift(seed, 31), "uint32"))
    low = ops.bitwise_and(seed, 0xFFFFFFFF)
    high = ops.bitwise_and(ops.right_shift(seed, 32), 0xFFFFFFFF)
    return ops.cast(low, "uint32"), ops.cast(high, "uint32")


def _word(value: int) -> Tensor:
    from keras import ops

    return ops.cast(value, "uint32")


def _rotated(x: Tensor, bits: int) -> Tensor:
    from keras import ops

    left = _wrapped(ops.bitwise_left_shift(x, _word(bits)))
    return ops.bitwise_or(left, ops.bitwise_right_shift(x, _word(32 - bits)))


def _wrapped(x: Tensor) -> Tensor:
    """The low 32 bits."""
    from keras import ops

    return x if ops.dtype(x) == "uint32" else ops.bitwise_and(x, 0xFFFFFFFF)
