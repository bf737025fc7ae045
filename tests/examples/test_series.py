"""The series example: index maps over the time of a forecast, and the physics in them."""

import numpy as np
import pytest

import dnnsa
from dnnsa.errors import StudyError
from dnnsa.reading import read_file
from dnnsa.view.progress import Quiet

CASES, FUTURE = 8, 48


def run(example, client, store, name):
    parts = read_file(example("series") / f"{name}.yaml", StudyError)
    parts["design"]["base_points"] = 256
    study = dnnsa.Study(directory=example("series"), **parts)
    return dnnsa.run(study, client, store, reporter=Quiet())


@pytest.fixture(scope="module")
def faults(example, client, tmp_path_factory):
    return run(example, client, tmp_path_factory.mktemp("series") / "faults.zarr", "study")["forecast"]


@pytest.fixture(scope="module")
def swings(example):
    """What is seen and what follows, ``(case, step)`` each, in rad."""
    with np.load(example("series") / "heldout.npz") as file:
        return file["inputs"][:CASES, :, 0], file["targets"][:CASES]


def amount(faults, factor):
    """What a fault does to each step, in rad squared: ``(case, step)``."""
    return (faults["ST"] * faults["variance"]).sel(factor=factor).values


def together(left, right):
    return [np.corrcoef(a, b)[0, 1] for a, b in zip(left, right, strict=True)]


def test_there_is_a_map_over_the_time_of_the_forecast(faults):
    assert dict(faults["ST"].sizes) == {"factor": 5, "case": CASES, "step": FUTURE}
    assert faults["factor"].values.tolist() == ["offset", "gain", "delay", "noise", "gap"]


def test_the_pendulum_of_the_data_keeps_no_energy_and_swings_in_two_seconds(swings):
    angles = np.concatenate(swings, axis=1)  # (case, 112)
    narrow = angles[np.abs(angles).max(axis=1).argmin()]
    down = np.flatnonzero((narrow[:-1] > 0) & (narrow[1:] <= 0))
    assert np.diff(down).mean() * 0.1 == pytest.approx(2, rel=0.05)
    assert (np.abs(angles[:, :32]).max(axis=1) > np.abs(angles[:, -32:]).max(axis=1)).all()


def test_a_delay_spoils_a_forecast_where_the_pendulum_is_fast(faults, swings):
    speed = np.gradient(swings[1], axis=1)
    assert min(together(amount(faults, "delay"), speed**2)) > 0.75


def test_a_wrong_gain_is_a_wrong_angle_and_of_a_wide_swing_a_wrong_period(faults, swings):
    seen, targets = swings
    width = np.abs(seen).max(axis=1)
    narrow, wide = width.argmin(), width.argmax()
    gain = amount(faults, "gain")
    assert together(gain, targets**2)[narrow] > 0.6
    growth = gain[:, -16:].mean(axis=1) / gain[:, :16].mean(axis=1)
    assert growth[narrow] < 1 < growth[wide]


def test_the_forecast_hangs_on_the_last_windows_of_the_past(example, client, tmp_path):
    windows = run(example, client, tmp_path / "windows.zarr", "windows")["forecast"]
    assert windows["factor"].values.tolist() == [f"window_{k}" for k in range(8)]
    total = windows["ST_aggregated"].values
    assert total[4:].sum() > 2 * total[:4].sum()
