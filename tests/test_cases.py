"""Nominal cases are consecutive entries of an array, with their classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dnnsa.cases import Cases, LoadedCases
from dnnsa.errors import ModelError
from dnnsa.files import digest

IMAGES = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
CLASSES = np.array([3, 1, 4, 1, 5], dtype=np.uint8)


def load(directory: Path, arrays: dict[str, Any], **settings: Any) -> LoadedCases:
    np.savez(directory / "held.npz", **arrays)
    return Cases(path="held.npz", **settings).load(directory, {"cases.path": digest(directory / "held.npz")})


def refusal(directory: Path, arrays: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(ModelError) as error:
        load(directory, arrays, **settings)
    return str(error.value).replace(str(directory), "DIR")


def test_all_entries_are_cases_unless_told_otherwise(tmp_path: Path) -> None:
    cases = load(tmp_path, {"inputs": IMAGES})
    np.testing.assert_array_equal(cases.inputs, IMAGES)
    np.testing.assert_array_equal(cases.position, np.arange(5))
    assert cases.labels is None


def test_a_range_keeps_inputs_labels_and_positions_together(tmp_path: Path) -> None:
    cases = load(tmp_path, {"x": IMAGES, "y": CLASSES}, inputs="x", labels="y", first=1, count=3)
    np.testing.assert_array_equal(cases.inputs, IMAGES[1:4])
    np.testing.assert_array_equal(cases.position, [1, 2, 3])
    assert cases.labels is not None
    np.testing.assert_array_equal(cases.labels, [1, 4, 1])
    assert cases.position.dtype == cases.labels.dtype == np.dtype(np.int64)


def test_the_file_is_named_by_its_setting(tmp_path: Path) -> None:
    np.savez(tmp_path / "held.npz", inputs=IMAGES)
    assert Cases(path="held.npz").files(tmp_path) == {"cases.path": tmp_path / "held.npz"}


def test_a_missing_file_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        Cases(path="held.npz").files(tmp_path)
    assert str(error.value) == (
        f"cases.path: there is no file {tmp_path / 'held.npz'}: give the path of an .npz file from the study file."
    )


def test_another_file_than_the_study_s_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "held.npz", inputs=IMAGES)
    with pytest.raises(ModelError, match=r"cases.path: on host .* is not the file that the study was started with"):
        Cases(path="held.npz").load(tmp_path, {"cases.path": "0" * 64})


@pytest.mark.parametrize(
    ("setting", "settings"),
    [("inputs", {"inputs": "image"}), ("labels", {"labels": "image"})],
    ids=["inputs", "labels"],
)
def test_an_array_that_is_not_in_the_file_is_refused(tmp_path: Path, setting: str, settings: dict[str, str]) -> None:
    assert refusal(tmp_path, {"inputs": IMAGES, "classes": CLASSES}, **settings) == (
        f"cases.{setting}: no array `image` in DIR/held.npz: it holds `inputs`, `classes`."
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"first": 5}, "cases.first: the file holds 5 entries, got first: 5: entries are counted from 0."),
        (
            {"first": 3, "count": 3},
            "cases.count: the file holds 5 entries, got first: 3 and count: 3: at most 2 cases are left from there.",
        ),
    ],
)
def test_a_range_that_leaves_the_file_is_refused(tmp_path: Path, settings: dict[str, int], message: str) -> None:
    assert refusal(tmp_path, {"inputs": IMAGES}, **settings) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"first": -1}, "`first` must be 0 or more, got -1"), ({"count": 0}, "`count` must be 1 or more, got 0")],
)
def test_a_range_that_no_file_has_is_refused_at_once(settings: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Cases(path="held.npz", **settings)  # type: ignore[arg-type]
    assert str(error.value) == message


def test_labels_that_are_not_integers_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, {"inputs": IMAGES, "labels": CLASSES / 2}, labels="labels") == (
        "cases.labels: `labels` must hold integer classes, got float64: store the number of each case's class, counted "
        "from 0."
    )


def test_labels_of_another_length_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, {"inputs": IMAGES, "labels": CLASSES[:4]}, labels="labels") == (
        "cases.labels: `labels` must hold one class for each of the 5 entries of `inputs`, shape (5,), got shape (4,)."
    )


def test_an_input_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    images = IMAGES.copy()
    images[2, 0, 1] = np.nan
    assert refusal(tmp_path, {"inputs": images}, first=1) == (
        "cases.inputs: entry 2 of `inputs` in DIR/held.npz holds NaN or infinity: every nominal input and target must "
        "be finite."
    )
    assert load(tmp_path, {"inputs": images}, first=3).position.tolist() == [3, 4]


@pytest.mark.parametrize("array", [np.array(1.0), np.array(["a", "b"])], ids=["a number", "text"])
def test_inputs_that_are_no_array_of_numbers_are_refused(tmp_path: Path, array: Any) -> None:
    assert refusal(tmp_path, {"inputs": array}) == (
        "cases.inputs: `inputs` must be an array of numbers (entries, *shape): DIR/held.npz."
    )


def test_a_file_of_python_objects_is_refused_and_not_unpickled(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"inputs": np.array([{}, []], dtype=object)})
    assert message.startswith("cases.path: DIR/held.npz cannot be read as an .npz file of plain arrays (")
    assert message.endswith("): save it with `numpy.savez`, without Python objects.")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"no archive"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "held.npz").write_bytes(content)
    with pytest.raises(ModelError, match=r"cases.path: .* cannot be read as an .npz file of plain arrays"):
        Cases(path="held.npz").load(tmp_path, {"cases.path": digest(tmp_path / "held.npz")})


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "held.npy", IMAGES)
    with pytest.raises(ModelError) as error:
        Cases(path="held.npy").load(tmp_path, {"cases.path": digest(tmp_path / "held.npy")})
    assert str(error.value) == (
        f"cases.path: {tmp_path / 'held.npy'} holds one array without a name: save it with `numpy.savez`."
    )
