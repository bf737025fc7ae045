"""The laws that every design obeys, whatever it is for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnsa.designs import Morris, Saltelli, Sample
from dnnsa.designs.sequences import SEQUENCES
from dnnsa.layout import apart

KINDS = [
    (Morris, {}),
    (Morris, {"levels": 6}),
    *((kind, {"sequence": name}) for kind in (Saltelli, Sample) for name in SEQUENCES),
    (Saltelli, {"second_order": True}),
]
ALL = pytest.mark.parametrize(("kind", "given_settings"), KINDS)
GROUPS = [(0,), apart(3), (0, 0), (0, 1, 0, 2, 1)]


@ALL
@given(st.sampled_from(GROUPS), st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(0, 5), st.integers(0, 3))
def test_a_block_does_not_depend_on_how_the_table_is_cut(kind, given_settings, groups, seed, power, number, replicate):
    design, size = kind(base_points=4096, seed=seed, **given_settings), 2**power
    halves = [design.points(groups, replicate, (2 * number + half) * size, size) for half in (0, 1)]
    np.testing.assert_array_equal(np.concatenate(halves), design.points(groups, replicate, 2 * number * size, 2 * size))


@ALL
def test_a_longer_study_contains_the_shorter_ones_points(kind, given_settings):
    # 32 points are enough for six columns of Sobol' points to have first bits of their own
    short, long = kind(base_points=128, seed=5, **given_settings), kind(base_points=1024, seed=5, **given_settings)
    np.testing.assert_array_equal(long.points(apart(3), 2, 0, 256)[:32], short.points(apart(3), 2, 0, 32))


@ALL
def test_replicates_do_not_depend_on_how_many_there_are(kind, given_settings):
    few, many = (kind(base_points=1024, replicates=replicates, **given_settings) for replicates in (2, 16))
    np.testing.assert_array_equal(few.points(apart(3), 1, 0, 64), many.points(apart(3), 1, 0, 64))


@ALL
def test_replicates_and_seeds_differ(kind, given_settings):
    drawn = {
        kind(base_points=64, seed=seed, **given_settings).points(apart(3), replicate, 0, 16).tobytes()
        for seed in (0, 1, 2)
        for replicate in (0, 1, 2)
    }
    assert len(drawn) == 9


@ALL
@pytest.mark.parametrize("groups", GROUPS)
def test_points_lie_in_the_open_cube(kind, given_settings, groups):
    points = kind(base_points=4096, **given_settings).points(groups, 0, 0, 1024)
    assert points.min() > 0
    assert points.max() < 1


@ALL
@pytest.mark.parametrize("groups", GROUPS)
def test_there_are_as_many_runs_as_the_layout_says(kind, given_settings, groups):
    design = kind(base_points=64, **given_settings)
    points = design.points(groups, 0, 0, 4)
    for factor in range(len(groups)):
        column = design.column(factor, groups, points[:, :, factor])
        assert column.shape == (4, design.layout(groups).runs)
    assert design.layout(groups).groups == groups
    assert points.shape[::2] == (4, len(groups))


@ALL
def test_the_independent_runs_are_the_first_points(kind, given_settings):
    design = kind(base_points=64, **given_settings)
    points, first = design.points(apart(3), 0, 0, 4), design.layout(apart(3)).independent
    for factor in range(3):
        column = design.column(factor, apart(3), points[:, :, factor])
        np.testing.assert_array_equal(column[:, :first], points[:, :first, factor])


@ALL
def test_columns_are_arranged_without_touching_what_is_given(kind, given_settings):
    design = kind(base_points=64, **given_settings)
    values = design.points(apart(3), 0, 0, 4)[:, :, 1]
    values.flags.writeable = False
    before = values.tobytes()
    design.column(1, apart(3), values)
    assert values.tobytes() == before


@ALL
def test_columns_of_text_are_arranged_like_numbers(kind, given_settings):
    design = kind(base_points=64, **given_settings)
    values = design.points(apart(3), 0, 0, 4)[:, :, 1]
    as_text = design.column(1, apart(3), values.astype(str).astype(object))
    np.testing.assert_array_equal(as_text.astype(float), design.column(1, apart(3), values))
