"""What may vary beside the inputs: weights, dropped units and the case itself; what is asked beside the outputs."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from dnnsa import Study
from dnnsa.engine.network import network_evaluator
from dnnsa.errors import ModelError, StudyError
from dnnsa.models.base import Evaluator

Array = NDArray[Any]
ROWS, FEATURES, HIDDEN, CLASSES = 5, 3, 6, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, FEATURES)).astype(np.float32)
UNIT = {"kind": "uniform", "low": 0, "high": 1}
INTEGERS = {"kind": "integers", "low": 0, "high": 1000}
DRIFT: list[dict[str, Any]] = [{"kind": "brightness", "delta": "delta"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("subjects")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    given = keras.Input((FEATURES,))
    hidden = layers.Dense(HIDDEN, activation="tanh", name="hidden")(given)
    dropped = layers.Dropout(0.5, name="drop")(hidden)
    keras.Model(given, layers.Dense(CLASSES, name="last")(dropped)).save(directory / "net.keras")
    np.savez(directory / "cases.npz", inputs=X, labels=np.arange(ROWS) % CLASSES)
    return directory


def study(folder: Path, factors: dict[str, Any], **parts: Any) -> Study:
    whole = {
        "name": "subject",
        "factors": factors,
        "design": {"kind": "sample", "base_points": 64},
        "model": {"kind": "keras", "path": "net.keras", "outputs": "logits"},
        "cases": {"path": "cases.npz", "labels": "labels"},
        "quantities": {"y": {"kind": "output", "dims": ["class"]}},
        "estimators": [{"kind": "moments"}],
    }
    return Study(directory=folder, **{**whole, **parts})


def evaluator(folder: Path, factors: dict[str, Any], **parts: Any) -> Evaluator:
    asked = study(folder, factors, **parts)
    return network_evaluator(asked, folder, asked.digests())


def refusal(folder: Path, factors: dict[str, Any], **parts: Any) -> str:
    with pytest.raises(ModelError) as error:
        evaluator(folder, factors, **parts)
    return str(error.value)


def predicted(folder: Path, x: Array = X) -> Array:
    return np.array(keras.saving.load_model(folder / "net.keras")(x, training=False))


# weights --------------------------------------------------------------------------------------------------------------

NOISE = {"kind": "relative_noise", "sd": "sd", "seed": "seed"}
WEIGHTS = {"sd": UNIT, "seed": INTEGERS}


def test_weights_without_noise_give_the_network_back(folder: Path) -> None:
    run = evaluator(folder, WEIGHTS, weights=[NOISE]).run
    result = run({"sd": np.zeros(3), "seed": np.arange(3)})["y"]
    np.testing.assert_allclose(result, np.broadcast_to(predicted(folder), (3, ROWS, CLASSES)), atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 4096])
def test_a_run_has_weights_of_its_own_for_all_of_its_cases(folder: Path, batch_size: int) -> None:
    model = {"kind": "keras", "path": "net.keras", "batch_size": batch_size}
    run = evaluator(folder, WEIGHTS, model=model, weights=[{**NOISE, "layers": ["last"]}]).run
    result = run({"sd": np.array([0.0, 0.5, 0.5, 0.5]), "seed": np.array([1, 1, 2, 1])})["y"]
    np.testing.assert_array_equal(result[1], result[3])
    assert np.abs(result[1] - result[2]).min() > 1e-3
    network = keras.saving.load_model(folder / "net.keras")
    features = np.array(keras.Model(network.input, network.get_layer("hidden").output)(X))
    features = np.column_stack([features, np.ones(ROWS)])
    for run_of in result:  # one linear layer, whatever its weights are, for all cases: their outputs fit it exactly
        fitted = features @ np.linalg.lstsq(features, run_of, rcond=None)[0]
        np.testing.assert_allclose(fitted, run_of, atol=1e-5)


def test_noise_on_weights_scales_with_its_amplitude_and_the_spread_of_the_tensor(folder: Path) -> None:
    network = keras.saving.load_model(folder / "net.keras")
    kernel = np.array(network.get_layer("last").kernel)
    run = evaluator(folder, WEIGHTS, weights=[{**NOISE, "layers": ["last"]}]).run
    seeds = np.arange(400)
    shift = run({"sd": np.full(400, 0.3), "seed": seeds})["y"] - predicted(folder)  # (400, cases, classes)
    features = np.array(keras.Model(network.input, network.get_layer("hidden").output)(X))
    expected = 0.3 * kernel.std() * np.linalg.norm(features, axis=1)  # (cases,)
    np.testing.assert_allclose(shift.std(axis=(0, 2)), expected, rtol=0.1)
    twice = run({"sd": np.full(400, 0.6), "seed": seeds})["y"] - predicted(folder)
    np.testing.assert_allclose(twice, 2 * shift, atol=1e-5)


def test_an_amplitude_below_zero_is_a_failed_run(folder: Path) -> None:
    run = evaluator(folder, {**WEIGHTS, "sd": {"kind": "uniform", "low": -1, "high": 1}}, weights=[NOISE]).run
    assert np.isnan(run({"sd": np.array([-0.1]), "seed": np.array([0])})["y"]).all()


def test_a_layer_that_is_not_there_is_refused(folder: Path) -> None:
    assert refusal(folder, WEIGHTS, weights=[{**NOISE, "layers": ["drop"]}]) == (
        "weights[0].layers: the network has no layer `drop` with trained weights: it has `hidden`, `last`."
    )


# dropout --------------------------------------------------------------------------------------------------------------

DROPPING = {"kind": "keras", "path": "net.keras", "dropout": "mask"}


def test_a_mask_is_a_function_of_its_index(folder: Path) -> None:
    run = evaluator(folder, {"mask": INTEGERS}, model=DROPPING).run
    result = run({"mask": np.array([3, 8, 3])})["y"]
    np.testing.assert_array_equal(result[0], result[2])
    assert np.abs(result[0] - result[1]).max() > 1e-2


def test_the_mean_over_masks_is_the_network_without_dropout(folder: Path) -> None:
    run = evaluator(folder, {"mask": {**INTEGERS, "high": 100_000}}, model=DROPPING).run
    result = run({"mask": np.arange(4000)})["y"]  # the layers after the mask are linear
    error = result.std(axis=0) / np.sqrt(4000)
    assert (np.abs(result.mean(axis=0) - predicted(folder)) < 4 * error + 1e-6).all()


def test_a_dropout_layer_that_is_not_there_is_refused(folder: Path) -> None:
    assert refusal(folder, {"mask": INTEGERS}, model={**DROPPING, "dropout": {"last": "mask"}}) == (
        "model.dropout: the network has no dropout layer `last`: it has `drop`."
    )


# the case as a factor -------------------------------------------------------------------------------------------------


def test_which_case_a_run_is_of_can_be_a_factor(folder: Path) -> None:
    factors = {"row": {"kind": "integers", "low": 0, "high": ROWS - 1}, "delta": UNIT}
    made = evaluator(folder, factors, cases={"path": "cases.npz", "factor": "row"}, perturb=DRIFT)
    row, delta = np.array([4, 0, 2, 4]), np.array([0.0, 0.5, 0.25, 1.0])
    result = made.run({"row": row, "delta": delta})["y"]
    x = X[row] + delta[:, None].astype(np.float32)
    np.testing.assert_allclose(result, predicted(folder, x), atol=1e-6)
    assert (made.dims, made.coords) == ({"y": ("class",)}, {})


def test_a_factor_that_may_name_no_case_is_refused(folder: Path) -> None:
    factors = {"row": {"kind": "integers", "low": 0, "high": ROWS}}
    assert refusal(folder, factors, cases={"path": "cases.npz", "factor": "row"}) == (
        "cases.factor: `row` must be an integer from 0 to 4, the number of a case, and is from 0 to 5: make it "
        "{kind: integers, low: 0, high: 4}."
    )


def test_a_factor_that_is_no_integer_names_no_case(folder: Path) -> None:
    factors = {"row": {"kind": "choice", "values": [0, 99, 1]}}
    assert "and is of kind `choice`: make it" in refusal(folder, factors, cases={"path": "cases.npz", "factor": "row"})


# several factors of one law -------------------------------------------------------------------------------------------


def test_a_factor_with_a_count_is_so_many_factors(folder: Path) -> None:
    asked = study(
        folder,
        {"x": {**UNIT, "count": 3}},
        cases=None,
        model={"kind": "keras", "path": "net.keras", "inputs": ["x"]},
    )
    assert list(asked.factors) == ["x_0", "x_1", "x_2"]
    assert Study(directory=folder, **asked.document) == asked
    run = network_evaluator(asked, folder, asked.digests()).run
    x = RNG.random((4, 3))
    result = run({f"x_{k}": x[:, k] for k in range(3)})["y"]
    np.testing.assert_allclose(result, predicted(folder, x.astype(np.float32)), atol=1e-6)


def test_names_that_a_count_would_take_twice_are_refused(folder: Path) -> None:
    with pytest.raises(StudyError) as error:
        study(folder, {"x": {**UNIT, "count": 3}, "x_1": UNIT}, cases=None)
    assert str(error.value) == "factors.x: `x_1` is also the name of another factor: rename one of them."


# layers and derivatives -----------------------------------------------------------------------------------------------


def test_the_outputs_of_a_layer_can_be_asked_for(folder: Path) -> None:
    quantities = {"h": {"kind": "activation", "layer": "hidden", "dims": ["unit_of"]}, "y": {"kind": "output"}}
    run = evaluator(folder, {"delta": UNIT}, perturb=DRIFT, quantities=quantities).run
    result = run({"delta": np.array([0.0, 0.5])})
    network = keras.saving.load_model(folder / "net.keras")
    hidden = keras.Model(network.input, network.get_layer("hidden").output)
    np.testing.assert_allclose(result["h"][1], np.array(hidden(X + np.float32(0.5))), atol=1e-6)
    np.testing.assert_allclose(result["y"][0], predicted(folder), atol=1e-6)


def test_a_layer_that_is_not_there_is_named(folder: Path) -> None:
    message = refusal(folder, {"delta": UNIT}, perturb=DRIFT, quantities={"h": {"kind": "activation", "layer": "no"}})
    assert message.startswith("quantities: the network has no layer `no`: it has ")
    assert "`hidden`, `drop`, `last`" in message


def test_derivatives_by_the_factors_are_those_of_differences(folder: Path) -> None:
    quantities = {"y": {"kind": "output", "dims": ["class"]}, "dy": {"kind": "gradient", "of": "y"}}
    perturb = [*DRIFT, {"kind": "contrast", "factor": "strength"}]
    made = evaluator(folder, {"strength": UNIT, "delta": UNIT}, perturb=perturb, quantities=quantities)
    at = {"strength": np.array([0.3, 0.8]), "delta": np.array([0.1, 0.6])}
    slopes = made.run(at)["dy"]
    assert slopes.shape == (2, 2, ROWS, CLASSES)
    assert made.dims["dy"] == ("by_factor", "case", "class")
    for k, name in enumerate(["strength", "delta"]):
        up, down = (made.run({**at, name: at[name] + h})["y"] for h in (0.01, -0.01))
        np.testing.assert_allclose(slopes[:, k], (up - down) / 0.02, atol=2e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"quantities": {"y": {"kind": "correct"}, "dy": {"kind": "gradient", "of": "y"}}},
            "quantities.dy.of: `y`, of kind `correct`, jumps or has no derivative: take another one.",
        ),
        (
            {"weights": [{"kind": "relative_noise", "sd": 0.1, "seed": 0}]},
            "quantities.dy.of: derivatives are of inputs, not of `weights`: leave one of the two out.",
        ),
    ],
)
def test_what_has_no_derivative_is_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    quantities = {"y": {"kind": "output"}, "dy": {"kind": "gradient", "of": "y"}}
    assert refusal(folder, {"delta": UNIT}, perturb=DRIFT, **{"quantities": quantities, **changes}) == message
