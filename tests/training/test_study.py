"""A real study of trainings on two processes: killed, resumed, extended; each training is made once."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import LineCollection

import dnnsa
from dnnsa import store
from dnnsa.cluster import Local
from dnnsa.errors import Interrupted
from dnnsa.view.figures import plot, run_curves_figure
from dnnsa.view.progress import Quiet
from tests.test_rounds import Said
from tests.training.test_model import study
from tests.view.trees import printed


def made(path):
    """Which runs are there, ``(runs,)``: the state of a run is written last."""
    return store.run_states(path) != store.NOT_RUN


def began(path):
    return xr.open_zarr(path / "runs", consolidated=False)["began"].values


@pytest.mark.harm("People", "Trainings interrupted, resumed, and extended", "bits", "once", "kept")
def test_a_study_of_trainings_goes_on_after_an_interrupt_and_into_a_longer_one(client, blobs, tmp_path):
    small, large = study(blobs, base_points=4), study(blobs)
    with pytest.raises(Interrupted, match=r"interrupted: \d+ of 26 runs are kept"):
        dnnsa.run(small, client, tmp_path / "out.zarr", reporter=Said(at=12))
    there, kept = made(tmp_path / "out.zarr"), began(tmp_path / "out.zarr")
    results = dnnsa.run(small, client, tmp_path / "out.zarr", reporter=Quiet())
    done = began(tmp_path / "out.zarr")
    assert there.sum() >= 12
    np.testing.assert_array_equal(kept[there], done[there])
    assert results["error"]["ST"].sizes == {"factor": 5}
    assert results["validation_loss_curve"]["ST"].sizes == {"factor": 5, "epoch": 3}
    assert results["predictions"]["mean"].sizes == {"case": 30, "output": 3}
    extended = dnnsa.run(large, client, tmp_path / "out.zarr", reporter=Quiet())
    np.testing.assert_array_equal(began(tmp_path / "out.zarr")[: len(done)], done)
    whole = dnnsa.run(study(blobs), client, tmp_path / "whole.zarr", reporter=Quiet())
    for quantity in ("error", "loss", "predictions"):
        np.testing.assert_array_equal(extended[quantity]["ST"], whole[quantity]["ST"])


@pytest.mark.harm("Processes", "Client and workers are killed with SIGKILL during trainings", "once", "kept")
def test_a_study_of_trainings_whose_client_is_killed_repeats_none(client, blobs, tmp_path):
    path, out = tmp_path / "study.yaml", tmp_path / "out.zarr"
    path.write_text(study(blobs).to_yaml().replace("blobs.npz", str(blobs / "blobs.npz")), encoding="utf-8")
    command = [
        sys.executable,
        "-c",
        "from dnnsa.cli import main; main()",
        "run",
        str(path),
        "--out",
        str(out),
        "--workers",
        "1",
    ]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    until = time.monotonic() + 120
    while time.monotonic() < until and running.poll() is None:
        if (out / "runs" / "state").exists() and made(out).sum() >= 5:
            break
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    there, kept = made(out), began(out)
    dnnsa.run(dnnsa.Study.from_yaml(path), client, out, reporter=Quiet())
    assert there.sum() >= 5
    np.testing.assert_array_equal(began(out)[there], kept[there])


@pytest.mark.harm("Processes", "Workers are killed in the middle of a training that has a checkpoint", "bits", "rest")
def test_workers_killed_in_the_middle_of_a_training_change_no_bit(client, blobs, tmp_path):
    asked = study(blobs, base_points=2, model={"epochs": 60, "checkpoint": {"epochs": 5}})
    expected = dnnsa.run(asked, client, tmp_path / "whole.zarr", reporter=Quiet())
    folder, killed = blobs / "checkpoints", []

    def harm(workers):
        while not killed and not done.is_set():
            if any(folder.iterdir()):
                killed.extend(workers)
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)

    done = threading.Event()
    with Local(workers=2).open() as harmed:
        harming = threading.Thread(target=harm, args=[list(harmed.run(os.getpid).values())])
        harming.start()
        results = dnnsa.run(asked, harmed, tmp_path / "out.zarr", reporter=Quiet())
        done.set()
        harming.join()
    assert len(killed) == 2
    assert list(folder.iterdir()) == []
    for quantity in ("error", "loss", "predictions"):
        np.testing.assert_array_equal(results[quantity]["ST"], expected[quantity]["ST"])
    assert results.attrs["base_points_quarantined"] == 0


def test_a_study_of_trainings_shows_its_noise_floor_and_draws_its_runs(client, blobs, tmp_path):
    results = dnnsa.run(study(blobs, base_points=4), client, tmp_path / "out.zarr", reporter=Quiet())
    assert printed(results).count("noise floor: ST of seed ") == len(results.attrs["quantities"]) == 4
    names = {path.name for path in plot(results, tmp_path)}
    assert {"small-validation_loss_curve.png", "small-validation_loss_curve-runs.png"} <= names
    picture = run_curves_figure(results, "validation_loss_curve")
    (thin,) = (one for one in picture.axes[0].collections if isinstance(one, LineCollection))
    assert len(thin.get_segments()) == results["runs"].sizes["run"]


def test_the_example_is_a_study_of_eight_hyperparameters_and_has_its_data(example):
    study = dnnsa.Study.from_yaml(example("hyperparameters") / "study.yaml")
    assert list(study.factors)[-1] == "seed"
    assert len(study.factors) == 8
    data = study.model.data.load(study.directory, study.digests())
    assert [part.size for part in data[:3]] == [1079, 359, 359]
    assert data.classes == 10
