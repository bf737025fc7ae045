"""Runs that were made before, in the place of a model."""

import re

import numpy as np
import pytest

import dnnsa
from dnnsa.errors import ModelError
from dnnsa.models import Recorded
from dnnsa.view.progress import Quiet

ROWS = 64


def study(folder, outputs=None, **changes):
    rng = np.random.default_rng(0)
    x = rng.permutation(np.repeat([1.0, 2.0], ROWS // 2))
    cells = [f"{value},{row}" for row, value in enumerate(x)]
    (folder / "in.csv").write_text("\n".join(["x,row", *cells]) + "\n")
    y = [str(3 * value + 0.5) for value in x]
    y[7], y[9] = "", "nan"
    (folder / "out.csv").write_text("\n".join(["y,z", *(f"{cell},{k}" for k, cell in enumerate(y))]) + "\n")
    if outputs is not None:
        (folder / "out.csv").write_text(outputs)
    parts = {
        "name": "log",
        "factors": {
            "x": {"kind": "empirical", "path": "in.csv", "column": "x"},
            "row": {"kind": "integers", "low": 0, "high": ROWS - 1},
        },
        "design": {"kind": "external", "path": "in.csv", "pattern": "sample", "replicates": 4},
        "model": {"kind": "recorded", "path": "out.csv", "row": "row"},
        "estimators": [{"kind": "moments"}, {"kind": "main_effects"}],
        "max_failed": 1,
    }
    return dnnsa.Study(directory=folder, **parts | changes)


def test_each_run_has_the_outputs_of_its_row_and_a_run_without_is_left_out(client, tmp_path):
    results = dnnsa.run(study(tmp_path), client, tmp_path / "out.zarr", reporter=Quiet())
    curve = results["y"]["main_effect"].sel(factor="x").values[:2]
    assert curve.tolist() == [3.5, 6.5]
    assert int(results["y"]["n"]) == ROWS - 2
    assert float(results["z"]["mean"]) == (ROWS - 1) / 2
    assert int(results["z"]["n"]) == ROWS


@pytest.mark.parametrize(
    ("outputs", "changes", "message"),
    [
        ("y\n" + "1\n" * 10, {}, "model.row: `row` must be integers from 0 to 9, the rows of "),
        ("y\n", {}, "must have a header, and below it rows of 1 cells."),
        ("y,z\n1\n", {}, "must have a header, and below it rows of 2 cells."),
        ("y\none\n", {}, "must hold numbers (could not convert string to float: 'one')."),
        (None, {"model": {"kind": "recorded", "path": "out.csv", "row": "r"}}, "model.row: there is no factor `r`"),
        (None, {"model": {"kind": "recorded", "path": "none.csv"}}, "model.path: there is no file "),
    ],
)
def test_what_does_not_fit_is_refused(client, tmp_path, outputs, changes, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        dnnsa.run(study(tmp_path, outputs, **changes), client, tmp_path / "out.zarr", reporter=Quiet())


def test_only_csv_is_read():
    with pytest.raises(ValueError, match=r"`path` must end in .csv, got path: log.npy"):
        Recorded(path="log.npy")
