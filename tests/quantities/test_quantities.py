"""Quantities against NumPy and SciPy, and what they refuse."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import stats

from dnnsa.errors import ModelError
from dnnsa.quantities import KINDS, Entropy, Gradient, Output, Probability, Quantity
from dnnsa.quantities.base import Place, Seen

OUTPUTS = np.random.default_rng(0).dirichlet(np.ones(4), 6).astype(np.float32)  # (rows, classes)
PLACE = Place("quantities.y", Path(), {})
LABELS = np.array([0, 3, 1, 2, 3, 0], np.int32)


def computed(quantity: Quantity, outputs: Any = OUTPUTS, labels: Any = None) -> Any:
    seen = Seen(outputs, probabilities=outputs, labels=labels)
    tensors = Seen(*(None if x is None else ops.convert_to_tensor(x) for x in (outputs, outputs, labels)))
    return ops.convert_to_numpy(quantity.bind(seen, PLACE)(tensors))


def checked(quantity: Quantity, shape: tuple[int, ...]) -> None:
    """Bind a quantity to outputs of a shape."""
    outputs = np.full((2, *shape), 0.25, np.float32)
    quantity.bind(Seen(outputs, probabilities=outputs), PLACE)


def test_every_kind_is_listed_under_its_name() -> None:
    examples: list[Quantity] = [Output(), Probability(of="label"), Entropy(), Gradient(of="p")]
    assert {quantity.kind: type(quantity) for quantity in examples} == KINDS


def test_what_a_quantity_needs_is_known_before_it_is_computed() -> None:
    assert Probability(of="label").needs == {"labels", "probabilities"}
    assert Probability(of="predicted").needs == {"predicted", "probabilities"}
    assert Probability(of=3).needs == Entropy.needs == {"probabilities"}
    assert not Output.needs


def test_the_outputs_are_given_as_they_are() -> None:
    outputs = np.random.default_rng(0).normal(size=(3, 2, 5))
    np.testing.assert_array_equal(computed(Output(), outputs), outputs)


def test_the_probability_of_a_class_is_its_column() -> None:
    np.testing.assert_array_equal(computed(Probability(of=2)), OUTPUTS[:, 2])


def test_the_probability_of_the_label_is_each_row_s_own() -> None:
    np.testing.assert_array_equal(computed(Probability(of="label"), labels=LABELS), OUTPUTS[range(6), LABELS])


def test_the_entropy_is_in_nats() -> None:
    np.testing.assert_allclose(computed(Entropy()), stats.entropy(OUTPUTS, axis=1), rtol=1e-6)
    np.testing.assert_allclose(computed(Entropy(), np.full((1, 4), 0.25)), np.log(4), rtol=1e-12)


def test_the_entropy_of_a_certain_answer_is_zero_exactly() -> None:
    np.testing.assert_array_equal(computed(Entropy(), np.eye(4, dtype=np.float32)), np.zeros(4))


@pytest.mark.parametrize("quantity", [Output(), Probability(of="label"), Probability(of=1), Entropy()])
def test_nan_in_gives_nan_out(quantity: Quantity) -> None:
    outputs = OUTPUTS.copy()
    outputs[2] = np.nan
    bad = np.isnan(computed(quantity, outputs, LABELS)).reshape(6, -1)
    assert bad[2].all()
    assert not np.delete(bad, 2, axis=0).any()


def test_one_number_for_each_input_has_no_dimensions() -> None:
    assert Probability(of=0).dims == Entropy().dims == ()
    assert Output().dims is None


@pytest.mark.parametrize("number", [4, -1])
def test_a_class_that_the_network_does_not_know_is_refused(number: int) -> None:
    checked(Probability(of=3), (4,))
    with pytest.raises(ModelError) as error:
        checked(Probability(of=number), (4,))
    assert str(error.value) == f"of: the network tells 4 classes apart, 0 to 3, got {number}."


def test_dimensions_must_be_as_many_as_the_outputs_have() -> None:
    checked(Output(dims=("y", "x")), (3, 4))
    checked(Output(), (3, 4))
    with pytest.raises(ModelError) as error:
        checked(Output(dims=("x",)), (3, 4))
    assert str(error.value) == "dims: the outputs of one input have shape (3, 4): give as many names, got ['x']."


def test_coordinates_must_be_as_many_as_the_values_along_the_dimension() -> None:
    checked(Output(dims=("x",), coords={"x": (0, 1, 2)}), (3,))
    with pytest.raises(ModelError) as error:
        checked(Output(dims=("x",), coords={"x": (0, 1)}), (3,))
    assert str(error.value) == "coords.x: there are 3 values along it, got 2: give 3."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"dims": ("x", "x")},
            "`dims` must be different names other than `factor`, `case` or `label`, got ['x', 'x']",
        ),
        ({"dims": ("case",)}, "`dims` must be different names other than `factor`, `case` or `label`, got ['case']"),
        (
            {"dims": ("x",), "coords": {"y": (0.0,)}},
            "`coords` may name dimensions of `dims` only, ['x'], got ['y']",
        ),
    ],
)
def test_dimensions_that_cannot_be_are_refused_at_once(settings: Any, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Output(**settings)
    assert str(error.value) == message
