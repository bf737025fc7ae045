"""What is printed of a quantity as a whole."""

import numpy as np

from dnnsa.view.results import OF_ALL
from dnnsa.view.rows import LABEL

from .trees import bare, bounded, cases, printed, tree


def rows(results):
    """The rows of the table of statistics, and what is said below."""
    found = printed(results).splitlines()
    return found[next(k for k, line in enumerate(found) if line.startswith("statistic")) + 2 :]


def test_moments_have_their_intervals():
    data = bare().assign(bounded("mean", (), np.array(3.5), 0.04) | bounded("variance", (), np.array(13.8), 0.25))
    assert rows(tree(output=data)) == ["mean       3.500 [3.460, 3.540]", "variance   13.80 [13.55, 14.05]"]


def test_quantiles_and_shares_are_named_by_where_they_are_asked():
    data = bare().assign_coords(probability=[0.05, 0.5], threshold=[0.0, 2.5])
    data = data.assign(bounded("quantiles", ("probability",), np.array([1.0, 2.0]), 0.25))
    data = data.assign(bounded("exceedance", ("threshold",), np.array([0.75, 0.5]), 0.02))
    data = data.assign(quantiles_error=((), 0.0625))
    assert rows(tree(output=data)) == [
        "quantile 0.05    1.00 [0.75, 1.25]",
        "quantile 0.5     2.00 [1.75, 2.25]",
        "share above 0    0.750 [0.730, 0.770]",
        "share above 2.5  0.500 [0.480, 0.520]",
        "  quantiles are within 0.0625 of those of the runs' values",
    ]


def test_extremes_say_which_run_gave_them():
    where = {"minimum_replicate": 1, "minimum_base_point": 20, "minimum_run": 0}
    data = bare().assign(minimum=((), -2.5), maximum=((), np.nan), **{key: ((), at) for key, at in where.items()})
    data = data.assign({key.replace("min", "max"): ((), -1) for key in where})
    assert rows(tree(output=data)) == ["minimum    -2.5 at replicate 1, base point 20, run 0", "maximum    -"]


def test_another_quantity_may_be_called_like_a_bound():
    data = bare().assign(bounded("correlation_t_lower", (), np.array(0.5), 0.01))
    data = data.assign(bounded("covariance_t_lower", (), np.array(2.0), 0.25))
    assert rows(tree(output=data)) == [
        "correlation with t_lower  0.500 [0.490, 0.510]",
        "covariance with t_lower   2.00 [1.75, 2.25]",
    ]


def test_a_histogram_is_only_mentioned():
    data = bare().assign_coords(bin=np.arange(8)).assign(histogram=("bin", np.arange(8)), mean=((), 1.0))
    assert rows(tree(output=data)) == ["mean       1", "  the store has a histogram of 8 bins"]


def test_over_cells_there_are_ranges():
    data = bare({"case": 2}, coords=cases(2)).assign_coords(probability=[0.25, 0.75])
    values = {"quantiles": (("probability", "case"), [[1.0, 2.0], [3.0, np.nan]])}
    data = data.assign(mean=(("case",), [-1.0, 4.0]), quantiles_error=(("case",), [0.5, 0.25]), **values)
    assert rows(tree(p_true=data)) == [
        "mean           1.5 (-1 to 4)",
        "quantile 0.25  1.5 (1 to 2)",
        "quantile 0.75  3 (3 to 3)",
        "  quantiles are within 0.5 of those of the runs' values in every cell",
    ]


def test_a_label_is_of_a_statistic_that_is_shown():
    assert LABEL.keys() <= set(OF_ALL)
