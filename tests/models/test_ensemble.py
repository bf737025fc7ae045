"""A member of an ensemble of networks is an integer factor like any other."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

import dnnsa
from dnnsa.engine.network import network_evaluator
from dnnsa.errors import ModelError, StudyError
from dnnsa.files import digest
from dnnsa.models import backend
from dnnsa.models import ensemble as ensembles
from dnnsa.models.keras import Keras
from dnnsa.view.progress import Quiet

Array = NDArray[Any]
KERNELS = np.random.default_rng(0).normal(size=(3, 3, 2))
X = np.random.default_rng(1).normal(size=(5, 3))
MODEL = {"kind": "keras", "path": "m0.keras", "ensemble": {"member": "m", "paths": ["m1.keras", "m2.keras"]}}
UNIT = {"kind": "uniform", "low": 0, "high": 1}
MEMBER = {"kind": "integers", "low": 0, "high": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three linear networks, three convolutional ones, and cases of both."""
    directory = tmp_path_factory.mktemp("ensemble")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    for number, kernel in enumerate(KERNELS):
        network = keras.Sequential(
            [keras.Input((3,), dtype="float64"), layers.Dense(2, use_bias=False, dtype="float64")]
        )
        network.set_weights([kernel])
        network.save(directory / f"m{number}.keras")
        image = keras.Sequential(
            [keras.Input((6, 6, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dropout(0.5)]
        )
        image.add(layers.Dense(3))
        image.save(directory / f"c{number}.keras")
    np.savez(directory / "rows.npz", inputs=X)
    np.savez(directory / "images.npz", inputs=np.random.default_rng(2).random((4, 6, 6, 1), dtype=np.float32))
    return directory


def study(folder: Path, **parts: Any) -> dnnsa.Study:
    whole = {
        "name": "members",
        "factors": {"delta": UNIT, "m": MEMBER},
        "design": {"kind": "saltelli", "base_points": 512},
        "model": MODEL,
        "cases": {"path": "rows.npz"},
        "perturb": [{"kind": "brightness", "delta": "delta"}],
        "quantities": {"y": {"kind": "output", "dims": ["component"]}},
    }
    return dnnsa.Study(directory=folder, **{**whole, **parts})


def run(asked: dnnsa.Study, **values: Array) -> Array:
    return np.asarray(network_evaluator(asked, asked.directory, asked.digests()).run(values)["y"])


IMAGES = {
    "model": {"kind": "keras", "path": "c0.keras", "ensemble": {"member": "m", "paths": ["c1.keras", "c2.keras"]}},
    "cases": {"path": "images.npz"},
}


def test_every_run_goes_through_its_member(folder: Path) -> None:
    delta, m = np.linspace(0, 1, 7), np.array([2, 0, 1, 1, 0, 2, 2])
    expected = (X[None] + delta[:, None, None]) @ KERNELS[m]  # (runs, cases, components)
    np.testing.assert_allclose(run(study(folder), delta=delta, m=m), expected, rtol=1e-13)


@pytest.mark.parametrize("batch_size", [1, 3, 4096])
def test_batches_and_members_without_rows_change_nothing(folder: Path, batch_size: int) -> None:
    delta, m = np.linspace(0, 1, 4), np.array([1, 1, 2, 1])
    expected = (X[None] + delta[:, None, None]) @ KERNELS[m]
    asked = study(folder, model={**MODEL, "batch_size": batch_size})
    np.testing.assert_allclose(run(asked, delta=delta, m=m), expected, rtol=1e-13)


def test_factors_that_are_the_input_go_through_the_member_too(folder: Path) -> None:
    names = ["x1", "x2", "x3"]
    asked = study(
        folder,
        factors={**dict.fromkeys(names, UNIT), "m": MEMBER},
        model={**MODEL, "inputs": names},
        cases=None,
        perturb=[],
    )
    m = np.array([2, 0, 1, 1, 0])
    outputs = run(asked, **dict(zip(names, X.T, strict=True)), m=m)
    np.testing.assert_allclose(outputs, np.einsum("ri,rij->rj", X, KERNELS[m]), rtol=1e-13)


@pytest.mark.parametrize("member", [0, 1, 2])
def test_runs_of_one_member_have_the_bits_of_that_network(folder: Path, member: int) -> None:
    delta = np.linspace(0, 1, 9)
    alone = study(folder, **{**IMAGES, "model": {"kind": "keras", "path": f"c{member}.keras"}}, factors={"delta": UNIT})
    together = run(study(folder, **IMAGES), delta=delta, m=np.full(9, member))
    np.testing.assert_array_equal(together, run(alone, delta=delta))


def test_members_are_traced_once_for_a_shape(folder: Path) -> None:
    asked = study(folder, **IMAGES)
    network = asked.model.load(folder, asked.digests(), ())
    traced = []

    def function(inputs: Any, values: Any) -> Any:
        traced.append(inputs.shape)
        return network.predict(inputs, values)

    compiled = backend.compiled(function)
    for members in ([0, 1, 2, 2], [1, 1, 1, 1], [2, 0, 0, 0]):
        compiled(keras.ops.ones((4, 6, 6, 1)), {"m": keras.ops.convert_to_tensor(np.array(members))})
    assert len(traced) == 1


def test_every_member_seeing_all_rows_gives_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    delta, m = np.linspace(0, 1, 7), np.array([2, 0, 1, 1, 0, 2, 2])
    expected = run(study(folder, **IMAGES), delta=delta, m=m)
    monkeypatch.setattr(ensembles, "_own_rows", ensembles._all_rows)
    np.testing.assert_allclose(run(study(folder, **IMAGES), delta=delta, m=m), expected, rtol=1e-5)


def test_derivatives_and_dropped_units_are_those_of_the_member(folder: Path) -> None:
    delta, m = np.linspace(0, 1, 6), np.array([2, 0, 1, 1, 0, 2])
    slopes = study(
        folder,
        design={"kind": "sample", "base_points": 64},
        quantities={"y": {"kind": "output"}, "slope": {"kind": "gradient", "of": "y"}},
        estimators=[{"kind": "dgsm", "quantity": "y", "gradient": "slope"}],
    )
    found = network_evaluator(slopes, folder, slopes.digests()).run({"delta": delta, "m": m})["slope"]
    expected = np.broadcast_to(KERNELS[m].sum(axis=1)[:, None], (6, 5, 2))  # (runs, cases, components)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)
    dropped = {**IMAGES, "model": {**IMAGES["model"], "dropout": "mask"}}
    mask, factors = np.array([3, 3, 3, 8, 8, 8]), {"delta": UNIT, "m": MEMBER, "mask": {**MEMBER, "high": 9}}
    outputs = run(study(folder, **dropped, factors=factors), delta=delta, m=m, mask=mask)
    for member in range(3):
        model = {"kind": "keras", "path": f"c{member}.keras", "dropout": "mask"}
        alone = study(folder, **{**IMAGES, "model": model}, factors={"delta": UNIT, "mask": factors["mask"]})
        own = m == member
        np.testing.assert_allclose(outputs[own], run(alone, delta=delta, mask=mask)[own], rtol=1e-5, atol=1e-6)


def test_the_member_s_index_is_the_exact_one(client: Any, folder: Path, tmp_path: Path) -> None:
    """``y = (x + delta 1) K_m`` in one component: conditional means and variances are known."""
    asked = study(folder, design={"kind": "saltelli", "base_points": 2048})
    y = dnnsa.run(asked, client, tmp_path / "out.zarr", reporter=Quiet())["y"]
    at, slope = X @ KERNELS, KERNELS.sum(axis=1)  # (members, cases, components), (members, components)
    mean = at + slope[:, None] / 2
    of_member, of_delta = mean.var(axis=0), slope.mean(axis=0) ** 2 / 12
    variance = of_member + (slope**2).mean(axis=0) / 12
    np.testing.assert_allclose(y["S1"].sel(factor="m"), of_member / variance, atol=0.04)
    np.testing.assert_allclose(y["ST"].sel(factor="m"), 1 - of_delta / variance, atol=0.04)


def test_every_file_is_checked(folder: Path) -> None:
    model = study(folder).model
    assert isinstance(model, Keras)
    settings = ["model.path", "model.ensemble.paths[0]", "model.ensemble.paths[1]"]
    assert list(model.files(folder)) == settings
    digests = {setting: digest(path) for setting, path in model.files(folder).items()}
    with pytest.raises(ModelError, match=r"model.ensemble.paths\[1\]: on host .* is not the file that the study was"):
        model.load(folder, {**digests, settings[2]: "0" * 64})
    with pytest.raises(ModelError, match=r"model.ensemble.paths\[0\]: there is no file .*m7.keras"):
        Keras(path="m0.keras", ensemble=ensembles.Ensemble(member="m", paths=("m7.keras",))).files(folder)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("wide.keras", "layer 1 is Dense of shapes [(3, 4)] and there Dense of shapes [(3, 2)]"),
        ("deep.keras", "it has 3 layers and that has 2"),
        ("c0.keras", "layer 0 is InputLayer of shapes (6, 6, 1) and there InputLayer of shapes (3,)"),
    ],
)
def test_another_architecture_is_refused(folder: Path, path: str, told: str) -> None:
    layers = keras.layers
    given = keras.Input((3,), dtype="float64")
    wide = layers.Dense(4, use_bias=False, dtype="float64")(given)
    keras.Model(given, wide).save(folder / "wide.keras")
    deep = layers.Dense(2, use_bias=False, dtype="float64")(given)
    keras.Model(given, layers.Activation("relu", dtype="float64")(deep)).save(folder / "deep.keras")
    asked = study(folder, model={**MODEL, "ensemble": {"member": "m", "paths": ["m1.keras", path]}})
    with pytest.raises(ModelError) as error:
        run(asked, delta=np.zeros(1), m=np.zeros(1, int))
    assert str(error.value) == (
        f"model.ensemble.paths[1]: {path} is not of the architecture of m0.keras: {told}; members of an ensemble have "
        "the same layers."
    )


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"factors": {"delta": UNIT, "m": {**MEMBER, "high": 3}}},
            "model.ensemble.member: `m` must be an integer from 0 to 2, the number of a member, and is from 0 to 3: "
            "make it {kind: integers, low: 0, high: 2}.",
        ),
        (
            {"factors": {"delta": UNIT, "m": UNIT}},
            "model.ensemble.member: `m` must be an integer from 0 to 2, the number of a member, and is of kind "
            "`uniform`: make it {kind: integers, low: 0, high: 2}.",
        ),
        ({"factors": {"delta": UNIT}}, "model: no factor `m`: use one of `delta`."),
        (
            {"weights": [{"kind": "relative_noise", "sd": 0.1, "seed": 0}]},
            "weights: those of an `ensemble` cannot be perturbed: leave one of the two out.",
        ),
        (
            {"model": {**MODEL, "ensemble": {"member": "m", "paths": []}}},
            "model.ensemble: `paths` must name at least one other .keras file: member 0 is `path`.",
        ),
        (
            {"model": {**MODEL, "ensemble": {"member": "m", "paths": ["m1.h5"]}}},
            "model: `ensemble.paths[0]` must be a .keras file, got `m1.h5` (the format cannot be read without running "
            "what is in it): save the network with `model.save('name.keras')` where it was trained.",
        ),
        (
            {"model": {**MODEL, "ensemble": {"membr": "m", "paths": ["m1.keras"]}}},
            "model.ensemble: `member` is missing.\nmodel.ensemble: unknown key `membr`: did you mean `member`?",
        ),
    ],
)
def test_what_is_no_ensemble_is_refused(folder: Path, parts: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError) as error:
        study(folder, **parts)
    assert str(error.value) == message
