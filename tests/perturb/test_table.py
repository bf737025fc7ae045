"""Features of a table against NumPy: own standard deviations, own columns, and the numbers of the noise."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import stats

from dnnsa.errors import ModelError
from dnnsa.perturb import FeatureNoise, FeatureShift, Perturbation, Replace
from dnnsa.perturb.base import Data

ROWS = 2000
RNG = np.random.default_rng(0)
SCALE = np.array([1, 100, 0.01, 5])
ENTRIES = (RNG.normal(size=(50, 4)) * SCALE + [0, 1000, 0, -5]).astype(np.float32)
INPUTS = np.repeat(ENTRIES[:1], ROWS, axis=0)
SEEDS = np.arange(ROWS)


def changed(part: Perturbation, values: dict[str, Any], entries: Any = ENTRIES) -> Any:
    apply = part.bind(Data(entries, lambda *_: ENTRIES, Path(), {}))
    tensors = {name: ops.convert_to_tensor(array) for name, array in values.items()}
    case = ops.convert_to_tensor(np.zeros(ROWS, np.int32))
    return ops.convert_to_numpy(apply(ops.convert_to_tensor(INPUTS), tensors, case))


def test_a_shift_is_in_standard_deviations_of_the_column() -> None:
    shift = RNG.uniform(-2, 2, ROWS)
    expected = INPUTS.astype(np.float64)
    expected[:, [1, 3]] += shift[:, None] * ENTRIES[:, [1, 3]].astype(np.float64).std(axis=0)
    result = changed(FeatureShift(shift="shift", columns=(3, 1)), {"shift": shift})
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


def test_noise_is_normal_with_the_standard_deviation_of_the_column() -> None:
    z = (changed(FeatureNoise(sd=0.5, seed="seed"), {"seed": SEEDS}) - INPUTS) / (0.5 * ENTRIES.std(axis=0))
    for column in z.T:
        assert stats.kstest(column, "norm").pvalue > 1e-4  # a fixed draw
    assert np.abs(np.corrcoef(z.T) - np.eye(4)).max() < 0.1  # 4.5 standard errors


def test_noise_of_a_column_does_not_depend_on_which_others_have_some() -> None:
    every = changed(FeatureNoise(sd=1, seed="seed"), {"seed": SEEDS})
    some = changed(FeatureNoise(sd=1, seed="seed", columns=(2,)), {"seed": SEEDS})
    np.testing.assert_array_equal(some[:, 2], every[:, 2])
    np.testing.assert_array_equal(some[:, [0, 1, 3]], INPUTS[:, [0, 1, 3]])


def test_replaced_values_come_from_their_own_column_in_the_share_asked_for() -> None:
    result = changed(Replace(share=0.3, seed="seed", columns=(0, 1, 2)), {"seed": SEEDS})
    np.testing.assert_array_equal(result[:, 3], INPUTS[:, 3])
    for column in range(3):
        assert np.isin(result[:, column], ENTRIES[:, column]).all()
        moved = (result[:, column] != INPUTS[:, column]).mean()
        assert moved == pytest.approx(0.3 * 49 / 50, abs=0.045)  # 4.4 standard errors; 1 of 50 is the value itself


def test_noise_together_is_one_number_for_all_features_of_a_row() -> None:
    part = FeatureNoise(sd=0.5, seed="seed", together=True, columns=(0, 1, 3))
    z = (changed(part, {"seed": SEEDS}) - INPUTS.astype(np.float64)) / (0.5 * ENTRIES.astype(np.float64).std(axis=0))
    np.testing.assert_array_equal(z[:, 2], 0)
    np.testing.assert_allclose(z[:, [1, 3]], z[:, [0, 0]], atol=1e-4)
    assert stats.kstest(z[:, 0], "norm").pvalue > 1e-4  # a fixed draw


def test_relative_noise_and_shifts_are_shares_of_the_value() -> None:
    noisy = changed(FeatureNoise(sd=0.01, seed="seed", of="value", columns=(1, 3)), {"seed": SEEDS})
    share = noisy[:, [1, 3]] / INPUTS[:, [1, 3]] - 1
    np.testing.assert_allclose(share.std(axis=0), 0.01, rtol=0.1)  # 6 standard errors
    np.testing.assert_array_equal(noisy[:, [0, 2]], INPUTS[:, [0, 2]])
    shift = RNG.uniform(-0.5, 0.5, ROWS)
    shifted = changed(FeatureShift(shift="shift", of="value"), {"shift": shift})
    np.testing.assert_allclose(shifted, INPUTS * (1 + shift[:, None]), rtol=1e-5)


def test_features_replaced_together_are_those_of_one_other_input() -> None:
    result = changed(Replace(share=0.4, seed="seed", columns=(0, 2, 3), together=True), {"seed": SEEDS})
    np.testing.assert_array_equal(result[:, 1], INPUTS[:, 1])
    whole = (result[:, None, [0, 2, 3]] == ENTRIES[None][..., [0, 2, 3]]).all(axis=2)  # (rows, entries)
    assert whole.any(axis=1).all()
    assert 1 - whole[:, 0].mean() == pytest.approx(0.4 * 49 / 50, abs=0.05)  # 4.5 standard errors
    counts = whole[:, 1:].sum(axis=0)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_all_values_are_replaced_at_share_1_by_each_entry_equally() -> None:
    result = changed(Replace(share=1, seed="seed"), {"seed": SEEDS})
    for column in range(4):
        counts = np.array([(result[:, column] == value).sum() for value in ENTRIES[:, column]])
        assert counts.sum() == ROWS
        assert stats.chisquare(counts).pvalue > 1e-4


def test_what_a_small_share_replaces_a_larger_one_replaces_by_the_same() -> None:
    small, large = (changed(Replace(share=share, seed="seed"), {"seed": SEEDS}) for share in (0.2, 0.6))
    moved = small != INPUTS
    assert moved.any()
    np.testing.assert_array_equal(large[moved], small[moved])


def test_features_that_go_together_come_from_one_input() -> None:
    result = changed(Replace(share=0.3, seed="seed", columns=(0, 2), together=True), {"seed": SEEDS})
    pairs = {tuple(row) for row in ENTRIES[:, [0, 2]]}
    assert {tuple(row) for row in result[:, [0, 2]]} == pairs  # of all inputs, and no other pair
    np.testing.assert_array_equal(result[:, [1, 3]], INPUTS[:, [1, 3]])
    moved = (result[:, 0] != INPUTS[:, 0]).mean()
    assert moved == pytest.approx(0.3 * 49 / 50, abs=0.045)  # 4.4 standard errors; 1 of 50 is the input itself


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (FeatureNoise(sd="x", seed=0), -0.1),
        (Replace(share="x", seed=0), -0.1),
        (Replace(share="x", seed=0), 1.1),
        (Replace(share="x", seed=0), np.nan),
    ],
)
def test_a_strength_without_a_meaning_is_nan(part: Perturbation, value: float) -> None:
    assert np.isnan(changed(part, {"x": np.full(ROWS, value)})).all()


@pytest.mark.parametrize(
    "part", [FeatureNoise(sd=1, seed="seed"), Replace(share=0.5, seed="seed")], ids=lambda part: part.kind
)
def test_seeds_are_integers(part: Perturbation) -> None:
    with pytest.raises(ModelError, match=r"^seed: factor `seed` must give integers, got float64"):
        changed(part, {"seed": SEEDS * 1.0})


def test_columns_that_are_not_there_or_hold_nan_are_refused() -> None:
    with pytest.raises(ModelError, match=r"^columns: the inputs have 4 features, got column 4: .* 0 to 3"):
        changed(FeatureShift(shift=1, columns=(4,)), {})
    holed = ENTRIES.copy()
    holed[9, 2] = np.nan
    with pytest.raises(ModelError, match=r"^feature_shift needs finite numbers .* column 2 holds NaN"):
        changed(FeatureShift(shift=1), {}, holed)
    assert np.isfinite(changed(FeatureShift(shift=1, columns=(0,)), {}, holed)).all()


@pytest.mark.parametrize("columns", [(), (-1,), (1, 1)])
def test_columns_are_different_numbers(columns: tuple[int, ...]) -> None:
    for make in (lambda: FeatureShift(shift=1, columns=columns), lambda: Replace(share=0, seed=0, columns=columns)):
        with pytest.raises(ValueError, match="`columns` must be different numbers"):
            make()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_from_0_to_1(share: float) -> None:
    with pytest.raises(ValueError, match="`share` must be from 0 to 1"):
        Replace(share=share, seed=0)
