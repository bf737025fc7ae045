"""What every change of weights must obey, and rounding and pruning against NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops
from numpy.typing import NDArray

from dnnsa.errors import ModelError
from dnnsa.weights import KINDS, Prune, Quantize, RelativeNoise, WeightPerturbation
from dnnsa.weights.base import Part

RNG = np.random.default_rng(0)
PARTS = [
    Part("a/kernel", "a", RNG.normal(size=(7, 5)).astype(np.float32), True),
    Part("a/bias", "a", RNG.normal(size=5).astype(np.float32), True),
    Part("b/kernel", "b", RNG.normal(size=(3, 3, 2, 4)).astype(np.float32), True),
    Part("b/zeros", "b", np.zeros((2, 2), np.float32), True),
    Part("norm/mean", "norm", RNG.normal(size=(4, 4)).astype(np.float32), False),
]
BY_FACTORS: list[WeightPerturbation] = [
    RelativeNoise(sd="sd", seed="seed"),
    Quantize(bits="bits"),
    Prune(share="share"),
]
VALUES = {"sd": 0.3, "seed": np.int64(5), "bits": np.int64(4), "share": 0.37}
of_each_kind = pytest.mark.parametrize("part", BY_FACTORS, ids=lambda part: part.kind)


def changed(part: WeightPerturbation, **values: Any) -> list[NDArray[Any]]:
    tensors = [ops.convert_to_tensor(one.value) for one in PARTS]
    given = {name: ops.convert_to_tensor(value) for name, value in (VALUES | values).items()}
    return [np.array(ops.convert_to_numpy(one)) for one in part.bind(PARTS, Path(), {})(tensors, given)]


def test_every_kind_is_listed_under_its_name() -> None:
    assert {part.kind: type(part) for part in BY_FACTORS} == KINDS


@of_each_kind
def test_shapes_and_dtypes_are_kept_and_what_was_not_trained_stays(part: WeightPerturbation) -> None:
    result = changed(part)
    assert [(one.shape, one.dtype) for one in result] == [(one.value.shape, one.value.dtype) for one in PARTS]
    np.testing.assert_array_equal(result[4], PARTS[4].value)
    assert (result[0] != PARTS[0].value).any()
    assert (result[2] != PARTS[2].value).any()
    np.testing.assert_array_equal(result[3], 0)


@of_each_kind
def test_layers_that_are_not_named_stay(part: WeightPerturbation) -> None:
    settings = {name: getattr(part, name) for name in ("sd", "seed", "bits", "share") if hasattr(part, name)}
    result = changed(type(part)(layers=("b",), **settings))
    for one, before in zip(result[:2], PARTS[:2], strict=True):
        np.testing.assert_array_equal(one, before.value)
    assert (result[2] != PARTS[2].value).any()


@of_each_kind
def test_a_layer_without_trained_weights_is_refused(part: WeightPerturbation) -> None:
    settings = {name: getattr(part, name) for name in ("sd", "seed", "bits", "share") if hasattr(part, name)}
    with pytest.raises(ModelError) as error:
        changed(type(part)(layers=("norm",), **settings))
    assert str(error.value) == "layers: the network has no layer `norm` with trained weights: it has `a`, `b`."


@of_each_kind
def test_a_constant_is_a_factor_that_does_not_vary(part: WeightPerturbation) -> None:
    fixed = type(part)(**{name: np.asarray(VALUES[name]).item() for name in part.factors})
    assert fixed.factors == ()
    for one, other in zip(changed(fixed), changed(part), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("part", [RelativeNoise(sd=0.0, seed=3), Prune(share=0.0)], ids=lambda part: part.kind)
def test_the_neutral_strength_gives_the_weights_back_bit_for_bit(part: WeightPerturbation) -> None:
    for one, before in zip(changed(part), PARTS, strict=True):
        np.testing.assert_array_equal(one, before.value)


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_quantised_weights_are_the_nearest_of_so_many_levels(bits: int) -> None:
    result = changed(Quantize(bits=bits))
    for number in (0, 2):
        before = PARTS[number].value.astype(float)
        step = np.abs(before).max() / (2 ** (bits - 1) - 1)
        np.testing.assert_allclose(result[number], np.rint(before / step) * step, atol=1e-6)
        assert len(np.unique(np.rint(result[number] / step))) <= 2**bits - 1
    np.testing.assert_array_equal(result[1], PARTS[1].value)


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_the_smallest_weights_are_pruned(share: float) -> None:
    result = changed(Prune(share=share))
    for number in (0, 2):
        before, after = PARTS[number].value.ravel(), result[number].ravel()
        gone = np.argsort(np.abs(before))[: int(share * len(before))]
        expected = before.copy()
        expected[gone] = 0
        np.testing.assert_array_equal(after, expected)
    np.testing.assert_array_equal(result[1], PARTS[1].value)


@pytest.mark.parametrize(
    ("part", "values"),
    [
        (BY_FACTORS[0], {"sd": -0.1}),
        (BY_FACTORS[1], {"bits": np.int64(1)}),
        (BY_FACTORS[2], {"share": 1.01}),
        (BY_FACTORS[2], {"share": -0.01}),
    ],
)
def test_a_strength_without_a_meaning_is_a_failed_run(part: WeightPerturbation, values: dict[str, Any]) -> None:
    assert np.isnan(changed(part, **values)[0]).all()


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (Quantize, {"bits": 1}, "`bits` must be 2 or more, got 1"),
        (Prune, {"share": 1.5}, "`share` must be from 0 to 1, got 1.5"),
        (RelativeNoise, {"sd": -1.0, "seed": 0}, "`sd` must be 0 or more, got -1"),
    ],
)
def test_constants_without_a_meaning_are_refused_at_once(kind: Any, settings: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        kind(**settings)
    assert str(error.value) == message
