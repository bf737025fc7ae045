"""Dependence of columns and columns that others determine: what is seen, and what is left in peace."""

import numpy as np
import pytest

from dnnsa.given.dependence import derived, pairs
from dnnsa.given.log import Input


def columns(n=400, seed=0, **more):
    rng = np.random.default_rng(seed)
    found = {
        "width": rng.choice([16.0, 32.0, 64.0, 128.0], n),
        "depth": rng.integers(1, 6, n).astype(float),
        "rate": 10 ** rng.uniform(-5, 0, n),
        "kind": rng.choice(["sgd", "adam", "rmsprop"], n).astype(object),
    }
    found |= {name: make(found, rng) for name, make in more.items()}
    return [Input(name, np.asarray(values)) for name, values in found.items()]


def test_independent_columns_are_left_in_peace():
    told = [found for seed in range(100) for n in (40, 200, 1000) if (found := pairs(columns(n, seed)))]
    assert told == []  # of 300 logs of 6 pairs: refused by chance with probability 1e-4 each
    assert [derived(columns(n, seed)) for seed in range(10) for n in (40, 200)] == [[]] * 20


@pytest.mark.parametrize(
    ("make", "other"),
    [
        (lambda c, rng: c["rate"] * np.exp(rng.normal(size=400)), "rate"),  # rises together
        (lambda c, rng: np.abs(np.log10(c["rate"]) + 2.5) + 0.3 * rng.normal(size=400), "rate"),  # a valley
        (lambda c, rng: np.where(rng.random(400) < 0.6, c["kind"], "other"), "kind"),  # texts
        (lambda c, rng: (c["kind"] == "sgd") + rng.random(400), "kind"),  # a number on a text
    ],
)
def test_dependence_of_any_form_is_seen(make, other):
    found = pairs(columns(new=make))
    assert {found[0].left, found[0].right} == {other, "new"}


@pytest.mark.parametrize(
    "make",
    [
        lambda c, _: c["width"] * c["depth"] + 10,  # interaction
        lambda c, _: c["depth"] * c["width"] ** 2,
        lambda c, _: np.exp(c["depth"]) * c["rate"],
        lambda c, _: c["rate"] / c["width"],
        lambda c, _: np.where(c["kind"] == "adam", 2.0, 1.0) * c["width"],
    ],
)
def test_a_column_that_others_determine_is_named(make):
    ((name, r2),) = derived(columns(new=make))
    assert name == "new"
    assert r2 > 0.995


def test_of_several_derived_columns_each_is_named():
    found = derived(
        columns(params=lambda c, _: c["width"] * c["depth"], memory=lambda c, _: 4 * c["width"] * c["depth"])
    )
    assert {name for name, _ in found} == {"params", "memory"}
