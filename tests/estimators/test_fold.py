"""The sums of a block: against a plain reference, and what must hold to the bit."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnnsa.estimators import fold as module
from dnnsa.estimators.fold import TILE, WIDTH, Sums, fold

P = 2
EVEN = (TILE, TILE + 1, 2 * TILE + WIDTH + 3)  # fields that are read where they lie
ODD = (1, 3, WIDTH - 1, WIDTH + 1, TILE - 1)  # fields that are copied


def outputs(n=8, second_order=False, shape=(5,), seed=0, p=P):
    """Outputs whose runs are correlated, (n, runs, *shape)."""
    rng = np.random.default_rng(seed)
    runs = 2 + p * (2 if second_order else 1)
    return rng.standard_normal((n, runs, *shape)) + rng.standard_normal((n, 1, *shape)) + 0.5


def same(left: Sums, right: Sums) -> None:
    for name, a, b in zip(Sums._fields, left, right, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def cells(sums: Sums, where) -> Sums:
    """Of fields with one dimension."""
    return Sums(*(array[..., where] for array in sums))


def reference(y, second_order) -> Sums:
    """From matrices of covariances, cell by cell; y of shape (n, runs, cells)."""
    n, runs, count = y.shape
    p = (runs - 2) // (2 if second_order else 1)
    gram = np.stack([np.cov(y[:, :, c].astype(float), rowvar=False, ddof=0) * n for c in range(count)], axis=-1)
    e, c = slice(2, 2 + p), slice(2 + p, runs)
    return Sums(
        np.full(count, float(n)),
        y.astype(float).mean(axis=0),
        np.einsum("rrc->rc", gram),
        gram[0, e],
        gram[1, e],
        gram[0, 1],
        gram[0, c],
        gram[1, c],
        gram[e, c] if second_order else np.zeros((0, 0, count)),
    )


def close(left: Sums, right: Sums) -> None:
    """To 1e-12 of what the sums are made of: a co-moment may be far smaller than its two runs' sums of squares."""
    size = np.sqrt(right.m2.max(axis=0))  # (*shape)
    for name, a, b in zip(Sums._fields, left, right, strict=True):
        assert a.shape == b.shape, name
        assert (np.abs(a - b) <= 1e-12 * np.maximum(size * size, np.abs(b))).all(), name


@settings(deadline=None, max_examples=30)
@given(
    n=st.integers(2, 13),
    p=st.integers(1, 4),
    count=st.sampled_from([*ODD, *EVEN[:2]]) | st.integers(1, 2 * WIDTH),
    second_order=st.booleans(),
)
def test_sums_are_those_of_a_plain_reference(n, p, count, second_order):
    y = outputs(n, second_order, (count,), seed=n, p=p)[:, :, :200]
    close(fold(y, second_order), reference(y, second_order))


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_whole_tiles_are_those_of_a_plain_reference(dtype, second_order):
    y = outputs(64, second_order, (EVEN[1],)).astype(dtype)
    some = np.r_[0:3, WIDTH - 1 : WIDTH + 2, TILE - 2 : TILE + 1]
    close(cells(fold(y, second_order), some), reference(y[:, :, some], second_order))


@pytest.mark.parametrize("second_order", [False, True])
def test_a_cell_does_not_depend_on_its_neighbours(second_order):
    y = outputs(8, second_order, (EVEN[2],)).astype(np.float32)
    whole = fold(y, second_order)
    for cut in (slice(0, 1), slice(3, 10), slice(WIDTH - 1, 3 * WIDTH), slice(7, 7 + TILE), slice(TILE - 5, None)):
        same(fold(y[:, :, cut], second_order), cells(whole, cut))
        same(fold(np.ascontiguousarray(y[:, :, cut]), second_order), cells(whole, cut))


@settings(deadline=None, max_examples=30)
@given(data=st.data(), n=st.integers(0, 9))
def test_a_field_cut_anywhere_has_the_same_sums(data, n):
    y = outputs(n, True, (TILE + WIDTH + 1,))
    at = data.draw(st.integers(0, y.shape[2]))
    whole = fold(y, True)
    same(fold(y[:, :, :at], True), cells(whole, slice(0, at)))
    same(fold(y[:, :, at:], True), cells(whole, slice(at, None)))


@pytest.mark.parametrize("count", [3, TILE])
@pytest.mark.parametrize("n", [7, 64])
def test_runs_that_are_equal_have_equal_sums(count, n):
    y = outputs(n, True, (count,)) * 1e3 + 1e8
    y[:, 2], y[:, 3] = y[:, 0], y[:, 1]  # E_1 is A, E_2 is B
    y[:, 5] = y[:, 3]  # C_2 is E_2
    sums = fold(y, True)
    np.testing.assert_array_equal(sums.c_ae[0], sums.m2[0])
    np.testing.assert_array_equal(sums.m2[2], sums.m2[0])
    np.testing.assert_array_equal(sums.c_be[1], sums.m2[1])
    np.testing.assert_array_equal(sums.m2[3], sums.m2[1])
    np.testing.assert_array_equal(sums.c_be[0], sums.c_ab)
    np.testing.assert_array_equal(sums.c_ae[1], sums.c_ab)
    np.testing.assert_array_equal(sums.c_ec[1, 1], sums.m2[3])
    np.testing.assert_array_equal(sums.c_ec[0, 0], sums.c_ac[0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("run", range(2 + 2 * P))
@pytest.mark.parametrize("count", [5, TILE])
def test_a_bad_output_takes_its_base_point_out_of_its_cell_only(count, run, bad):
    sound = outputs(8, True, (count,))
    y = sound.copy()
    y[3, run, 2] = bad
    sums, others = fold(y, True), np.arange(count) != 2
    same(cells(sums, others), cells(fold(sound, True), others))
    assert sums.n[2] == 7
    same(cells(sums, slice(2, 3)), fold(np.delete(sound[:, :, 2:3], 3, axis=0), True))


def test_a_cell_with_no_sound_base_point_holds_zeros():
    y = outputs(4, True)
    y[:, 0, 1] = np.nan
    assert all((array[..., 1] == 0).all() for array in fold(y, True))


@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, TILE)])
@pytest.mark.parametrize("second_order", [False, True])
def test_no_base_point_gives_zeros(shape, second_order):
    sums, c = fold(outputs(0, second_order, shape), second_order), P if second_order else 0
    assert [array.shape for array in sums] == [
        (*leading, *shape) for leading in ((), (2 + P + c,), (2 + P + c,), (P,), (P,), (), (c,), (c,), (c, c))
    ]
    assert all((array == 0).all() for array in sums)
    assert all(array.dtype == np.float64 for array in sums)


def test_one_base_point_has_a_mean_and_no_spread():
    y = outputs(1, True) * 1e8
    sums = fold(y, True)
    np.testing.assert_array_equal(sums.mean, y[0])
    assert all((array == 0).all() for array in (sums.m2, *sums[3:]))


def test_two_base_points_have_half_the_square_of_their_difference():
    y = np.array([[1.0, 2.0, 5.0], [4.0, 8.0, 7.0]])
    sums = fold(y, False)
    np.testing.assert_array_equal(sums.mean, [2.5, 5.0, 6.0])
    np.testing.assert_array_equal(sums.m2, [4.5, 18.0, 2.0])
    assert (sums.c_ab, sums.c_ae[0], sums.c_be[0]) == (9.0, 3.0, 6.0)


@pytest.mark.parametrize("count", [5, TILE])
@pytest.mark.parametrize(
    "dtype",
    [np.float16, np.float32, ml_dtypes.bfloat16, np.int8, np.uint8, np.int64, np.bool_, ">f4", ">f8"],
    ids=lambda dtype: np.dtype(dtype).str + np.dtype(dtype).name,
)
def test_any_dtype_is_folded_as_the_same_values_in_float64(dtype, count):
    y = (np.abs(outputs(8, True, (count,))) * 10).astype(dtype)
    same(fold(y, True), fold(y.astype(np.float64), True))


@pytest.mark.parametrize("count", [4, TILE])
def test_a_layout_in_memory_does_not_matter(count):
    y = outputs(8, True, (3, count))
    sums = fold(y, True)
    for other in (np.asfortranarray(y), np.repeat(y, 2, axis=3)[..., ::2], y[::-1, ::-1][::-1, ::-1]):
        assert not other.flags.c_contiguous or other.base is y
        same(fold(other, True), sums)
    transposed = fold(y.swapaxes(2, 3), True)
    same(Sums(*(array.swapaxes(-1, -2) for array in transposed)), sums)
    packed = np.zeros(y.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(y.shape)  # not aligned
    packed[...] = y
    same(fold(packed, True), sums)


@pytest.mark.parametrize("count", [4, TILE])
def test_outputs_that_cannot_be_written_to_are_folded_and_none_is_changed(count):
    y = outputs(8, False, (count,))
    y[0, 0, 0] = np.nan
    before = y.copy()
    y.setflags(write=False)
    same(fold(y, False), fold(before, False))
    np.testing.assert_array_equal(y, before)


@pytest.mark.parametrize("count", [4, TILE])
def test_an_offset_of_whole_numbers_touches_no_bit(count):
    """64 whole numbers have an exact mean, exact deviations and exact sums of their products, at any offset to 2^47."""
    y = np.random.default_rng(0).integers(-50, 50, (64, 6, count)).astype(np.float64)
    near, far = fold(y, True), fold(y + 1e8, True)
    same(far._replace(mean=far.mean - 1e8), near)


@pytest.mark.parametrize("count", [4, TILE])
def test_what_rounding_leaves_of_a_mean_is_taken_off(count):
    """At 1e14 a mean is off by up to 1/128, which would add 1e-4 to sums of squares near 20; deviations are exact."""
    y = np.round(outputs(12, True, (count,)) * 64) / 64
    near, far = fold(y, True), fold(y + 1e14, True)
    close(far._replace(mean=near.mean), near)


@pytest.mark.parametrize("scale", [2.0**-498, 2.0**498])
def test_a_scale_is_a_factor(scale):
    """Powers of two near 1e-150 and 1e150: squares are within range, and a factor touches no bit of the fraction."""
    y = outputs(64, True, (TILE,))
    one, scaled = fold(y, True), fold(y * scale, True)
    np.testing.assert_array_equal(scaled.mean, one.mean * scale)
    for name in Sums._fields[2:]:
        # what rounding left of a mean has a square below the normal range at 1e-150: it is lost, and weighs 1e-32
        np.testing.assert_allclose(getattr(scaled, name), getattr(one, name) * scale * scale, rtol=1e-13, atol=0)


@pytest.mark.parametrize("count", [4, TILE])
@pytest.mark.parametrize("value", [1e200, 1.7e308])
def test_an_overflow_is_not_hidden_and_stays_in_its_cell(count, value):
    y = outputs(8, True, (count,))
    calm = fold(y, True)
    y[:, 0, 1] = value * np.array([1, -1] * 3 + [1, 1])
    sums, others = fold(y, True), np.arange(count) != 1
    assert not np.isfinite(sums.m2[0, 1])
    assert sums.n[1] == 8
    same(cells(sums, others), cells(calm, others))


@pytest.mark.parametrize(("runs", "second_order"), [(2, False), (2, True), (3, True), (5, True)])
def test_a_number_of_runs_that_no_design_has_is_refused(runs, second_order):
    wanted = "2p + 2 runs, an even number from 4" if second_order else "p + 2 runs, 3 or more"
    with pytest.raises(ValueError, match="must have") as caught:
        fold(np.zeros((4, runs)), second_order)
    assert str(caught.value) == f"`y` must have {wanted}, got {runs}: see `Layout.runs`."


@pytest.mark.parametrize("spoil", [False, True], ids=["sound", "bad outputs"])
def test_no_temporary_is_larger_than_a_tile(spoil):
    y = np.random.default_rng(0).random((64, 8, 100_000), dtype=np.float32)
    if spoil:
        y[5, 3, ::1000] = np.nan
    fold(y[:, :, : 2 * TILE], False)  # what is compiled on first use is not of the block
    tracemalloc.start()
    sums = fold(y, False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    result = 30 * 8 * y.shape[2]  # 4p + 5 sums and n, at p = 6
    assert sum(array.nbytes for array in sums) == result
    assert peak < result + 8 * 2**20


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_machine_code_has_the_bits_of_the_python_it_is_made_of(dtype):
    """numpy's scalars neither contract nor reorder, so neither does the compiled code."""
    y = outputs(8, True, (WIDTH,)).astype(dtype) * dtype(1.1)
    n, found = np.full(WIDTH, 8.0), []
    for run in (lambda kernel: kernel, module._compiled):
        total, e = np.zeros((6, WIDTH)), np.zeros((6, WIDTH))
        products, crossed = np.zeros((6 + 5 + 4, WIDTH)), np.zeros((4, WIDTH))
        locked = module._locked(y)
        run(module._totals)(locked, 0, total)
        run(module._products)(locked, 0, total / n, n, e, products)
        run(module._crossed)(locked, 0, total / n, n, e, crossed)
        found.append((total, e, products, crossed))
    for python, compiled in zip(*found, strict=True):
        np.testing.assert_array_equal(python, compiled)


def test_a_process_that_can_write_nowhere_folds_all_the_same(tmp_path: Path):
    (tmp_path / "file").touch()
    code = "import numpy as np, dnnsa.estimators.fold as f; print(f.fold(np.ones((4, 3)), False).n)"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "below")}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "4.0\n", "")
