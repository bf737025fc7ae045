"""Noise is a function of its seed and of the case, scaled by its amplitude."""

import itertools
from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import stats

from dnnsa.errors import ModelError
from dnnsa.perturb import GaussianNoise, ImpulseNoise, ShotNoise

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


def of_one(part: ShotNoise | ImpulseNoise, inputs: Any, case: Any = CASE, **values: Any) -> Any:
    tensors = {name: ops.convert_to_tensor(array) for name, array in values.items()}
    return ops.convert_to_numpy(part.apply(ops.convert_to_tensor(inputs), tensors, ops.convert_to_tensor(case)))


def test_shot_noise_is_gaussian_noise_times_the_root_of_the_signal() -> None:
    signal = np.random.default_rng(0).random(ZEROS.shape, dtype=np.float32)
    signal[:, 0] = 0
    seed, amplitude = np.arange(ROWS), np.linspace(0, 0.3, ROWS)
    result = of_one(ShotNoise(amplitude="amplitude", seed="seed"), signal, amplitude=amplitude, seed=seed)
    expected = signal + amplitude[:, None, None, None] * np.sqrt(signal) * noise(seed)
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_shot_noise_has_the_variance_of_counted_photons() -> None:
    photons = np.full((ROWS, 20, 20, 1), 400, np.float32)
    result = of_one(ShotNoise(amplitude=1.0, seed="seed"), photons, seed=np.arange(ROWS))  # 80000 numbers
    assert abs(result.mean() - 400) < 0.3
    assert abs(result.var() / 400 - 1) < 0.02  # 4 standard errors


def test_shot_noise_of_a_negative_value_or_amplitude_is_a_failed_run() -> None:
    inputs = np.full((4, 3), 0.5, np.float32)
    inputs[1:3, 1] = -0.1
    amplitude = np.array([0.1, 0.1, 0.0, -0.1])
    result = of_one(ShotNoise(amplitude="amplitude", seed=1), inputs, CASE[:4], amplitude=amplitude)
    assert np.isnan(result).tolist() == [[False] * 3, [False, True, False], [False] * 3, [True] * 3]


def test_impulse_noise_replaces_its_share_by_salt_and_by_pepper() -> None:
    grey = np.full((ROWS, 20, 20, 1), 0.5, np.float32)
    result = of_one(ImpulseNoise(share=0.2, seed="seed", low=-1.0), grey, seed=np.arange(ROWS))  # 80000 numbers
    assert set(np.unique(result)) == {-1.0, 0.5, 1.0}
    assert abs((result == -1).mean() - 0.1) < 0.005  # 5 standard errors
    assert abs((result == 1).mean() - 0.1) < 0.005
    assert len(np.unique(result.reshape(ROWS, -1), axis=0)) == ROWS


def test_more_impulse_noise_of_a_seed_keeps_what_less_has_replaced() -> None:
    grey = np.full((5, 20, 20, 1), 0.5, np.float32)
    share = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    result = of_one(ImpulseNoise(share="share", seed=4), grey, np.zeros(5, np.int32), share=share)
    for less, more in itertools.pairwise(result):
        replaced = less != 0.5
        np.testing.assert_array_equal(less[replaced], more[replaced])
    np.testing.assert_array_equal(result[0], grey[0])
    assert (result[4] != 0.5).all()


def test_a_share_outside_of_0_to_1_is_a_failed_run() -> None:
    inputs = np.full((4, 3), 0.5, np.float32)
    share = np.array([-0.1, 1.1, np.nan, 0.5])
    result = of_one(ImpulseNoise(share="share", seed=4), inputs, CASE[:4], share=share)
    assert np.isnan(result).all(axis=1).tolist() == [True, True, True, False]
    with pytest.raises(ValueError) as error:  # noqa: PT011
        ImpulseNoise(share=-0.1, seed=1)
    assert str(error.value) == "`share` must be from 0 to 1, got -0.1"
    with pytest.raises(ValueError) as error:  # noqa: PT011
        ShotNoise(amplitude=1.0, seed=2**63)
    assert str(error.value) == f"`seed` must be a 64-bit integer, from -2**63 to 2**63 - 1, got {2**63}"
