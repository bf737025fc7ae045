"""Noise is a function of its seed and of the case, scaled by its amplitude."""

from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import stats

from dnnsa.errors import ModelError
from dnnsa.perturb import GaussianNoise

ROWS = 200
ZEROS = np.zeros((ROWS, 5, 7, 1), np.float32)
CASE = (np.arange(ROWS) % 4).astype(np.int32)


def noise(seed: Any, sd: Any = 1.0, case: Any = CASE, inputs: Any = ZEROS) -> Any:
    values = {"sd": ops.convert_to_tensor(np.broadcast_to(sd, len(inputs)).astype(np.float32))}
    part = GaussianNoise(sd="sd", seed="seed")
    tensors = values | {"seed": ops.convert_to_tensor(seed)}
    return ops.convert_to_numpy(part.apply(ops.convert_to_tensor(inputs), tensors, ops.convert_to_tensor(case)))


def test_one_seed_and_case_give_one_noise_at_every_amplitude() -> None:
    seed, sd = np.full(ROWS, 7), np.linspace(0, 2, ROWS)
    result = noise(seed, sd)
    expected = sd[:, None, None, None] * noise(seed)[CASE]
    np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_another_seed_or_another_case_gives_another_noise() -> None:
    by_seed, by_case = (
        noise(np.arange(ROWS), case=np.zeros(ROWS, np.int32)),
        noise(np.zeros(ROWS, np.int64), case=np.arange(ROWS, dtype=np.int32)),
    )
    for z in (by_seed, by_case):
        correlation = np.corrcoef(z.reshape(ROWS, -1)) - np.eye(ROWS)
        assert np.abs(correlation).max() < 0.9
        assert abs(correlation.mean()) < 0.01


def test_the_noise_is_normal() -> None:
    assert stats.kstest(noise(np.arange(ROWS)).ravel(), "norm").pvalue > 0.001


def test_the_noise_does_not_depend_on_the_batch() -> None:
    seed = np.arange(ROWS) * 13
    together = noise(seed)
    piece = slice(11, 14)
    np.testing.assert_array_equal(noise(seed[piece], case=CASE[piece], inputs=ZEROS[piece]), together[piece])


def test_an_amplitude_below_zero_is_a_failed_run() -> None:
    sd = np.ones(ROWS)
    sd[3] = -0.1
    result = noise(np.arange(ROWS), sd)
    assert np.isnan(result[3]).all()
    assert np.isfinite(np.delete(result, 3, axis=0)).all()


def test_a_seed_that_is_no_integer_is_refused() -> None:
    with pytest.raises(ModelError) as error:
        noise(np.linspace(0, 1, ROWS, dtype=np.float32))
    assert str(error.value) == ("seed: factor `seed` must give integers, got float32: make it `kind: integers`.")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sd": -1.0, "seed": 0}, "`sd` must be 0 or more, got -1"),
        ({"sd": 1.0, "seed": 2**63}, f"`seed` must be a 64-bit integer, from -2**63 to 2**63 - 1, got {2**63}"),
    ],
)
def test_constants_without_a_meaning_are_refused_at_once(settings: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        GaussianNoise(**settings)
    assert str(error.value) == message
