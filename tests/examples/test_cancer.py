"""The cancer example: what goes together must be replaced together, or an index says something else."""

import numpy as np
import pytest

import dnnsa
from dnnsa.errors import StudyError
from dnnsa.reading import read_file
from dnnsa.view.progress import Quiet

STUDIES = ("study", "replace", "apart")
MEASURED = {
    "size": {"radius", "perimeter", "area"},
    "texture": {"texture"},
    "smoothness": {"smoothness"},
    "concavity": {"compactness", "concavity", "concave points"},
    "symmetry": {"symmetry"},
    "fractal": {"fractal dimension"},
}


def parts(example, name):
    return read_file(example("cancer") / f"{name}.yaml", StudyError)


@pytest.fixture(scope="module")
def results(client, example, tmp_path_factory):
    """Both studies of replacement, of 24 patients at 64 base points: the probability, and what is right."""
    found = {}
    for name in ("replace", "apart"):
        small = parts(example, name)
        small["cases"]["count"], small["design"]["base_points"] = 24, 64
        small["quantities"] = {key: small["quantities"][key] for key in ("p_malignant", "right")}
        study = dnnsa.Study(directory=example("cancer"), **small)
        found[name] = dnnsa.run(study, client, tmp_path_factory.mktemp(name) / "out.zarr", reporter=Quiet())
    return found


@pytest.mark.parametrize("study", STUDIES)
def test_the_thirty_features_are_six_measurements(example, study):
    with np.load(example("cancer") / "heldout.npz") as file:
        names = [name.removeprefix("mean ").removeprefix("worst ").removesuffix(" error") for name in file["names"]]
    steps = parts(example, study)["perturb"]
    assert sorted(column for step in steps for column in step["columns"]) == list(range(30))
    for step, measured in zip(steps, MEASURED.values(), strict=True):
        assert {names[column] for column in step["columns"]} == measured


@pytest.mark.parametrize("study", ["replace", "apart"])
def test_there_is_one_index_for_each_measurement(results, study):
    assert results[study]["p_malignant"]["factor"].values.tolist() == list(MEASURED)


def test_how_much_noise_and_which_have_one_index(example):
    factors = parts(example, "study")["factors"]
    assert {name.split("_")[0]: law["group"] for name, law in factors.items()} == {name: name for name in MEASURED}


def total(results, study):
    data = results[study]["p_malignant"]
    return {name: float(data["ST_aggregated"].sel(factor=name)) for name in MEASURED}


def test_the_size_decides_most_and_more_than_it_seems_feature_by_feature(results):
    assert total(results, "replace")["size"] > 0.6
    assert total(results, "apart")["size"] < 0.55
    assert max(total(results, "apart"), key=total(results, "apart").get) == "size"


def test_a_patient_replaced_feature_by_feature_keeps_most_of_the_evidence(results):
    right = {name: float(found["right"]["mean"].mean()) for name, found in results.items()}
    assert right["apart"] > right["replace"] + 0.05 > 0.6
