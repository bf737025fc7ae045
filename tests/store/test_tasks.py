"""The table of tasks: what ran where, no row of it lost or told twice."""

from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr

import dnnsa
from dnnsa import store
from dnnsa.engine.ledger import Done
from tests.studies import parts


@pytest.fixture
def path(tmp_path):
    store.create(tmp_path / "out.zarr", dnnsa.Study(**parts()), {}, 256, datetime.now(UTC))
    return tmp_path / "out.zarr"


def done(start, **told):
    row = {"replicate": 0, "base_points": 64, "worker": "w0", "host": "n1", "machine": 0, "began": 1.7e9 + 0.2505}
    return Done(**{**row, "start": start, "seconds": 0.5, "retried": 0, "failed": 0, **told})


def table(path):
    return xr.open_zarr(path / ".record" / "tasks", consolidated=False).load()


def test_a_table_is_read_back_with_times_and_places(path):
    store.write_tasks(path, 0, [done(0), done(64, worker="a longer name", failed=3)])
    read = table(path)
    assert read["start"].values.tolist() == [0, 64]
    assert read["worker"].values.tolist() == ["w0", "a longer name"]
    assert read["began"].values[0].astype("datetime64[ms]") == np.datetime64("2023-11-14T22:13:20.250")
    assert read["seconds"].attrs["long_name"] == "how long it took"
    assert int(read["failed"].sum()) == 3


def test_rows_are_added_and_those_of_no_commit_are_written_over(path):
    store.write_tasks(path, 0, [done(0), done(64)])
    store.write_tasks(path, 2, [done(128), done(192), done(256)])
    store.write_tasks(path, 2, [done(320)])  # the commit that told of three rows was never made
    assert table(path)["start"].values.tolist() == [0, 64, 320]


def test_a_study_that_begins_again_has_a_new_table(path):
    store.write_tasks(path, 0, [done(0), done(64)])
    store.write_tasks(path, 0, [done(128)])
    assert table(path)["start"].values.tolist() == [128]


def test_a_table_is_longer_than_a_chunk(path):
    rows = [done(64 * number) for number in range(5000)]
    store.write_tasks(path, 0, rows[:4500])
    store.write_tasks(path, 4500, rows[4500:])
    np.testing.assert_array_equal(table(path)["start"], 64 * np.arange(5000))
