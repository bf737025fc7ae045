"""An inactive factor takes one value of its law."""

import numpy as np
import pytest

from dnnsa.factors import Choice, EmpiricalLaw, Integers, LogUniform, Normal, inactive
from tests.factors.examples import LAWS, name


@pytest.mark.parametrize("factor", LAWS, ids=name)
def test_an_inactive_factor_has_a_value_of_its_law(factor):
    values = np.empty(1, dtype=factor.ppf(np.array([0.5])).dtype)
    values[0] = inactive(factor)
    assert np.isfinite(factor.cdf(values)).all()


@pytest.mark.parametrize(
    ("factor", "value"),
    [
        (Normal(mean=3, sd=2), 3),
        (LogUniform(low=1e-4, high=1e-2), pytest.approx(1e-3)),
        (Integers(low=1, high=4), 3),
        (Choice(values=("adam", "sgd", None)), "adam"),
        (Choice(values=(None, 1), probabilities=(0.01, 0.99)), None),
        (EmpiricalLaw(values=np.array([1.0, 2, 7])), 2),
    ],
)
def test_it_is_the_median_and_the_first_of_a_choice(factor, value):
    assert inactive(factor) == value
