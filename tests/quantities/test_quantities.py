"""Quantities against NumPy and SciPy, and what they refuse."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from keras import ops
from scipy import stats

from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.quantities import (
    KINDS,
    Activation,
    Correct,
    Entropy,
    Function,
    Gradient,
    Logit,
    Loss,
    Margin,
    Output,
    Probability,
    Quantity,
    SquaredError,
)
from dnnsa.quantities.base import Place, Seen

OUTPUTS = np.random.default_rng(0).dirichlet(np.ones(4), 6).astype(np.float32)  # (rows, classes)
PLACE = Place("quantities.y", Path(), {})
LABELS = np.array([0, 3, 1, 2, 3, 0], np.int32)


def computed(quantity: Quantity, outputs: Any = OUTPUTS, labels: Any = None) -> Any:
    predicted = None if labels is None else (labels[::-1]).copy()
    seen = Seen(outputs, probabilities=outputs, labels=labels, predicted=predicted)
    tensors = Seen(*(None if x is None else ops.convert_to_tensor(x) for x in (outputs, outputs, labels, predicted)))
    return ops.convert_to_numpy(quantity.bind(seen, PLACE)(tensors))


def checked(quantity: Quantity, shape: tuple[int, ...]) -> None:
    """Bind a quantity to outputs of a shape."""
    outputs = np.full((2, *shape), 0.25, np.float32)
    quantity.bind(Seen(outputs, probabilities=outputs), PLACE)


def test_every_kind_is_listed_under_its_name() -> None:
    examples: list[Quantity] = [
        Output(),
        Probability(of="label"),
        Logit(of="label"),
        Margin(of="label"),
        Correct(),
        Loss(),
        Entropy(),
        SquaredError(),
        Activation(layer="hidden"),
        Function(call="module:f"),
        Gradient(of="p"),
    ]
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


EACH = [
    *(Output(), Probability(of="label"), Probability(of="predicted"), Probability(of=1), Logit(of=2), Entropy()),
    *(Margin(of="label"), Correct(), Loss()),
]


@pytest.mark.parametrize("quantity", EACH)
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


def test_the_class_of_the_unperturbed_case_may_be_asked_for() -> None:
    result = computed(Probability(of="predicted"), labels=LABELS)
    np.testing.assert_array_equal(result, OUTPUTS[range(6), LABELS[::-1]])
    np.testing.assert_array_equal(computed(Logit(of="predicted"), labels=LABELS), result)


def test_the_loss_is_the_cross_entropy_in_nats() -> None:
    np.testing.assert_allclose(computed(Loss(), labels=LABELS), -np.log(OUTPUTS[range(6), LABELS]), rtol=1e-6)


def test_the_loss_of_an_impossible_class_is_infinite_and_not_cut_off() -> None:
    sure = np.eye(4, dtype=np.float32)
    result = computed(Loss(), sure, np.array([0, 1, 2, 0], np.int32))
    np.testing.assert_array_equal(result, [0, 0, 0, np.inf])


def test_correct_is_whether_the_highest_score_is_the_label_s() -> None:
    expected = OUTPUTS.argmax(axis=1) == LABELS
    assert expected.any()
    assert not expected.all()
    np.testing.assert_array_equal(computed(Correct(), labels=LABELS), expected.astype(np.float32))


@pytest.mark.parametrize("of", ["label", 2])
def test_the_margin_is_the_score_less_the_best_of_the_others(of: Any) -> None:
    mine = LABELS if of == "label" else np.full(6, of)
    others = OUTPUTS.copy()
    others[range(6), mine] = -np.inf
    expected = OUTPUTS[range(6), mine] - others.max(axis=1)
    np.testing.assert_allclose(computed(Margin(of=of), labels=LABELS), expected, rtol=1e-6)


@pytest.mark.parametrize(("shape", "given"), [((3,), (3,)), ((2, 2), (2, 2)), ((1,), ()), ((), ())])
def test_the_squared_error_is_the_mean_over_the_outputs(shape: tuple[int, ...], given: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(5, *shape)), rng.normal(size=(5, *given))
    seen = Seen(outputs, targets=targets)
    bound = SquaredError().bind(seen, PLACE)
    tensors = Seen(ops.convert_to_tensor(outputs), targets=ops.convert_to_tensor(targets))
    expected = ((outputs - targets.reshape(outputs.shape)) ** 2).reshape(5, -1).mean(axis=1)
    np.testing.assert_allclose(ops.convert_to_numpy(bound(tensors)), expected, rtol=1e-12)


def test_targets_of_another_shape_are_refused() -> None:
    with pytest.raises(ModelError) as error:
        SquaredError().bind(Seen(np.zeros((2, 3)), targets=np.zeros((2, 4))), PLACE)
    assert str(error.value) == (
        "the network's outputs for one input have shape (3,) and its target (4,): store targets of the outputs' shape "
        "in `cases.targets`."
    )


def test_what_jumps_says_so() -> None:
    smooth = {kind for kind, of in KINDS.items() if of.smooth}
    assert smooth == set(KINDS) - {"correct", "function", "gradient"}


def own(tmp_path: Path, source: str, **settings: Any) -> Any:
    """A function of outputs from a module beside the study, bound to the outputs above."""
    (tmp_path / "own.py").write_text(source, encoding="utf-8")
    quantity = Function(call="own:f", **settings)
    digests = {f"quantities.y.{name}": digest(path) for name, path in quantity.files(tmp_path).items()}
    return quantity.bind(Seen(OUTPUTS, labels=LABELS), Place("quantities.y", tmp_path, digests))


def test_a_function_is_given_the_outputs_and_what_it_takes(tmp_path: Path) -> None:
    bound = own(tmp_path, "def f(outputs, labels):\n    return outputs[:, :2] + labels[:, None]\n", takes=("labels",))
    np.testing.assert_array_equal(bound(Seen(OUTPUTS, labels=LABELS)), OUTPUTS[:, :2] + LABELS[:, None])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "f = lambda outputs: outputs.sum()",
            "call: `own:f` gives an array of shape () for 6 rows: its first dimension must be the rows'.",
        ),
        (
            "def f(outputs): raise KeyError('x')",
            "call: `own:f` raised KeyError: 'x' when it was given the nominal outputs.",
        ),
        ("g = 1", "call: module `own` has no function `f`."),
    ],
)
def test_a_function_that_gives_no_rows_is_refused(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(ModelError) as error:
        own(tmp_path, source)
    assert str(error.value) == message


def test_a_function_that_gives_other_rows_later_is_refused_by_its_place(tmp_path: Path) -> None:
    bound = own(tmp_path, "def f(outputs): return outputs[:6, 0]")
    with pytest.raises(ModelError) as error:
        bound(Seen(np.zeros((7, 4))))
    assert str(error.value) == (
        "quantities.y.call: `own:f` gives an array of shape (6,) for 7 rows: its first dimension must be the rows'."
    )
