"""The table of what failed."""

import numpy as np

import dnnsa
from dnnsa import store


def test_what_failed_is_in_the_quarantine_with_its_values(path):
    tree = dnnsa.open(path)
    table = tree["quarantine"].to_dataset()
    assert int(tree["number/n"]) + table.sizes["base_point"] == 1024
    assert "values of `number` are NaN or infinite" in str(table["cause"].values[0])
    values = np.maximum(
        table["a"].sel(factor="x1").values.astype(float), table["b"].sel(factor="x1").values.astype(float)
    )
    assert (values > 0.499).all()


def test_no_failure_leaves_no_table(path, tmp_path):
    store.write_quarantine(tmp_path / "none.zarr", store.study_of(path)[0], [])
    assert not (tmp_path / "none.zarr").exists()
