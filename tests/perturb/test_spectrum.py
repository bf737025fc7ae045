"""A band of frequencies against NumPy's Fourier transform, and sines that are in it or not."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from dnnsa.perturb import Band

PART = Band(gain="gain", low="low", high="high")
SERIES = np.random.default_rng(0).normal(size=(5, 12, 2))


def changed(series: Any, gain: Any, low: Any, high: Any) -> Any:
    named = {"gain": gain, "low": low, "high": high}
    values = {name: ops.convert_to_tensor(np.broadcast_to(v, len(series)).astype(float)) for name, v in named.items()}
    return ops.convert_to_numpy(PART.apply(ops.convert_to_tensor(series), values, None))


@pytest.mark.parametrize("steps", [1, 2, 11, 12])
def test_a_band_is_numpy_s_spectrum_multiplied_by_its_share_of_each_frequency(steps: int) -> None:
    series = SERIES[:, :steps]
    gain, low, high = [0, 0.5, 2, -1, 1.5], [0, 0.1, 0.13, 0.2, 0.45], [0.5, 0.3, 0.15, 0.5, 0.5]
    result = changed(series, gain, low, high)
    for row in range(5):
        factor = np.ones(steps // 2 + 1)
        for k in range(len(factor)):
            left, right = max((k - 0.5) / steps, 0), min((k + 0.5) / steps, 0.5)
            inside = max(min(right, high[row]) - max(left, low[row]), 0) / (right - left)
            factor[k] += (gain[row] - 1) * inside
        expected = np.fft.irfft(np.fft.rfft(series[row], axis=0) * factor[:, None], n=steps, axis=0)
        np.testing.assert_allclose(result[row], expected, atol=1e-12)


def test_the_band_of_all_frequencies_is_the_whole_series() -> None:
    np.testing.assert_allclose(changed(SERIES, 3.0, 0, 0.5), 3 * SERIES, atol=1e-12)


def test_a_sine_is_multiplied_if_it_is_in_the_band_and_left_alone_if_not() -> None:
    time = np.arange(40)[None, :, None]
    slow, fast = np.sin(2 * np.pi * 0.05 * time), np.sin(2 * np.pi * 0.3 * time)
    np.testing.assert_allclose(changed(slow + fast, 0.25, 0.2, 0.5), slow + 0.25 * fast, atol=1e-12)


def test_a_band_without_a_meaning_is_nan() -> None:
    result = changed(SERIES, 0.5, [-0.1, 0.1, 0.3, np.nan, 0.2], [0.5, 0.6, 0.2, 0.5, 0.2])
    assert np.isnan(result[:4]).all()
    np.testing.assert_array_equal(result[4], SERIES[4])  # a band of no width


def test_constants_without_a_meaning_are_refused_at_once() -> None:
    for settings, message in (
        ({"low": -0.1}, "`low` must be from 0 to 0.5 cycles a step, got -0.1"),
        ({"high": 0.7}, "`high` must be from 0 to 0.5 cycles a step, got 0.7"),
        ({"low": 0.3, "high": 0.2}, "`low` must be below `high`, got low: 0.3 and high: 0.2"),
    ):
        with pytest.raises(ValueError) as error:  # noqa: PT011
            Band(gain=0.5, **settings)  # type: ignore[arg-type]
        assert str(error.value) == message
