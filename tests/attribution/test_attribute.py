"""Maps of images against a linear network, whose indices are known: c_i^2 over their sum, c_i the cell's share."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import dnnsa
from dnnsa.cluster import Inside
from dnnsa.errors import InputError
from dnnsa.models import Keras
from dnnsa.view.progress import Quiet

IMAGES = np.random.default_rng(0).random((3, 6, 9, 2)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(size=(6 * 9 * 2, 4)).astype(np.float32)
CLASSES = np.array([2, 0, 3])
CELL = (np.arange(6) // 3)[:, None] * 3 + np.arange(9) // 3  # (6, 9), a grid of 2 x 3


@pytest.fixture(scope="module")
def network() -> Any:
    model = keras.Sequential([keras.layers.Input((6, 9, 2)), keras.layers.Flatten(), keras.layers.Dense(4)])
    model.set_weights([WEIGHTS, np.zeros(4)])
    return model


@pytest.fixture(scope="module")
def here() -> Any:
    with Inside().open() as client:
        yield client


def exact(classes: Any, cell: Any = CELL, fill: Any = 0.0) -> np.ndarray:
    """ST of each pixel's cell, (images, 6, 9)."""
    share = (IMAGES - fill) * WEIGHTS.T.reshape(4, 6, 9, 2)[classes]  # of each number in the score
    cell = np.broadcast_to(cell, IMAGES.shape[:3])
    sums = np.stack([[share[n][cell[n] == k].sum() for k in range(cell.max() + 1)] for n in range(3)])
    return np.take_along_axis(sums**2 / (sums**2).sum(axis=1, keepdims=True), cell.reshape(3, -1), 1).reshape(
        cell.shape
    )


def test_maps_meet_the_exact_indices_of_a_linear_network(network: Any, here: Any) -> None:
    maps = dnnsa.attribute(network, IMAGES, CLASSES, grid=(2, 3), base_points=512, client=here, reporter=Quiet())
    assert maps["ST"].dims == ("image", "y", "x")
    assert maps["label"].values.tolist() == CLASSES.tolist()
    assert (maps["status"] == 0).all()
    np.testing.assert_array_equal(maps["cell"], np.broadcast_to(CELL, (3, 6, 9)))
    for index in ("S1", "ST"):  # a linear score has no interactions
        np.testing.assert_allclose(maps[index], exact(CLASSES), atol=1e-5)  # the network is in float32
        wide = maps[f"{index}_upper"] - maps[f"{index}_lower"]
        assert (wide >= 0).all()
        assert (wide < 1e-4).all()  # control variates know a linear score whatever the points


def test_a_class_may_be_one_hot_or_what_the_network_says(network: Any, here: Any) -> None:
    said = np.asarray(network(IMAGES)).argmax(axis=1)
    one_hot = keras.utils.to_categorical(said, 4)
    settings: dict[str, Any] = {"grid": (2, 3), "base_points": 64, "client": here, "reporter": Quiet()}
    maps = [dnnsa.attribute(network, IMAGES, targets, **settings) for targets in (None, said, one_hot)]
    assert maps[0]["label"].values.tolist() == said.tolist()
    for other in maps[1:]:
        np.testing.assert_array_equal(maps[0]["ST"], other["ST"])


def test_each_image_may_have_segments_of_its_own_and_another_image_behind(network: Any, here: Any) -> None:
    own = np.stack([CELL, np.roll(CELL, 4, axis=1), np.minimum(CELL, 3)])
    behind = np.roll(IMAGES, 1, axis=0)
    maps = dnnsa.attribute(
        network, IMAGES, CLASSES, segments=own, baseline=behind, base_points=512, client=here, reporter=Quiet()
    )
    np.testing.assert_array_equal(maps["cell"], own)
    np.testing.assert_allclose(maps["ST"], exact(CLASSES, own, behind), atol=1e-5)


def test_a_folder_keeps_a_study_that_dnnsa_run_knows(network: Any, here: Any, tmp_path: Path) -> None:
    file = tmp_path / "network.keras"
    network.save(file)
    folder = tmp_path / "kept"
    maps = dnnsa.attribute(file, IMAGES, CLASSES, grid=2, base_points=16, folder=folder, client=here, reporter=Quiet())
    study = dnnsa.Study.from_yaml(folder / "attribution.yaml")
    again = dnnsa.run(study, here, folder / "attribution.zarr", reporter=Quiet())
    np.testing.assert_array_equal(again["score/ST"].sel(factor="cell_0"), maps["ST"][:, 0, 0])
    first = dnnsa.pixel_maps(folder / "attribution.zarr", "score", images=1)
    np.testing.assert_array_equal(first["ST"], maps["ST"][:1])
    with pytest.raises(InputError, match=r"^folder: .* is there and not empty: .*dnnsa run .*attribution.yaml"):
        dnnsa.attribute(file, IMAGES, CLASSES, folder=folder)


def test_a_recipe_and_another_quantity(network: Any, here: Any, tmp_path: Path) -> None:
    file = tmp_path / "network.keras"
    network.save(file)
    maps = dnnsa.attribute(
        Keras(path=str(file)),
        IMAGES,
        CLASSES,
        grid=2,
        base_points=16,
        quantity={"kind": "probability", "of": "label"},
        outputs="logits",
        client=here,
        reporter=Quiet(),
    )
    assert ((maps["mean"] > 0) & (maps["mean"] < 1)).all()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"images": IMAGES[0]}, r"^images: must be numbers of shape \(n, height, width, channels\), got float32 of"),
        ({"targets": [1, 2]}, r"^targets: must be 3 classes, shape \(3,\), or as many rows"),
        ({"targets": [0.5, 1.0, 2.0]}, "^targets: classes must be integers counted from 0, got float64"),
        ({"targets": np.full((3, 4), 0.25)}, "^targets: rows must be one-hot"),
        ({"targets": [0, 1, 7]}, "^cases.labels: the network tells 4 classes apart, 0 to 3, got labels from 0 to 7"),
        ({"grid": 7}, "grid: 7 x 7 cells do not fit into an image of 6 x 9 pixels"),
        ({"fill": "blur"}, "^`sd` is for fill: blur and fill: noise"),
        ({"segments": np.zeros((5, 5), int)}, r"segments: `segments` must hold integers of shape \(6, 9\)"),
        ({"quantity": {"kind": "entropy"}}, "^outputs: say whether the network gives `logits` or `probabilities`"),
        ({"model": 3}, "^model: must be a network of Keras, the path of a .keras file or a recipe.*got int"),
        ({"model": "net.h5"}, r"^model: `path` must be a .keras file, got"),
        ({"model": "none.keras"}, "^model.path: there is no file"),
        ({"base_points": 100}, r"base_points"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    network: Any, here: Any, tmp_path: Path, settings: Any, told: str
) -> None:
    asked = {"model": network, "images": IMAGES, "targets": CLASSES, **settings}
    with pytest.raises(InputError, match=told):
        dnnsa.attribute(**asked, folder=tmp_path / "made", client=here, reporter=Quiet())
    assert not (tmp_path / "made").exists()


def test_a_network_that_gives_no_classes_has_none_to_predict(here: Any) -> None:
    model = keras.Sequential([keras.layers.Input((6, 9, 2)), keras.layers.Flatten(), keras.layers.Dense(1)])
    with pytest.raises(
        InputError, match=r"^model: must give scores of two classes or more, got outputs of shape \(1,\)"
    ):
        dnnsa.attribute(model, IMAGES, client=here, reporter=Quiet())


def test_a_quantity_with_dimensions_has_no_single_map(network: Any, here: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^quantity: maps of images are for a number for each case, and this has"):
        dnnsa.attribute(
            network,
            IMAGES,
            CLASSES,
            grid=2,
            base_points=16,
            quantity={"kind": "output"},
            client=here,
            reporter=Quiet(),
            outputs="logits",
        )


def test_a_store_without_a_mask_has_no_pixel_maps(tmp_path: Path, here: Any) -> None:
    (tmp_path / "line.py").write_text("def f(x):\n    return x\n")
    study = dnnsa.Study(
        directory=tmp_path,
        name="line",
        factors={"x": {"kind": "uniform", "low": 0, "high": 1}},
        design={"kind": "saltelli", "base_points": 16},
        model={"kind": "function", "call": "line:f"},
    )
    dnnsa.run(study, here, tmp_path / "line.zarr", reporter=Quiet())
    with pytest.raises(InputError, match="no mask over images in this study"):
        dnnsa.pixel_maps(tmp_path / "line.zarr")
    with pytest.raises(InputError, match=r"^quantity: there is no `y`, only `output`"):
        dnnsa.pixel_maps(tmp_path / "line.zarr", "y")
