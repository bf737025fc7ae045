"""A small network of images, a study of it, and its index maps, made in this process."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa import Study
from dnnsa.engine import Job
from dnnsa.engine.block import draws, load, runs
from dnnsa.engine.plan import Field, make_plan
from dnnsa.engine.tasks import block_states, finalize_all

IMAGES = np.random.default_rng(0).random((6, 8, 8, 2), dtype=np.float32)  # (rows, y, x, channel)


def cnn() -> Any:
    """A trained network would do as well: this one has random weights, always the same."""
    import keras

    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Input((8, 8, 2), name="image"),
        keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax", name="out"),
    ]
    network = keras.Sequential(layers)
    network(IMAGES)  # what is exported must have been called
    return network


def study_of(folder: Path, model: dict[str, Any], **other: Any) -> Study:
    """Four perturbations of three images, and quantities of the network's answers."""
    np.savez(folder / "held.npz", inputs=IMAGES, labels=np.arange(6) % 3)
    uniform: dict[str, Any] = {"kind": "uniform", "low": 0}
    parts = {
        "name": "images",
        "factors": {
            "turn": {"kind": "uniform", "low": -30, "high": 30},
            "light": uniform | {"high": 0.3},
            "sd": uniform | {"high": 0.3},
            "seed": {"kind": "integers", "low": 0, "high": 1000},
        },
        "design": {"kind": "saltelli", "base_points": 128, "replicates": 2, "seed": 0},
        "model": {"outputs": "probabilities", **model},
        "cases": {"path": "held.npz", "labels": "labels", "count": 3},
        "perturb": [
            {"kind": "rotation", "angle": "turn"},
            {"kind": "brightness", "delta": "light"},
            {"kind": "gaussian_noise", "sd": "sd", "seed": "seed"},
        ],
        "quantities": {"p": {"kind": "output"}, "p_true": {"kind": "probability", "of": "label"}},
        **other,
    }
    return Study(directory=folder, **parts)


def maps(study: Study) -> dict[str, NDArray[Any]]:
    """Every map of the study's results, by quantity and name, and the outputs of a replicate's runs, by quantity."""
    job = Job(study, study.digests())
    size, replicates = study.design.base_points // study.design.replicates, range(study.design.replicates)
    points = [draws(job).points(replicate, 0, size) for replicate in replicates]
    outputs = load(job).run(runs(job, points[0]))  # of as many runs as a block has: each number is compiled for
    fields = {name: Field(array.shape[1:], str(array.dtype), (), {}) for name, array in outputs.items()}
    plan = make_plan(draws(job), study.estimators, fields)
    states = [list(block_states(job, plan, one, [])) for one in points]
    found: dict[str, NDArray[Any]] = {}
    for number, part in enumerate(plan.parts):
        for row, slab in enumerate(part):
            resolution = fields[slab.quantity].resolution
            done = finalize_all(job, slab.quantity, [parts[number][row] for parts in states], resolution)
            found |= {f"{slab.quantity}/{name}": map_.array for name, map_ in done.maps.items()}
    return found | dict(outputs)


def assert_same_results(one: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]], bounds: bool = True) -> None:
    """Outputs within 1e-5 and maps within 1e-4 of each other; without bounds, where few base points make them wide."""
    assert one.keys() == other.keys()
    for name, array in one.items():
        if name.endswith(("_lower", "_upper")) and not bounds:
            continue
        np.testing.assert_allclose(other[name], array, rtol=0, atol=1e-4 if "/" in name else 1e-5, err_msg=name)
