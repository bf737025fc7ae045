"""What people call from Python."""

import signal
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import dnnsa
from dnnsa import store
from dnnsa.errors import Interrupted, ModelError, StoreError, TooManyFailures
from dnnsa.view.progress import Quiet
from tests.studies import parts, study

LINE = "def f(x1, x2): return x1 + 2 * x2"
SLOW = "import time\ndef f(x1, x2):\n    time.sleep(0.02)\n    return np.exp(3 * x1) * x2"


class Said(Quiet):
    def __init__(self, at=None):
        self.said, self.at = [], at

    def say(self, message):
        self.said.append(message)

    def update(self, progress):
        if self.at is not None and progress.done >= self.at:
            self.at = None
            signal.raise_signal(signal.SIGINT)


def test_a_study_is_run_on_a_cluster_of_its_own(tmp_path):
    results = dnnsa.run(study(tmp_path, LINE, base_points=1024), reporter=Quiet())
    np.testing.assert_allclose(results["output/ST"].values, [0.2, 0.8], atol=0.01)
    assert (tmp_path / "small.zarr").is_dir()


def test_a_complete_store_is_opened_and_not_run_again(client, tmp_path):
    made = study(tmp_path, LINE)
    dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    finished = dnnsa.open(tmp_path / "out.zarr").attrs["finished"]
    reporter = Said()
    again = dnnsa.run(made, client, tmp_path / "out.zarr", reporter=reporter)
    assert again.attrs["finished"] == finished
    assert reporter.said == [f"{tmp_path / 'out.zarr'} holds this study, complete."]


def test_fishers_intervals_come_with_a_warning(client, tmp_path):
    reporter = Said()
    fisher = [{"kind": "sobol", "estimator": "martinez", "intervals": "fisher"}]
    dnnsa.run(study(tmp_path, LINE, estimators=fisher), client, tmp_path / "out.zarr", reporter=reporter)
    assert "warning: estimators[0]: intervals: fisher assumes normal outputs and independent points" in reporter.said


@pytest.mark.harm("Commits and files", "A store of another study", "kept", "told")
def test_another_studys_store_is_refused_and_what_differs_named(client, tmp_path):
    dnnsa.run(study(tmp_path, LINE), client, tmp_path / "out.zarr", reporter=Quiet())
    other = study(tmp_path, LINE, design={"kind": "saltelli", "base_points": 256, "seed": 1})
    with pytest.raises(StoreError) as error:
        dnnsa.run(other, client, tmp_path / "out.zarr", reporter=Quiet())
    assert str(error.value) == (
        f"{tmp_path / 'out.zarr'}: holds another study; give another --out, or --overwrite. What differs:\n"
        "design.seed: 0 in the store, 1 in the study"
    )
    results = dnnsa.run(other, client, tmp_path / "out.zarr", overwrite=True, reporter=Quiet())
    assert results.attrs["digest"] == other.digest


@pytest.mark.harm("Commits and files", "The model's file changes before a study is resumed", "kept", "told")
def test_a_model_that_has_changed_since_the_last_commit_is_refused(client, tmp_path):
    made = study(tmp_path, SLOW, base_points=2048)
    with pytest.raises(Interrupted):
        dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Said(at=512))
    changed = study(tmp_path, f"{SLOW} + 1", base_points=2048)
    with pytest.raises(StoreError, match=r"model\.call: the file has changed"):
        dnnsa.run(changed, client, tmp_path / "out.zarr", reporter=Quiet())
    again = study(tmp_path, SLOW, base_points=2048)
    reporter = Said()
    results = dnnsa.run(again, client, tmp_path / "out.zarr", reporter=reporter)
    assert results.attrs["status"] == "complete"
    assert any(line.startswith("resuming: ") for line in reporter.said)


def test_the_table_of_tasks_has_each_base_point_once_after_interrupts(client, tmp_path):
    made = study(tmp_path, SLOW, base_points=2048)
    for at in (256, 1024):
        with pytest.raises(Interrupted):
            dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Said(at=at))
    dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    tasks = xr.open_zarr(tmp_path / "out.zarr" / store.TASKS, consolidated=False)
    for replicate in range(4):
        of = (tasks["replicate"] == replicate).values
        began, count = tasks["start"].values[of], tasks["base_points"].values[of]
        order = np.argsort(began)
        np.testing.assert_array_equal(began[order], [0, *np.cumsum(count[order])[:-1]])
        assert count.sum() == 512


def test_an_interrupted_study_is_resumed_and_says_so(client, tmp_path):
    made = study(tmp_path, SLOW, base_points=2048)
    whole = dnnsa.run(made, client, tmp_path / "whole.zarr", reporter=Quiet())
    with pytest.raises(Interrupted):
        dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Said(at=512))
    partial = dnnsa.open(tmp_path / "out.zarr")
    assert partial.attrs["status"] == "stopped"
    assert 512 <= partial.attrs["base_points_done"] < 2048
    assert not partial.children
    reporter = Said()
    results = dnnsa.run(made, client, tmp_path / "out.zarr", reporter=reporter)
    assert any(line.startswith("resuming: ") for line in reporter.said)
    for name in whole["output"].data_vars:
        np.testing.assert_array_equal(results["output"][name].values, whole["output"][name].values, err_msg=name)


def test_too_many_failures_are_in_the_store(client, tmp_path):
    made = study(tmp_path, "def f(x1, x2): return np.where(x1 > 0.3, np.nan, x1)", base_points=1024)
    with pytest.raises(TooManyFailures):
        dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    stopped = dnnsa.open(tmp_path / "out.zarr")
    assert stopped.attrs["status"] == "stopped"
    assert stopped.attrs["base_points_quarantined"] == stopped["quarantine"].sizes["base_point"] > 10


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x1, x2): return x1[:-1]", "its first dimension must be the runs'"),
        ("def f(x1, x2): raise RuntimeError('no licence')", "the first base point raised RuntimeError: no licence"),
        ("def g(): pass", "module `model` has no function `f`"),
    ],
)
def test_a_model_that_does_not_work_leaves_nothing_behind(client, tmp_path, source, message):
    made = study(tmp_path, source)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ModelError, match=message):
        dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "__pycache__"] == before


@pytest.mark.harm("People", "Overwriting with a study that does not run", "kept")
def test_overwriting_with_a_study_that_does_not_run_keeps_the_old_results(client, tmp_path):
    dnnsa.run(study(tmp_path, LINE), client, tmp_path / "out.zarr", reporter=Quiet())
    with pytest.raises(ModelError):
        dnnsa.run(study(tmp_path, "def g(): pass"), client, tmp_path / "out.zarr", overwrite=True, reporter=Quiet())
    assert dnnsa.open(tmp_path / "out.zarr").attrs["status"] == "complete"


@pytest.mark.harm("People", "Two runs on one store at once", "told", "kept")
def test_two_runs_never_write_to_one_store(client, tmp_path):
    made = study(tmp_path, LINE)
    with store.alone(tmp_path / "out.zarr"), pytest.raises(StoreError) as error:
        dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    assert str(error.value) == (
        f"{tmp_path / 'out.zarr'}: another `dnnsa run` is writing there: wait for it, or give another --out."
    )
    dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    assert {path.name for path in tmp_path.iterdir()} == {"model.py", "out.zarr"}


def test_a_script_without_a_guard_is_told_what_it_lacks(tmp_path):
    study(tmp_path, LINE)
    (tmp_path / "script.py").write_text(
        f"import dnnsa\nfrom dnnsa.study import Study\ndnnsa.run(Study(directory='.', **{parts()!r}))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'call dnnsa under `if __name__ == "__main__":`' in done.stderr.splitlines()[-1]


def test_the_public_names_are_few():
    names = [
        "Study",
        "analyse",
        "attribute",
        "network",
        "open",
        "pixel_maps",
        "reduce",
        "run",
        "runs",
        "screen",
        "superpixels",
        "trail",
    ]
    assert dir(dnnsa) == dnnsa.__all__ == names
    assert all(callable(getattr(dnnsa, name)) for name in names)
    with pytest.raises(AttributeError, match="module `dnnsa` has no attribute `runn`"):
        dnnsa.runn  # noqa: B018
