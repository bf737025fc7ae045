"""A column of a file is read to the last number, or the file, the row and the remedy are named."""

import numpy as np
import pytest

from dnnsa.errors import ModelError
from dnnsa.factors.columns import READERS


def read(path, column=None):
    return READERS[path.suffix](path, column).tolist()


@pytest.mark.parametrize(
    ("text", "column", "values"),
    [
        ("flow\n1\n2.5\n", None, [1, 2.5]),
        ("flow\r\n1\r\n2.5\r\n", None, [1, 2.5]),
        ("flow\n1\n-2.5e3", None, [1, -2500]),
        ("\ufeffflow\n1\n2\n", "flow", [1, 2]),
        ("day,flow\nmonday,1\ntuesday,2\n", "flow", [1, 2]),
        ('"flow, m3/s",day\n1,"a\nb"\n 2 ,c\n', "flow, m3/s", [1, 2]),
        ("2020,2021\n1,3\n2,4\n", "2021", [3, 4]),
    ],
)
def test_a_column_of_a_table_is_read(tmp_path, text, column, values):
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert read(path, column) == values


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("a,b\n1,2\n", None, "column: {path} has 2 columns: name one of them, `a`, `b`."),
        ("", None, "path: {path} is empty: give a .csv file with a header and a value in each line below."),
        ("flow,level\n1,2\n", "flwo", "column: {path} has no column `flwo`: did you mean `flow`?"),
        ("flow,level\n1,2\n", "x", "column: {path} has no column `x`: it has `flow`, `level`."),
        ("", "x", "path: {path} is empty: give a .csv file with a header and a value in each line below."),
        ("a,a\n1,2\n", "a", "column: {path} has 2 columns `a`: names of columns must be different."),
        ("1\n2\n3\n", None, "path: line 1 of {path} must name its columns, got `1`: put a header there."),
        ("a,b\n1,2\n3\n", "a", "path: line 3 of {path} must have 2 cells as its header, got 1."),
        ("a\n1\n\n2\n", "a", "path: line 3 of {path} must have 1 cells as its header, got 0."),
        (
            'a,b\n1,"x\ny"\nhigh,2\n',
            "a",
            "column: line 4 of {path} must hold a finite number, got `high`: correct it or leave the row out.",
        ),
        (
            "a,b\n1,2\n,2\n",
            "a",
            "column: line 3 of {path} must hold a finite number, got ``: correct it or leave the row out.",
        ),
        (
            "a\n1\nnan\n",
            "a",
            "column: line 3 of {path} must hold a finite number, got `nan`: correct it or leave the row out.",
        ),
        (
            "a\ninf\n1\n",
            "a",
            "column: line 2 of {path} must hold a finite number, got `inf`: correct it or leave the row out.",
        ),
        (
            "a\n1_000\n1\n",
            "a",
            "column: line 2 of {path} must hold a finite number, got `1_000`: correct it or leave the row out.",
        ),
        (
            'a\n"1\n',
            "a",
            "path: {path} cannot be read as text with commas (unexpected end of data): save it as CSV in UTF-8.",
        ),
    ],
)
def test_a_table_that_does_not_hold_is_refused_in_words(tmp_path, text, column, message):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ModelError) as error:
        read(path, column)
    assert str(error.value) == message.format(path=path)


def test_a_table_that_is_no_text_is_refused_in_words(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xe9t\xe9\n1\n")
    with pytest.raises(
        ModelError, match=r"path: .* cannot be read as text with commas \(.*\): save it as CSV in UTF-8"
    ):
        read(path)


@pytest.mark.parametrize(
    ("array", "column", "values"),
    [
        (np.array([1, 2, 3]), None, [1, 2, 3]),
        (np.array([1, 2, 3], dtype=np.uint8), 0, [1, 2, 3]),
        (np.array([0.5, 2], dtype=np.float16), None, [0.5, 2]),
        (np.array([[1.0], [2.0]]), None, [1, 2]),
        (np.array([[1.0, 3.0], [2.0, 4.0]]), 1, [3, 4]),
        (np.array([[np.nan, 3.0], [2.0, 4.0]]), 1, [3, 4]),
        (np.empty(0), None, []),
        (np.array([2**53, -(2**53)]), None, [2**53, -(2**53)]),
    ],
)
def test_a_column_of_an_array_is_read(tmp_path, array, column, values):
    np.save(tmp_path / "a.npy", array)
    assert read(tmp_path / "a.npy", column) == values


@pytest.mark.parametrize(
    ("array", "column", "message"),
    [
        (np.ones((3, 2)), None, "column: {path} has 2 columns: give the number of one, from 0."),
        (np.ones((3, 2)), 2, "column: {path} has no column 2: the last is 1, counted from 0."),
        (np.ones(3), 1, "column: {path} has no column 1: the last is 0, counted from 0."),
        (
            np.ones(()),
            None,
            "path: {path} must hold numbers of shape (rows,) or (rows, columns), got float64 of shape ().",
        ),
        (
            np.array(["1", "2"]),
            None,
            "path: {path} must hold numbers of shape (rows,) or (rows, columns), got <U1 of shape (2,).",
        ),
        (
            np.array([True, False]),
            None,
            "path: {path} must hold numbers of shape (rows,) or (rows, columns), got bool of shape (2,).",
        ),
        (
            np.array([[1, 2], [3, np.nan]]),
            1,
            "column: row 1, counted from 0, of {path} must hold a finite number that float64 has, got nan: correct it "
            "or leave the row out.",
        ),
        (
            np.array([1.0, 2.0, -np.inf]),
            None,
            "column: row 2, counted from 0, of {path} must hold a finite number that float64 has, got -inf: correct it "
            "or leave the row out.",
        ),
        (
            np.array([1, 2**53 + 2]),
            None,
            "column: row 1, counted from 0, of {path} must hold a finite number that float64 has, got "
            "9007199254740994: correct it or leave the row out.",
        ),
    ],
)
def test_an_array_that_does_not_hold_is_refused_in_words(tmp_path, array, column, message):
    path = tmp_path / "a.npy"
    np.save(path, array)
    with pytest.raises(ModelError) as error:
        read(path, column)
    assert str(error.value) == message.format(path=path)


@pytest.mark.parametrize("content", [b"", b"text", b"\x93NUMPY\x01\x00v\x00{'descr'"])
def test_a_damaged_array_is_refused_in_words(tmp_path, content):
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(ModelError) as error:
        read(path)
    assert str(error.value).startswith(f"path: {path} cannot be read as a plain array (")
    assert str(error.value).endswith("): save it with `numpy.save`, without Python objects.")


def test_python_objects_and_several_arrays_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([1, "a"], dtype=object))
    with pytest.raises(ModelError, match="without Python objects"):
        read(tmp_path / "a.npy")
    np.savez(tmp_path / "b.npz", np.ones(3), np.ones(3))
    (tmp_path / "b.npz").rename(tmp_path / "b.npy")
    with pytest.raises(ModelError, match="got several arrays"):
        read(tmp_path / "b.npy")


def test_a_wide_float_that_float64_has_not_is_refused(tmp_path):
    if np.finfo(np.longdouble).max == np.finfo(np.float64).max:
        pytest.skip("this machine has no wider float")
    np.save(tmp_path / "a.npy", np.array([1, np.finfo(np.longdouble).max]))
    with pytest.raises(ModelError, match=r"row 1, counted from 0, .* must hold a finite number that float64 has"):
        read(tmp_path / "a.npy")
