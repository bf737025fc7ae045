"""What holds for the law of every factor: order, cuts, its own distribution function; what no factor can have."""

import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from dnnsa.factors import KINDS, Choice, Empirical, Uniform
from tests.factors.examples import CONTINUOUS, DISCRETE, LAWS, TRUNCATED, U, name

REQUIRED = {
    "uniform": {"low": 0, "high": 1},
    "loguniform": {"low": 1, "high": 2},
    "normal": {"mean": 0, "sd": 1},
    "lognormal": {"mean": 0, "sd": 1},
    "truncnormal": {"mean": 0, "sd": 1, "low": -1, "high": 1},
    "triangular": {"low": 0, "mode": 1, "high": 2},
    "beta": {"a": 1, "b": 1},
    "weibull": {"shape": 1, "scale": 1},
    "gumbel": {"loc": 0, "scale": 1},
    "integers": {"low": 0, "high": 1},
    "choice": {"values": ("a", "b")},
    "empirical": {"path": "a.npy"},
}
COORDINATES = st.lists(st.integers(0, 2**32 - 1).map(lambda k: (k + 0.5) / 2**32), min_size=1, max_size=20)


def test_every_kind_is_among_the_examples():
    assert {factor.kind for factor in LAWS} == set(KINDS) == set(REQUIRED)


@pytest.mark.parametrize(("factor", "law"), CONTINUOUS, ids=name)
def test_a_continuous_law_is_scipys(factor, law):
    """Tolerance: SciPy's own truncated normal and beta are right to about 1e-13; u near 1 has 24 bits of 1 - u."""
    x = factor.ppf(U)
    np.testing.assert_allclose(x, law.ppf(U), rtol=1e-12, atol=1e-12 * law.std())
    np.testing.assert_allclose(factor.cdf(x), law.cdf(x), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("factor", [*(factor for factor, _ in CONTINUOUS), *TRUNCATED], ids=name)
def test_a_continuous_law_inverts_its_distribution_function(factor):
    assert not factor.discrete
    np.testing.assert_allclose(factor.cdf(factor.ppf(U)), U, rtol=0, atol=1e-12)


@pytest.mark.parametrize("factor", [*(factor for factor, _ in CONTINUOUS), *TRUNCATED], ids=name)
def test_a_law_is_finite_and_rises_to_the_ends_of_the_unit_interval(factor):
    x = factor.ppf(U)
    assert np.isfinite(x).all()
    assert (np.diff(x) >= 0).all()
    assert x[0] < np.median(x) < x[-1]


@pytest.mark.parametrize("factor", LAWS, ids=name)
@given(u=COORDINATES, v=COORDINATES)
def test_a_law_keeps_order(factor, u, v):
    """In a discrete law's own order, which its distribution function tells."""
    u = np.sort([*u, *v])
    x = factor.ppf(u)
    assert (np.diff(factor.cdf(x) if factor.discrete else x) >= 0).all()


@pytest.mark.parametrize("factor", LAWS, ids=name)
@given(u=COORDINATES, cut=st.integers(0, 20))
def test_a_law_gives_the_same_bits_however_its_argument_is_cut(factor, u, cut):
    u = np.array(u)
    whole = factor.ppf(u)
    assert np.concatenate([factor.ppf(u[:cut]), factor.ppf(u[cut:])]).tolist() == whole.tolist()
    assert factor.ppf(np.stack([u, u], axis=1)[:, 1]).tolist() == whole.tolist()  # a column of a table, as in a block
    assert [factor.ppf(one.reshape(1, 1)).tolist()[0][0] for one in u] == whole.tolist()


@pytest.mark.parametrize("factor", LAWS, ids=name)
def test_a_law_keeps_the_shape_of_its_argument_and_leaves_it_alone(factor):
    u = np.linspace(0, 1, 14)[1:-1].reshape(3, 2, 2)
    u.setflags(write=False)
    x = factor.ppf(u)
    x.setflags(write=False)
    assert x.shape == factor.cdf(x).shape == u.shape
    assert factor.ppf(u[:0]).shape == factor.cdf(x[:0]).shape == (0, 2, 2)


@pytest.mark.parametrize("factor", DISCRETE, ids=name)
def test_a_discrete_law_has_one_number_for_each_value_which_gives_the_value_back(factor):
    x = factor.ppf(U)
    middle = factor.cdf(x)
    assert factor.discrete
    assert ((middle > 0) & (middle < 1)).all()
    assert factor.ppf(middle).tolist() == x.tolist()
    assert len(set(middle)) == len({(type(value), value) for value in x.tolist()})


@pytest.mark.parametrize("factor", DISCRETE, ids=name)
def test_the_mid_distribution_function_is_a_half_in_the_mean(factor):
    """Whatever the law: E[F(X-) + F(X)] = 1. The mean is over 2**16 even coordinates, which the shares cut unevenly."""
    u = (np.arange(2**16) + 0.5) / 2**16
    assert factor.cdf(factor.ppf(u)).mean() == pytest.approx(0.5, abs=2.0**-14)


@pytest.mark.parametrize("factor", LAWS, ids=name)
def test_a_value_that_the_law_cannot_give_has_no_number(factor):
    strange = np.array([np.nan, np.inf, -np.inf, -1e300, 1e300])
    unbounded = factor.kind in ("normal", "gumbel") and factor.low is None
    assert np.isnan(factor.cdf(strange))[:3].all()
    assert np.isnan(factor.cdf(strange)[3]) != unbounded
    assert np.isnan(factor.cdf(np.array(["adam", b"", (), ()][:2], dtype=object))).all()


@pytest.mark.parametrize("factor", LAWS, ids=name)
def test_a_law_survives_a_pickle(factor):
    assert pickle.loads(pickle.dumps(factor)).ppf(U).tolist() == factor.ppf(U).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_unit_a_group_and_a_condition_unless_left_out(kind):
    assert (KINDS[kind](**REQUIRED[kind]).unit, KINDS[kind](**REQUIRED[kind]).group) == (None, None)
    factor = KINDS[kind](**REQUIRED[kind], unit="m", group="g", when={"other": "adam"})
    assert (factor.kind, factor.unit, factor.group, factor.when) == (kind, "m", "g", {"other": "adam"})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"group": ""}, '`group` must be a name, got group: ""'),
        ({"when": {}}, "`when` must name at least one other factor, got {}"),
        ({"when": {"a": ()}}, "`when` must list at least one value of `a`, got []"),
    ],
)
def test_what_no_factor_can_have_is_refused_in_words(kind, settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        KINDS[kind](**REQUIRED[kind], **settings)
    assert str(error.value) == message


def test_only_laws_of_single_values_are_discrete():
    assert {kind for kind, of in KINDS.items() if of.discrete} == {"integers", "choice", "empirical"}
    assert not hasattr(Empirical, "ppf")  # a law once its file is loaded


def test_factors_are_values():
    assert Uniform(low=0, high=1) == Uniform(low=0, high=1) != Uniform(low=0, high=2)
    assert Choice(values=("a", "b"), group="g") != Choice(values=("a", "b"))
