"""Series against NumPy: which steps are lost, and what stands between two steps."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from dnnsa.perturb import DropoutSegment, TimeShift, Warp

SERIES = np.random.default_rng(0).random((5, 8, 2), dtype=np.float32)


def changed(part: Any, **values: Any) -> Any:
    tensors = {name: ops.convert_to_tensor(np.asarray(array, np.float32)) for name, array in values.items()}
    return ops.convert_to_numpy(part.apply(ops.convert_to_tensor(SERIES), tensors, None))


@pytest.mark.parametrize("fill", ["zero", "mean"])
def test_the_steps_of_the_stretch_are_filled(fill: Any) -> None:
    start, length = [0, 0.25, 0.9, 0.32, 0], [0.25, 0.5, 1, 0.05, 1]
    lost = [slice(0, 2), slice(2, 6), slice(7, 8), slice(0, 0), slice(0, 8)]  # middles are 1/16, 3/16, ..., 15/16
    expected = SERIES.copy()
    for row, steps in enumerate(lost):
        expected[row, steps] = 0 if fill == "zero" else SERIES[row].mean(axis=0)
    part = DropoutSegment(start="start", length="length", fill=fill)
    np.testing.assert_allclose(changed(part, start=start, length=length), expected, rtol=1e-6)


@pytest.mark.parametrize(("start", "length"), [(-0.1, 0.5), (1.1, 0.5), (0, -0.1), (0, 1.1), (np.nan, 0), (0, np.nan)])
def test_what_is_no_share_is_nan(start: float, length: float) -> None:
    part = DropoutSegment(start="start", length="length")
    assert np.isnan(changed(part, start=[start] * 5, length=[length] * 5)).all()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_constant_share_is_from_0_to_1(share: float) -> None:
    with pytest.raises(ValueError, match="`start` must be from 0 to 1"):
        DropoutSegment(start=share, length=0.5)
    with pytest.raises(ValueError, match="`length` must be from 0 to 1"):
        DropoutSegment(start=0.5, length=share)


@pytest.mark.parametrize(("fill", "mode"), [("zero", "constant"), ("edge", "edge")])
def test_a_shift_interpolates_as_numpy_does(fill: Any, mode: Any) -> None:
    steps = [0.5, -1.25, 3, 7.75, -100]
    padded = np.pad(SERIES.astype(np.float64), ((0, 0), (1, 1), (0, 0)), mode)  # one step before and one after
    expected = np.empty_like(SERIES)
    for row, channel in np.ndindex(5, 2):
        times = np.arange(8) - steps[row]
        expected[row, :, channel] = np.interp(times, np.arange(-1, 9), padded[row, :, channel])
    np.testing.assert_allclose(changed(TimeShift(steps="steps", fill=fill), steps=steps), expected, atol=1e-6)


def test_no_shift_is_nan_and_an_endless_one_is_all_filled() -> None:
    endless = [1e30, -1e30, np.inf, -np.inf, 9]
    ends = SERIES[range(5), [0, -1, 0, -1, 0]]  # (rows, channels)
    for fill in ("zero", "edge"):
        part = TimeShift(steps="steps", fill=fill)
        assert np.isnan(changed(part, steps=[np.nan] * 5)).all()
        expected = np.zeros_like(SERIES) if fill == "zero" else np.broadcast_to(ends[:, None], SERIES.shape)
        np.testing.assert_array_equal(changed(part, steps=endless), expected)


def warped(series: Any, amplitude: Any, sd: Any, seed: Any) -> Any:
    named = {"amplitude": amplitude, "sd": sd}
    values = {name: ops.convert_to_tensor(np.broadcast_to(v, len(series)).astype(float)) for name, v in named.items()}
    values["seed"] = ops.convert_to_tensor(seed)
    case = ops.convert_to_tensor(np.zeros(len(series), np.int32))
    part = Warp(amplitude="amplitude", sd="sd", seed="seed")
    return ops.convert_to_numpy(part.apply(ops.convert_to_tensor(series), values, case))


def test_warped_time_runs_forward_from_the_first_step_to_the_last() -> None:
    time = np.broadcast_to(np.arange(30.0)[None, :, None], (500, 30, 1))
    read = warped(time, np.linspace(0, 2, 500), 3.0, np.arange(500))[..., 0]
    np.testing.assert_array_equal(read[0], np.arange(30))
    np.testing.assert_allclose(read[:, [0, -1]], np.broadcast_to([0, 29], (500, 2)), atol=1e-12)
    assert (np.diff(read) > 0).all()


def test_the_amplitude_of_a_warp_is_the_spread_of_the_logarithm_of_its_speed() -> None:
    time = np.broadcast_to(np.arange(30.0)[None, :, None], (2000, 30, 1))
    for sd in (0.0, 2.0):
        log_speed = np.log(np.diff(warped(time, 0.2, sd, np.arange(2000))[..., 0]))
        differences = log_speed[:, 5] - log_speed[:, 20]  # free of the constant that keeps the length
        assert differences.std() == pytest.approx(0.2 * np.sqrt(2), rel=0.07)  # 4.4 standard errors


def test_all_channels_are_read_at_the_same_warped_times_as_numpy_does() -> None:
    series = np.random.default_rng(1).normal(size=(40, 30, 3))
    series[:, :, 0] = np.arange(30)
    result = warped(series, 0.8, 2.0, np.arange(40))
    for row, channel in np.ndindex(40, 3):
        expected = np.interp(result[row, :, 0], np.arange(30), series[row, :, channel])
        np.testing.assert_allclose(result[row, :, channel], expected, atol=1e-10)


def test_a_warp_without_a_meaning_is_nan_and_a_series_of_one_step_is_left_alone() -> None:
    assert np.isnan(warped(SERIES[:3], [-0.1, 1, np.nan], [1, -0.1, 1], np.arange(3))).all()
    np.testing.assert_array_equal(warped(SERIES[:, :1], 1.0, 1.0, np.arange(5)), SERIES[:, :1])
    for settings in ({"amplitude": -1.0, "sd": 1.0}, {"amplitude": 1.0, "sd": -1.0}):
        with pytest.raises(ValueError, match="must be 0 or more, got -1"):
            Warp(**settings, seed=0)  # type: ignore[arg-type]
