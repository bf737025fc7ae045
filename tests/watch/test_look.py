"""What is seen of a study before it is complete, and that it is what the states say."""

from datetime import UTC, datetime

import numpy as np
import pytest

import dnnsa
from dnnsa import store
from dnnsa.errors import Interrupted, StoreError
from dnnsa.view.progress import Quiet
from dnnsa.watch import look as looking
from dnnsa.watch.look import committed_at, look
from tests.studies import study

MAP = """
def f(x1, x2):
    y, x = np.linspace(0, 1, 70)[:, None], np.linspace(0, 1, 3)
    field = x1[:, None, None] * y + x2[:, None, None] * x + x1[:, None, None] * x2[:, None, None]
    return {"field": field, "line": field[:, 0], "whole": field.mean(axis=(1, 2))}
"""
DIMS = {"kind": "function", "call": "model:f", "dims": {"field": ["y", "x"], "line": ["x"]}}
COORDS = {"y": np.linspace(0, 1, 70).tolist()}


@pytest.fixture(scope="module")
def made(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("looked")
    asked = study(folder, MAP, model={**DIMS, "coords": COORDS})
    return folder / "small.zarr", dnnsa.run(asked, client, folder / "small.zarr", reporter=Quiet())


@pytest.fixture
def seen(made):
    found = look(made[0])
    return {one.quantity: one for one in found.quantities}


def test_a_look_at_all_base_points_sees_the_indices_of_the_results(made, seen):
    results = made[1]
    assert look(made[0]).base_points == 256
    for name, suffix in (("field", "_aggregated"), ("line", "_aggregated"), ("whole", "")):
        for index in ("S1", "ST"):
            stored = [results[name][f"{index}{suffix}{side}"].values for side in ("", "_lower", "_upper")]
            np.testing.assert_allclose(seen[name].indices[index], stored, rtol=1e-9)


def test_the_widest_intervals_are_named_by_their_cells(made, seen):
    widest, results = seen["field"].widest, made[1]["field"]
    widths = {index: (results[f"{index}_upper"] - results[f"{index}_lower"]).values for index in ("S1", "ST")}
    assert widest[0].width == pytest.approx(max(np.nanmax(one) for one in widths.values()))
    assert [one.width for one in widest] == sorted((one.width for one in widest), reverse=True)
    first = widest[0]
    factor = ["x1", "x2"].index(first.factor)
    assert widths[first.name][(factor, *first.cell)] == pytest.approx(first.width)
    assert first.at(seen["field"].dims) == f"y {first.cell[0]}, x {first.cell[1]}"


def test_maps_are_thinned_and_those_of_one_dimension_are_of_all_factors(made, seen):
    field, line = made[1]["field"]["ST"].values, made[1]["line"]["ST"].values
    assert [small.factor for small in seen["field"].maps] == [["x1", "x2"][k] for k in seen["field"].order]
    np.testing.assert_allclose(seen["field"].maps[0].values, field[seen["field"].order[0], ::2], rtol=1e-6)
    assert [small.factor for small in seen["line"].maps] == [""]
    np.testing.assert_allclose(seen["line"].maps[0].values, line, rtol=1e-6)
    assert seen["whole"].maps == [] == seen["whole"].widest


def test_real_coordinates_grow_upward(seen):
    assert [seen[name].upward for name in ("field", "line", "whole")] == [True, False, False]


def test_a_look_on_the_way_sees_what_is_committed(client, tmp_path):
    def stop():
        def told(progress):
            if progress.done >= 512:
                handle.interrupt()

        return type("Stopping", (Quiet,), {"update": lambda self, progress: told(progress)})()

    slow = "import time\ndef f(x1, x2):\n    time.sleep(0.02)\n    return np.exp(3 * x1) * x2"
    asked = study(tmp_path, slow, base_points=2048)
    handle = dnnsa.run(asked, client, tmp_path / "part.zarr", reporter=stop(), wait=False)
    with pytest.raises(Interrupted):
        handle.result(60)
    path = tmp_path / "part.zarr"
    found = look(path)
    assert 512 <= found.base_points == store.attributes(path)["base_points_done"] < 2048
    value, lower, upper = found.quantities[0].indices["ST"]
    assert (lower < value).all()
    assert (value < upper).all()


def test_states_that_are_too_large_are_left_out_and_named(made, monkeypatch):
    monkeypatch.setattr(looking, "MOST", 2**12)
    found = look(made[0])
    assert found.left_out == ["field", "line", "whole"]  # one part holds all three
    assert found.quantities == []


def test_there_is_nothing_to_see_before_the_first_commit(made, tmp_path):
    asked = study(tmp_path, MAP)
    store.create(tmp_path / "new.zarr", asked, {}, 256, datetime.now(UTC))
    assert committed_at(tmp_path / "new.zarr") is None
    assert look(tmp_path / "new.zarr") is None


def test_a_damaged_state_is_an_error(client, tmp_path):
    path = tmp_path / "bad.zarr"
    dnnsa.run(study(tmp_path, MAP), client, path, reporter=Quiet())
    for file in (path / store.STATES).glob("*.npz"):
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(StoreError, match="is damaged"):
        look(path)
