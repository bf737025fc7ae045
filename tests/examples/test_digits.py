"""The digits example: the main job of the README, smaller."""

import re

import numpy as np
import pytest

import dnnsa
from dnnsa.cluster import Local
from dnnsa.errors import ModelError, StoreError, StudyError
from dnnsa.reading import read_file
from dnnsa.view.figures import plot
from dnnsa.view.progress import Quiet

FACTORS = ["rotation", "shift_x", "shift_y", "brightness", "contrast", "blur", "noise", "noise_seed"]


def study(folder, cases=4, base_points=256, **changes):
    parts = read_file(folder / "study.yaml", StudyError)
    parts["cases"]["count"] = cases
    parts["design"]["base_points"] = base_points
    return dnnsa.Study(directory=folder, **(parts | changes))


@pytest.fixture(scope="module")
def results(client, digits, tmp_path_factory):
    return dnnsa.run(study(digits), client, tmp_path_factory.mktemp("results") / "two.zarr", reporter=Quiet())


def test_the_network_is_right_about_more_than_97_of_100_held_out_digits(digits):
    (accuracy,) = re.findall(r"test accuracy (\S+) on 450 held-out images", (digits / "printed").read_text())
    assert float(accuracy) > 0.97


def heldout(digits, name):
    with np.load(digits / "heldout.npz") as file:
        return file[name]


def test_the_study_of_the_readme_is_16_images_at_1024_base_points(digits):
    main = dnnsa.Study.from_yaml(digits / "study.yaml")
    assert (main.cases.count, main.design.base_points) == (16, 1024)
    assert list(main.factors) == FACTORS


def test_there_is_an_index_map_over_factors_and_cases_for_each_quantity(results, digits):
    assert set(results.children) == {"p_true", "entropy"}
    assert results["p_true/ST"].dims == ("factor", "case")
    assert results["p_true"].coords["factor"].values.tolist() == FACTORS
    labels = heldout(digits, "labels")[:4]
    assert results["p_true"].coords["label"].values.tolist() == labels.tolist()
    assert (results["p_true/status"] == 0).all()


def test_indices_are_those_of_a_network_that_is_sometimes_wrong(results):
    """What any well-trained network shows; the digits of an index are its own."""
    total, first = results["p_true/ST_aggregated"], results["p_true/S1_aggregated"]
    assert ((total > 0) & (total < 1)).all()
    assert total.sum() > first.sum()  # corruptions interact
    assert float(total.sel(factor="noise_seed")) > 0.02
    assert ((results["p_true/mean"] > 0) & (results["p_true/mean"] < 1)).all()
    assert (results["entropy/mean"] < np.log(10)).all()


def test_one_worker_gives_the_same_bits_as_two(results, digits, tmp_path):
    with Local(workers=1).open() as client:
        other = dnnsa.run(study(digits), client, tmp_path / "one.zarr", reporter=Quiet())
    for quantity, node in results.children.items():
        for name, array in node.data_vars.items():
            np.testing.assert_array_equal(array.values, other[quantity][name].values, err_msg=f"{quantity}/{name}")


def test_a_perturbation_that_is_left_out_of_nothing_has_a_total_index_of_zero(client, digits, tmp_path):
    """Noise of amplitude zero: its seed can do nothing, exactly."""
    parts = study(digits).document
    parts = {**parts, "perturb": [*parts["perturb"][:-2], {"kind": "gaussian_noise", "sd": 0.0, "seed": "noise_seed"}]}
    parts["factors"] = {name: law for name, law in parts["factors"].items() if name != "noise"}
    still = dnnsa.run(dnnsa.Study(directory=digits, **parts), client, tmp_path / "still.zarr", reporter=Quiet())
    np.testing.assert_array_equal(still["p_true/ST"].sel(factor="noise_seed").values, 0.0)


def test_pictures_have_the_images_above_their_columns(results, digits, tmp_path):
    images = heldout(digits, "inputs")[:4]
    assert [path.name for path in plot(results, tmp_path, images)] == ["digits-p_true.png", "digits-entropy.png"]


def test_a_network_that_was_trained_again_is_another_study(client, digits, tmp_path):
    for name in ("study.yaml", "digits.keras", "heldout.npz"):
        (tmp_path / name).write_bytes((digits / name).read_bytes())
    made = study(tmp_path, cases=1, base_points=16)
    dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())
    (tmp_path / "digits.keras").write_bytes((digits / "digits.keras").read_bytes() + b" ")
    with pytest.raises(StoreError, match=r"model.path: the file has changed"):
        dnnsa.run(made, client, tmp_path / "out.zarr", reporter=Quiet())


def test_a_missing_network_is_told_before_anything_starts(digits, tmp_path):
    (tmp_path / "study.yaml").write_bytes((digits / "study.yaml").read_bytes())
    with pytest.raises(ModelError, match=r"model.path: there is no file .*digits.keras"):
        dnnsa.run(dnnsa.Study.from_yaml(tmp_path / "study.yaml"), reporter=Quiet())


def test_noise_on_weights_is_a_factor_beside_a_rotation(client, digits, tmp_path):
    parts = read_file(digits / "weights.yaml", StudyError)
    parts["cases"]["count"], parts["design"]["base_points"] = 16, 64
    asked = dnnsa.Study(directory=digits, **parts)
    found = dnnsa.run(asked, client, tmp_path / "weights.zarr", reporter=Quiet())["margin/ST_aggregated"]
    assert found.coords["factor"].values.tolist() == ["conv", "dense", "seed", "rotation"]
    assert float(found.sel(factor="rotation")) > float(found.sel(factor="seed")) > float(found.sel(factor="dense")) > 0


def test_bounds_from_the_network_s_own_derivatives_hold_beside_a_seed(client, digits, tmp_path):
    parts = read_file(digits / "study.yaml", StudyError)
    kept = ("brightness", "contrast", "noise", "noise_seed")
    parts["factors"] = {name: parts["factors"][name] for name in kept}
    parts["perturb"] = [
        step for step in parts["perturb"] if step["kind"] in ("brightness", "contrast", "gaussian_noise")
    ]
    parts["cases"]["count"], parts["design"]["base_points"] = 4, 512
    quantities = {"p": {"kind": "probability", "of": "label"}}
    asked = dnnsa.Study(directory=digits, **parts | {"quantities": quantities, "estimators": [{"kind": "sobol"}]})
    total = dnnsa.run(asked, client, tmp_path / "total.zarr", reporter=Quiet())["p"]
    changes = {
        "design": {"kind": "sample", "base_points": 512, "replicates": 4},
        "quantities": {**quantities, "slope": {"kind": "gradient", "of": "p"}},
        "estimators": [{"kind": "dgsm", "quantity": "p", "gradient": "slope"}],
    }
    screened = dnnsa.Study(directory=digits, **parts | changes)
    bound = dnnsa.run(screened, client, tmp_path / "bound.zarr", reporter=Quiet())["p"]
    assert (bound["ST_bound_upper"] >= total["ST_lower"]).all()
    assert np.isinf(bound["ST_bound"].sel(factor="noise_seed")).all()
    assert np.isfinite(bound["ST_bound"].sel(factor=["brightness", "contrast", "noise"])).all()
