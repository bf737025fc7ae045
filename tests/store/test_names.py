"""The table of names: nothing that an estimator writes is without words."""

import pytest

from dnnsa import estimators
from dnnsa.designs import KINDS as DESIGNS
from dnnsa.factors import Uniform
from dnnsa.layout import apart
from dnnsa.store.names import MEANING, long_name, meaning, side

NEEDS = {
    "active_subspace": {"quantity": "a", "gradient": "b"},
    "covariance": {"quantity": "a", "other": "b"},
    "dgsm": {"quantity": "a", "gradient": "b"},
    "exceedance": {"thresholds": (0.0,)},
    "hsic": {"goal": estimators.hsic.Goal()},
}
LAWS = (Uniform(low=0.0, high=1.0), Uniform(low=0.0, high=1.0))


def written(kind):
    """The names of the maps of an estimator."""
    estimator = estimators.KINDS[kind](**NEEDS.get(kind, {}))
    design = DESIGNS["morris"](base_points=8) if kind == "morris" else DESIGNS["saltelli"](base_points=8)
    layout = design.layout(apart(2))._replace(laws=LAWS, random=True, second_order=kind == "sobol")
    return list(estimator.finalize([estimator.init(layout, ())], layout, 0.0).maps)


@pytest.mark.parametrize("kind", estimators.KINDS)
def test_every_map_of_an_estimator_is_named(kind):
    names = written(kind)
    assert {name for name in names if not long_name(name, names)} == set()


def test_no_name_in_the_table_is_of_nothing():
    assert {name for kind in estimators.KINDS for name in written(kind)} >= MEANING.keys()


def test_a_bound_says_of_what_and_which():
    names = ["mu_star", "mu_star_lower", "ST_bound", "ST_bound_upper"]
    assert long_name("mu_star_lower", names) == "mean absolute elementary effect, lower bound"
    assert long_name("ST_bound", names) == meaning("ST_bound")
    assert long_name("ST_bound_upper", names).endswith("derivatives allow, upper bound")


def test_names_with_underscores_are_not_split():
    assert side("quantiles_error", ["quantiles", "quantiles_error"]) == ""
    assert meaning("correlation_heat_flux_upper") == "correlation with `heat_flux_upper`"
    assert meaning("minimum_base_point") == "base point, by its number in the replicate, that has the smallest value"


def test_what_nobody_has_named_has_no_words():
    assert meaning("mystery") == ""
