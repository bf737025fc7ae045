"""Random words are addressed by number, one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dnnsa.designs.counter import words


@given(st.integers(0, 2**40), st.integers(0, 20), st.integers(0, 20))
def test_a_word_depends_on_its_number_alone(start, before, size):
    np.testing.assert_array_equal(words(3, 1, start + before, size), words(3, 1, start, before + size)[before:])


def test_words_are_philoxs():
    """The first words of NumPy's own stream, so that the counter starts where it should."""
    stream = np.random.Philox(key=np.array([7, 2], dtype=np.uint64))
    np.testing.assert_array_equal(words(7, 2, 0, 10), stream.random_raw(10))


def test_a_seed_and_a_replicate_are_not_exchangeable():
    keys = [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert len({words(*key, 0, 8).tobytes() for key in keys}) == 4
