"""Record trails of real studies, from Python and from the command, and what is refused in words."""

import re

import numpy as np
import pandas
import pytest

import dnnsa
from dnnsa.errors import InputError, Interrupted, ModelError, StoreError
from dnnsa.interop.trail import class_shares, read_thresholds
from dnnsa.training import Thresholds
from dnnsa.training.behaviour import CLASSES
from dnnsa.view.progress import Quiet
from tests.studies import study as study_of_a_function
from tests.test_api import Said
from tests.training.test_model import FACTORS, study

QUANTITIES = ["skill_best", "epochs_to_half", "parameters", "epochs_made", "diverged"]
CURVES = ["validation_loss_curve", "validation_error_curve"]
NETWORK = {"kind": "mlp", "layers": 2, "width": "width", "activation": "activation", "skip": "skip"}
MODEL = {
    "network": NETWORK,
    "epochs": 8,
    "early_stopping": {"patience": 2},
    "quantities": [*QUANTITIES, *CURVES],
}
BUILT = """
import keras

def network(units, rate):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(3, "softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model
"""


@pytest.fixture(scope="module")
def stored(client, blobs, tmp_path_factory):
    path = tmp_path_factory.mktemp("trail") / "out.zarr"
    factors = FACTORS | {
        "skip": {"kind": "choice", "values": [True, False]},
        "rate": {"kind": "loguniform", "low": 1e-3, "high": 1e30},  # many diverge
    }
    dnnsa.run(study(blobs, factors, model=MODEL), client, path, reporter=Quiet())
    return path


def test_a_trail_has_a_row_a_run_with_what_it_was_given(stored):
    trail, runs = dnnsa.trail(stored), dnnsa.runs(stored)
    pandas.testing.assert_frame_equal(trail[list(runs.columns)], runs)
    assert not trail.columns.duplicated().any()
    np.testing.assert_array_equal(trail["model.learning_rate"], trail["rate"])
    np.testing.assert_array_equal(trail["model.network.activation"], trail["activation"])
    assert set(trail["model.optimizer"]) == {"adam"}
    assert set(trail["model.early_stopping.patience"]) == {2}
    assert set(trail["data.training"]) == {90}
    (backend,) = set(trail["backend"])
    assert re.fullmatch(r"tensorflow \d+\.\S+ on \S.*", backend)
    assert dnnsa.open(stored).attrs["backends"] == [backend]
    assert set(trail["data.digest"].str.len()) == {64}


def test_other_estimates_of_the_same_runs_say_what_those_were_made_by(client, stored, tmp_path):
    reduced = dnnsa.reduce(stored, [{"kind": "moments"}], client, tmp_path / "new.zarr", reporter=Quiet())
    assert reduced.attrs["backends"] == dnnsa.open(stored).attrs["backends"] != []
    assert set(dnnsa.trail(tmp_path / "new.zarr")["backend"]) == set(dnnsa.trail(stored)["backend"])


def test_the_architecture_is_that_of_each_run(stored):
    trail = dnnsa.trail(stored)
    np.testing.assert_array_equal(trail["architecture.parameters"], trail["parameters"])
    np.testing.assert_array_equal(trail["architecture.width"], trail["width"])
    np.testing.assert_array_equal(trail["architecture.skips"] == 1, trail["skip"])
    assert set(trail["architecture.weight_layers"]) == {3}
    assert set(trail["architecture.dtype"]) == {"float32"}
    width, skip = trail["width"].astype(int), trail["skip"].astype(int)
    active = (trail["activation"] != "identity").astype(int)
    expected = 2 * (4 * width + width**2 + 3 * width) + (2 + 2 * active + skip) * width + 3
    np.testing.assert_array_equal(trail["architecture.flops"], expected)
    assert set(trail["architecture.sequence"]) == {
        "Dense Activation Dense Activation Dense",
        "Dense Activation Dense Activation Add Dense",
    }
    assert trail["architecture.hash"].nunique() == len(trail[["width", "activation", "skip"]].drop_duplicates())


def test_time_to_skill_is_to_the_skill_that_is_asked_for(stored):
    for threshold in dnnsa.trail(stored)["validation_error.best"].quantile([0.5, 0.8]):
        trail = dnnsa.trail(stored, thresholds={"skill_threshold": threshold})
        reached = trail["validation_error.best"] >= threshold
        np.testing.assert_array_equal(trail["validation_error.to_skill"].notna(), reached)
        assert 0 < reached.sum() < len(trail)


def test_behaviour_is_of_the_epochs_that_were_made(stored):
    trail = dnnsa.trail(stored)
    np.testing.assert_allclose(trail["validation_error.best"], trail["skill_best"])
    half = trail["validation_error.t50"].where(trail["validation_error.best"] >= 0.05, 9)
    np.testing.assert_array_equal(half, trail["epochs_to_half"])
    short = trail["epochs_made"] < 8
    assert (short & (trail["diverged"] == 0)).any()
    curves = dnnsa.open(stored)["runs"]["validation_error_curve"].values
    for run in np.flatnonzero(short & (trail["validation_error.best"] > 0)):
        assert trail["validation_error.t90"][run] <= trail["epochs_made"][run]
        assert trail["validation_error.final"][run] * 2 / 3 == pytest.approx(2 / 3 - curves[run, -1])


def test_a_run_that_diverged_is_classed_so_in_each_series(stored):
    trail = dnnsa.trail(stored)
    diverged = trail["diverged"] == 1
    assert 0 < diverged.sum() < len(trail)
    for series in ("validation_loss", "validation_error"):
        np.testing.assert_array_equal(trail[f"{series}.class"] == "diverged", diverged)
        assert (trail[f"{series}.final"][diverged] == 0).all()
    assert (trail["validation_loss.class"] != trail["validation_error.class"]).any()


def test_thresholds_move_classes_and_shares(stored):
    trail, strict = dnnsa.trail(stored), dnnsa.trail(stored, thresholds={"learnt": 0.99})
    name = "validation_error.class"
    assert (strict[name] == "never-learner").sum() > (trail[name] == "never-learner").sum()
    shares = class_shares(trail)
    assert len(shares) == 2 * 13
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert list(shares) == [*CLASSES, "none"]
    series = shares.loc["validation_error"]
    classed = trail[name].value_counts()
    for one in CLASSES:
        assert series.loc["as given", one] == pytest.approx(classed[one] / len(trail))
    assert series.loc["as given", "none"] == pytest.approx(trail[name].isna().mean())
    moved = dnnsa.trail(stored, thresholds=Thresholds(overfit=0.05))[name].value_counts() / len(trail)
    assert series.loc["overfit 0.05", "over-fitter"] == pytest.approx(moved["over-fitter"])


def test_the_command_prints_shares_and_writes_the_table(command, stored, tmp_path):
    status, out, err = command("trail", stored, "--csv", tmp_path / "trail.csv", "--thresholds", "late=0.3")
    assert (status, err) == (0, "")
    trail = dnnsa.trail(stored, thresholds={"late": 0.3})
    assert out.splitlines()[0].rstrip() == f"{len(trail)} runs: {len(trail)} done"
    for series in ("validation_loss", "validation_error"):
        assert series in out
    for name in CLASSES:
        assert name in out
    diverged = int(trail["diverged"].sum())
    assert f"diverged {diverged} " in " ".join(out.split())
    assert out.endswith(f"trail: {tmp_path / 'trail.csv'}\n")
    written = pandas.read_csv(tmp_path / "trail.csv", index_col="run")
    assert list(written.columns) == list(trail.columns)
    np.testing.assert_allclose(written["validation_loss.area"], trail["validation_loss.area"])
    assert list(written["validation_loss.class"].dropna()) == list(trail["validation_loss.class"].dropna())


def test_a_built_network_is_described_when_that_is_asked_for(client, blobs, tmp_path):
    (tmp_path / "own.py").write_text(BUILT, encoding="utf-8")
    (tmp_path / "blobs.npz").write_bytes((blobs / "blobs.npz").read_bytes())
    factors = {
        "units": {"kind": "choice", "values": [2, 3]},
        "rate": {"kind": "choice", "values": [0.01, 0.1]},
    }
    network = {"kind": "build", "call": "own:network", "hyperparameters": {"units": "units", "rate": "rate"}}
    model = {
        "network": network,
        "learning_rate": 0.001,
        "batch_size": 32,
        "epochs": 4,
        "seed": 0,
        "quantities": [*QUANTITIES, "validation_loss_curve"],
    }
    made = study(tmp_path, factors, model=model, base_points=4)
    dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    plain, full = dnnsa.trail(tmp_path / "out.zarr"), dnnsa.trail(tmp_path / "out.zarr", architecture=True)
    assert not [name for name in plain if name.startswith("architecture")]
    np.testing.assert_array_equal(full["architecture.parameters"], full["parameters"])
    np.testing.assert_array_equal(full["model.network.hyperparameters.units"], full["units"])
    assert full["architecture.hash"].nunique() == full["units"].nunique() == 2
    assert not [name for name in full if name.startswith("validation_error")]


def test_a_study_that_is_not_done_has_a_trail_of_what_is_there(client, blobs, tmp_path):
    factors = {"epochs": {"kind": "integers", "low": 4, "high": 9}, "seed": FACTORS["seed"]}
    network = {"kind": "mlp", "width": 5}
    model = {"network": network, "learning_rate": 0.01, "batch_size": 32, "epochs": "epochs", "horizon": 9}
    made = study(blobs, factors, model=model | {"quantities": ["epochs_made", "diverged", *CURVES]})
    with pytest.raises(Interrupted):
        dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Said(at=8))
    trail = dnnsa.trail(tmp_path / "out.zarr")
    done = trail["state"] == "done"
    assert 8 <= done.sum() < len(trail)
    np.testing.assert_array_equal(trail["model.epochs"], trail["epochs"])
    np.testing.assert_array_equal(trail["epochs_made"][done], trail["epochs"][done])
    for column in ("validation_loss.best", "validation_loss.class", "architecture.parameters"):
        np.testing.assert_array_equal(trail[column].notna(), done)
    assert (trail["validation_loss.t90"][done] <= trail["epochs"][done]).all()
    np.testing.assert_allclose(class_shares(trail).sum(axis=1), 1)
    assert class_shares(trail[~done]).isna().all(axis=None)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (
            CURVES,
            "keeps neither `validation_loss_curve` nor `validation_error_curve`, by which a training's",
        ),
        (["epochs_made"], "does not keep `epochs_made`, and curves go on with their last value where a training ended"),
        (["diverged"], "does not keep `diverged`, and curves of a training that diverged go on with the loss of one"),
    ],
)
def test_a_quantity_that_is_not_kept_is_named(client, blobs, tmp_path, missing, message):
    asked = [name for name in ["epochs_made", "diverged", *CURVES] if name not in missing]
    model = {"epochs": 1, "quantities": asked, "network": {"kind": "mlp", "activation": "activation"}}
    factors = {name: FACTORS[name] for name in ("rate", "activation", "batch", "seed")}
    dnnsa.run(study(blobs, factors, 2, model=model), client, tmp_path / "out.zarr", reporter=Quiet())
    with pytest.raises(StoreError) as error:
        dnnsa.trail(tmp_path / "out.zarr")
    assert str(error.value).startswith(f"{tmp_path / 'out.zarr'}: {message}")
    assert str(error.value).endswith(": name it in `model.quantities`, and run the study again.")


def test_a_store_without_trainings_or_runs_is_refused(client, tmp_path):
    line = "def f(x1, x2): return x1 + x2"
    dnnsa.run(study_of_a_function(tmp_path, line), client, tmp_path / "blocks.zarr", reporter=Quiet())
    with pytest.raises(StoreError, match=r"keeps no runs: run its study with `granularity: run`\."):
        dnnsa.trail(tmp_path / "blocks.zarr")
    made = study_of_a_function(tmp_path, line, base_points=4, granularity="run")
    dnnsa.run(made, client, tmp_path / "runs.zarr", reporter=Quiet())
    with pytest.raises(StoreError) as error:
        dnnsa.trail(tmp_path / "runs.zarr")
    told = "a trail is of trainings (`kind: training`), and its model is of kind `function`."
    assert str(error.value) == f"{tmp_path / 'runs.zarr'}: {told}"


def test_other_data_than_the_studys_are_refused(stored, blobs):
    kept = (blobs / "blobs.npz").read_bytes()
    try:
        np.savez(blobs / "blobs.npz", inputs=np.zeros((2, 4)), labels=np.arange(2), part=np.arange(2))
        with pytest.raises(ModelError, match="is not the file that the study was started with"):
            dnnsa.trail(stored)
    finally:
        (blobs / "blobs.npz").write_bytes(kept)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lat=0.3", "thresholds: no threshold `lat`: did you mean `late`?"),
        ("late", "thresholds: `late` must be a number, such as late=0.2, got `late`."),
        ("late=-1", "thresholds: `late` must be a number above 0, got -1.0."),
    ],
)
def test_thresholds_that_do_not_hold_are_told(command, tmp_path, text, message):
    with pytest.raises(InputError) as error:
        read_thresholds(text)
    assert str(error.value) == message
    assert command("trail", tmp_path / "no.zarr", "--thresholds", text) == (2, "", f"error: {message}\n")


def test_thresholds_from_python_are_told_in_the_same_words(tmp_path):
    for given in ({"lat": 0.3}, {"late": -1.0}):
        with pytest.raises(InputError, match=r"^thresholds: "):
            dnnsa.trail(tmp_path / "no.zarr", thresholds=given)
    assert read_thresholds(" late=0.3, learnt = 0.1,") == Thresholds(late=0.3, learnt=0.1)
