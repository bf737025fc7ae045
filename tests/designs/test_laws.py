"""The laws that every design obeys, whatever it is for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnnsa.designs import External, Morris, Saltelli, Sample
from dnnsa.designs.sequences import SEQUENCES, enough
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


def begins(long, short, groups):
    """Whether each replicate of a design begins with the points of that of a smaller one."""
    share = short.base_points // short.replicates
    return all(
        np.array_equal(long.points(groups, number, 0, share), short.points(groups, number, 0, share))
        for number in range(short.replicates)
    )


SHARES = [1, 2, 8, 16, 32, 64, 256, 512]


@ALL
@pytest.mark.parametrize("groups", [apart(3), (0, 1, 0, 2, 1)])
def test_a_design_knows_whether_it_begins_with_a_smaller_ones_points(kind, given_settings, groups):
    told = set()
    for fewer, more in [(fewer, more) for fewer in SHARES for more in SHARES if fewer < more]:
        short, long = (kind(base_points=4 * share, seed=5, **given_settings) for share in (fewer, more))
        told.add(long.begins_with(groups, short.base_points))
        assert long.begins_with(groups, short.base_points) == begins(long, short, groups), (fewer, more)
    sobol = kind is not Morris and given_settings.get("sequence", "sobol") == "sobol"
    assert told == ({True, False} if sobol else {True})


@pytest.mark.parametrize(("kind", "columns"), [(Saltelli, 6), (Sample, 3)])
@pytest.mark.parametrize("replicates", [1, 3, 4])
def test_sobol_points_are_others_where_a_replicate_grows_past_so_many_that_columns_differ(kind, columns, replicates):
    last = replicates * enough(columns) // 2  # base points, with which dimensions are put in another order still
    designs = [kind(base_points=last * times, replicates=replicates) for times in (1, 2, 4)]
    assert [design.begins_with(apart(3), last) for design in designs] == [True, False, False]
    assert not begins(designs[1], designs[0], apart(3))
    assert designs[2].begins_with(apart(3), 2 * last)
    assert begins(designs[2], designs[1], apart(3))


@pytest.mark.parametrize("replicates", [1, 2, 8])
def test_what_a_design_begins_with_is_told_of_each_replicate(replicates):
    short, long = (Saltelli(base_points=n, replicates=replicates, seed=1) for n in (128, 1024))
    assert long.begins_with(apart(5), 128) == begins(long, short, apart(5)) == (replicates <= 2)  # 64 for ten columns


def test_a_table_begins_with_no_other_one():
    assert not External(path="table.csv", pattern="sample").begins_with(apart(3), 4)


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
