"""Random numbers are a function of key and counter, whatever the batch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from scipy import stats

from dnnsa.models import backend
from dnnsa.threefry import normals, threefry, uniforms

WAYS = {
    "eagerly": lambda function: function,
    "in a graph": tf.function,
    "by XLA": lambda function: tf.function(function, jit_compile=True),
}
Way = Callable[[Any], Any]


def words(*values: int) -> tuple[Any, ...]:
    return tuple(ops.convert_to_tensor(np.array([value], dtype=np.uint32)) for value in values)


def drawn(seed: Any, stream: Any, count: int, way: Way = tf.function) -> Any:
    function = way(lambda seed, stream: normals(seed, stream, count))
    return ops.convert_to_numpy(function(ops.convert_to_tensor(seed), ops.convert_to_tensor(stream)))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(  # Random123 1.14.0, tests/kat_vectors, threefry2x32 with 20 rounds
    ("counter", "key", "expected"),
    [
        ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
    ids=["zeros", "ones", "digits of pi"],
)
def test_the_bits_are_those_of_random123(
    way: Way, counter: tuple[int, int], key: tuple[int, int], expected: tuple[int, int]
) -> None:
    bits = way(lambda *given: threefry(given[:2], given[2:]))(*words(*key, *counter))
    assert tuple(int(ops.convert_to_numpy(word)[0]) for word in bits) == expected


SEED = np.arange(-50, 50, dtype=np.int64) * 7919
STREAM = (np.arange(100) % 16).astype(np.int32)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("count", [1, 7, 49, 64])
def test_the_numbers_do_not_depend_on_the_batch(way: Way, count: int) -> None:
    together = drawn(SEED, STREAM, count, way)
    for size in (1, 3, 37):
        piece = slice(size, 2 * size)
        np.testing.assert_array_equal(drawn(SEED[piece], STREAM[piece], count, way), together[piece])
    np.testing.assert_array_equal(drawn(SEED[::-1].copy(), STREAM[::-1].copy(), count, way), together[::-1])


def test_the_first_numbers_of_a_row_do_not_depend_on_how_many_are_drawn_from_whole_registers() -> None:
    np.testing.assert_array_equal(drawn(SEED, STREAM, 7)[:, :7], drawn(SEED, STREAM, 16)[:, :7])


def test_the_numbers_are_standard_normal() -> None:
    z = drawn(np.zeros(1000, np.int64), np.arange(1000, dtype=np.int32), 100).ravel()  # 100,000: standard error 0.0032
    assert abs(z.mean()) < 0.01
    assert abs(z.var() - 1) < 0.015
    assert stats.kstest(z, "norm").pvalue > 0.001
    assert np.isfinite(z).all()
    assert np.abs(z).max() < 5.9


def test_neighbouring_columns_and_rows_are_not_correlated() -> None:
    z = drawn(np.arange(2000, dtype=np.int64), np.zeros(2000, np.int32), 64)
    limit = 5 / np.sqrt(z.size)  # five standard errors
    assert abs((z[:, 1:] * z[:, :-1]).mean()) < limit
    assert abs((z[1:] * z[:-1]).mean()) < limit
    assert abs((z[:, :32] * z[:, 32:]).mean()) < limit  # the two numbers of a pair


def test_every_seed_and_every_stream_has_numbers_of_its_own() -> None:
    seeds = np.array([0, 1, -1, 2**31, 2**32, 2**32 + 1, 2**62, -(2**63)], dtype=np.int64)
    by_seed = drawn(seeds, np.zeros(8, np.int32), 16)
    by_stream = drawn(np.zeros(8, np.int64), np.arange(8, dtype=np.int32), 16)
    assert len(np.unique(by_seed[:, 0])) == 8
    assert len(np.unique(by_stream[:, 0])) == 8


def test_a_seed_of_32_bits_gives_the_numbers_of_the_same_seed_of_64() -> None:
    seeds = np.array([0, 1, -1, 2**31 - 1, -(2**31)])
    stream = np.zeros(5, np.int32)
    np.testing.assert_array_equal(drawn(seeds.astype(np.int32), stream, 16), drawn(seeds.astype(np.int64), stream, 16))


def test_a_large_batch_in_a_graph_draws_the_same_bits() -> None:
    """There XLA makes one loop of the rounds."""
    rows = 2**12
    seed, stream = (
        ops.convert_to_tensor(np.arange(rows) - 7),
        ops.convert_to_tensor(np.arange(rows, dtype=np.int32) % 5),
    )
    for draw, count in ((normals, 64), (uniforms, 70)):
        drawn = backend.compiled(lambda seed, stream, draw=draw, count=count: draw(seed, stream, count))(seed, stream)
        np.testing.assert_array_equal(ops.convert_to_numpy(drawn), ops.convert_to_numpy(draw(seed, stream, count)))
