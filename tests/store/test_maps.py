"""Maps lie in the store with their dimensions, coordinates, and words for what they are."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pytest

import dnnsa
from dnnsa import store
from dnnsa.view.progress import Quiet
from tests.studies import parts, study

EVERY = [
    {"kind": "sobol", "level": 0.9},
    {"kind": "moments", "level": 0.9},
    {"kind": "quantiles", "level": 0.9, "probabilities": [0.1, 0.9]},
    {"kind": "exceedance", "level": 0.9, "thresholds": [0.0, 0.5, 1.0]},
    {"kind": "extrema"},
    {"kind": "histogram", "bins": 8},
    {"kind": "binned", "level": 0.9},
    {"kind": "hsic", "level": 0.9, "goal": {"share": 0.25}},
    {"kind": "covariance", "level": 0.9, "quantity": "up", "other": "t_lower"},
]
TWO = "def f(x1, x2):\n    y = x1[:, None] * [0.5, 1, 2] + x2[:, None]\n    return {'up': y, 't_lower': -y}"


@pytest.fixture(scope="module")
def every(client, tmp_path_factory):
    """A store with a map of every estimator that a pick-freeze design serves, second order too."""
    folder = tmp_path_factory.mktemp("every")
    design = {"kind": "saltelli", "base_points": 64, "sequence": "monte_carlo", "second_order": True}
    model = {"kind": "function", "call": "model:f", "dims": {"up": ["x"]}, "coords": {"x": [0.5, 1.0, 2.0]}}
    made = study(folder, TWO, design=design, model=model, estimators=EVERY)
    return dnnsa.run(made, client, folder / "out.zarr", reporter=Quiet())


def test_maps_carry_dimensions_and_coordinates(path):
    tree = dnnsa.open(path)
    assert tree["field/S1"].dims == ("factor", "y", "x")
    assert tree["field/mean"].dims == ("y", "x")
    assert tree["field/ST_aggregated_upper"].dims == ("factor",)
    assert tree["number/ST"].dims == ("factor",)
    assert "S1_aggregated" not in tree["number"]
    assert tree["field"].coords["x"].values.tolist() == [0.5, 1.0, 2.0]
    assert tree["field"].coords["y"].values.tolist() == ["up", "down"]
    assert tree["field/S1"].sel(factor="x2", y="down", x=2.0).shape == ()


def test_flags_are_explained(path):
    status = dnnsa.open(path)["number/status"]
    assert int(status) == 1
    assert status.attrs["flag_meanings"].split()[0] == "base_points_left_out"
    assert status.attrs["flag_masks"][:4] == [1, 2, 4, 8]


@pytest.mark.harm("Commits and files", "A bit of a finished map is flipped", "told")
def test_a_flipped_bit_in_a_map_is_an_error_and_not_a_number(path, tmp_path):
    copy = tmp_path / "copy.zarr"
    shutil.copytree(path, copy)
    chunk = copy / "field" / "S1" / "c" / "0" / "0" / "0"
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(Exception, match=r"(?i)checksum|corrupt|decompress"):
        dnnsa.open(copy)["field/S1"].load()


def test_every_variable_says_what_it_is(every):
    for node in every.children.values():
        unnamed = [name for name, variable in node.data_vars.items() if not variable.attrs.get("long_name")]
        assert unnamed == []


def test_bounds_say_which_and_of_which_level(every):
    data = every["up"].dataset
    bounds = [name for name in data.data_vars if "level" in data[name].attrs]
    assert {data[name].attrs["level"] for name in bounds} == {0.9}
    for name in bounds:
        base, _, side = name.rpartition("_")
        assert data[name].attrs["long_name"] == f"{data[base].attrs['long_name']}, {side} bound"
    statistics = {"S1", "ST", "S2", "mean", "kurtosis", "quantiles", "exceedance", "S1_binned", "hsic", "hsic_r2"}
    statistics |= {"covariance_t_lower", "correlation_t_lower", "S1_aggregated", "S2_aggregated"}
    assert {f"{name}_{side}" for name in statistics for side in ("lower", "upper")} <= set(bounds)


def test_a_quantity_whose_name_ends_like_a_bound_is_none(every):
    attrs = every["up/covariance_t_lower"].attrs
    assert attrs == {"long_name": "covariance with `t_lower`"}
    assert every["up/covariance_t_lower_lower"].attrs["long_name"] == "covariance with `t_lower`, lower bound"


def test_what_leads_the_dimensions_has_its_coordinate(every):
    assert every["up/quantiles"].dims == ("probability", "x")
    assert every["up/quantiles"].coords["probability"].values.tolist() == [0.1, 0.9]
    assert every["up/exceedance_upper"].dims == ("threshold", "x")
    assert every["up/exceedance"].sel(threshold=0.5, x=2.0).shape == ()
    assert every["up/histogram"].dims == ("bin", "x")
    assert every["up/histogram"].coords["bin"].values.tolist() == list(range(8))
    assert every["up/S2"].dims == ("factor", "factor_2", "x")
    assert every["up/S2_aggregated_lower"].dims == ("factor", "factor_2")
    assert every["up/S2"].coords["factor_2"].values.tolist() == ["x1", "x2"]
    assert int(every["up/histogram"].isel(x=0).sum()) == 128


def test_a_slab_is_written_where_it_belongs_and_nowhere_else(tmp_path):
    from dnnsa.estimators.base import Finalized, Map

    path, made = tmp_path / "out.zarr", dnnsa.Study(**parts())
    store.create(path, made, {}, 256, datetime.now(UTC))
    one = Finalized({"mean": Map((), np.array(0.0)), "ST": Map(("factor",), np.zeros(2))})
    store.prepare(path, made, {"y": (("row",), (4,), {})}, {"y": 2}, {"y": one})
    written = {"mean": Map((), np.array([1.0, 2.0])), "ST": Map(("factor",), np.array([[3.0, 4.0], [5.0, 6.0]]))}
    store.write_slab(path, "y", 2, 4, written)
    store.finish(path, 256, 0, 1.0)
    np.testing.assert_array_equal(dnnsa.open(path)["y/mean"], [np.nan, np.nan, 1, 2])
    np.testing.assert_array_equal(dnnsa.open(path)["y/ST"], [[np.nan, np.nan, 3, 4], [np.nan, np.nan, 5, 6]])
