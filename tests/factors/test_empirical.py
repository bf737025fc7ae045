"""The law of a column of a file: its shares, ties included, its file, and what is no law."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from dnnsa.errors import ModelError
from dnnsa.factors import Empirical, EmpiricalLaw

FLOWS = (3.5, -1.0, 2.0, 2.0, 7.25, 2.0)


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    path = tmp_path / "flows.csv"
    path.write_text("flow\n" + "".join(f"{value}\n" for value in FLOWS), encoding="utf-8")
    return path


def law(path: Path) -> EmpiricalLaw:
    return Empirical(path=path.name).load(path)


def test_every_number_is_as_likely_as_often_as_it_stands_there(flows):
    values, counts = np.unique(law(flows).ppf((np.arange(600) + 0.5) / 600), return_counts=True)
    assert values.tolist() == [-1, 2, 3.5, 7.25]
    assert counts.tolist() == [100, 300, 100, 100]


def test_it_is_the_inverse_of_the_empirical_distribution_function(flows):
    """NumPy's `inverted_cdf` at coordinates that are no multiples of 1/6, where conventions differ."""
    u = (np.arange(1000) + 0.5) / 1000
    np.testing.assert_array_equal(law(flows).ppf(u), np.quantile(FLOWS, u, method="inverted_cdf"))


def test_the_number_of_a_value_is_its_mid_rank(flows):
    """Ranks counted from 1/2, ties sharing their mean, over n."""
    np.testing.assert_allclose(law(flows).cdf(np.array(FLOWS)), (stats.rankdata(FLOWS) - 0.5) / 6, rtol=1e-15)


def test_a_value_that_is_not_in_the_sample_has_no_number(flows):
    assert np.isnan(law(flows).cdf(np.array([-2, 0, 2.1, 8, np.nan, np.inf]))).all()
    assert np.isnan(law(flows).cdf(np.array(["2.0", None, True], dtype=object))).all()


def test_a_loaded_law_is_a_factor_of_the_same_settings(flows):
    settings = {"unit": "m3/s", "group": "g", "when": {"other": True}}
    loaded = Empirical(path="flows.csv", **settings).load(flows)
    assert (loaded.kind, loaded.discrete) == ("empirical", True)
    assert {key: getattr(loaded, key) for key in settings} == settings


def test_a_loaded_law_cannot_be_changed(flows):
    with pytest.raises(ValueError, match="read-only"):
        law(flows).values[0] = 0


def test_an_array_and_a_table_of_the_same_numbers_are_the_same_law(flows):
    np.save(flows.with_suffix(".npy"), np.array(FLOWS))
    np.testing.assert_array_equal(law(flows.with_suffix(".npy")).values, law(flows).values)


def test_its_file_is_relative_to_the_study(flows):
    directory = flows.parent / "study"
    directory.mkdir()
    assert Empirical(path="../flows.csv").files(directory) == {"path": directory / "../flows.csv"}


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError) as error:
        Empirical(path="flows.csv").files(tmp_path)
    assert str(error.value) == (
        f"path: there is no file {tmp_path / 'flows.csv'}: give the path of a .csv or .npy file from the study file."
    )


@pytest.mark.parametrize(
    ("rows", "end"),
    [
        ("", "got 0 values: a factor varies."),
        ("2\n", "got 1 value: a factor varies."),
        ("2\n2.0\n2e0\n", "got 3 values, all 2: a factor varies."),
    ],
)
def test_a_column_that_does_not_vary_is_refused_in_words(tmp_path, rows, end):
    path = tmp_path / "a.csv"
    path.write_text("flow\n" + rows)
    with pytest.raises(ModelError) as error:
        law(path)
    assert str(error.value) == f"path: {path} must hold at least two different values, {end}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"path": "a.txt"}, "`path` must end in .csv or .npy, got path: a.txt"),
        ({"path": "a.csv", "column": 1}, "`column` must be a name in the header of a .csv file, got column: 1"),
        ({"path": "a.npy", "column": "x"}, "`column` must be a number, from 0, for an .npy file, got column: x"),
        ({"path": "a.npy", "column": -1}, "`column` must be 0 or more, got column: -1"),
    ],
)
def test_settings_that_name_no_column_are_refused_in_words(settings, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        Empirical(**settings)
    assert str(error.value) == message
