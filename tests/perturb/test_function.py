"""A function of a study's own stands in its place in the list, and what it returns is checked."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dnnsa.arrays import OnHost
from dnnsa.engine.network import _perturbing
from dnnsa.errors import ModelError
from dnnsa.files import Digests, digest
from dnnsa.perturb import Function
from dnnsa.perturb.base import Data

HERE = Path(__file__).parent
DIGESTS = {"call": digest(HERE / "shifted.py")}
INPUTS = np.random.default_rng(0).random((4, 3, 2), dtype=np.float32)
CASE = np.arange(4, dtype=np.int32)


def bound(name: str, *factors: str, directory: Path = HERE, digests: Digests = DIGESTS) -> OnHost:
    return Function(call=f"shifted:{name}", factors=factors).bind(Data(INPUTS, lambda *_: INPUTS, directory, digests))


def test_it_is_called_with_the_values_of_its_factors() -> None:
    delta = np.arange(4.0)
    result = bound("shifted", "delta")(INPUTS, {"delta": delta, "other": delta}, CASE)
    np.testing.assert_array_equal(result, (INPUTS + delta[:, None, None]).astype(np.float32))


def test_what_it_changes_in_place_is_its_own() -> None:
    before = INPUTS.copy()
    assert not bound("in_place")(INPUTS, {}, CASE).any()
    np.testing.assert_array_equal(INPUTS, before)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "short",
            "call: `shifted:short` must return inputs of the shape that it was given, (4, 3, 2), got shape (3, 3, 2).",
        ),
        ("text", "call: `shifted:text` must return real numbers, got <U32."),
    ],
)
def test_what_are_no_inputs_of_that_shape_is_refused(name: str, told: str) -> None:
    with pytest.raises(ModelError) as error:
        bound(name)(INPUTS, {}, CASE)
    assert str(error.value) == told


def test_a_factor_stands_there_once() -> None:
    with pytest.raises(ValueError, match="each factor once"):
        Function(call="shifted:shifted", factors=("a", "a"))


def test_a_file_that_is_another_now_is_refused(tmp_path: Path) -> None:
    shutil.copy(HERE / "shifted.py", tmp_path)
    bound("shifted", directory=tmp_path)
    with (tmp_path / "shifted.py").open("a", encoding="utf-8") as file:
        file.write("\n")
    with pytest.raises(ModelError, match=r"^call: .* is not the file that the study was started with"):
        bound("shifted", directory=tmp_path)


def test_the_engine_gives_each_part_the_digests_of_its_own_files() -> None:
    part = Function(call="shifted:shifted", factors=("delta",))
    assert part.files(HERE) == {"call": HERE / "shifted.py"}
    study: Any = SimpleNamespace(perturb=(part, part))
    network: Any = SimpleNamespace(dtype="float32")
    cases: Any = SimpleNamespace(entries=INPUTS, array=None)
    digests = {f"perturb[{number}].call": DIGESTS["call"] for number in range(2)}
    rows: Any = {"inputs": INPUTS, "values": {"delta": np.ones(4)}, "position": CASE}
    for stage in _perturbing(study, network, cases, HERE, digests):
        assert not stage.traced
        rows = stage.run(rows)
    np.testing.assert_allclose(rows["inputs"], INPUTS + 2, rtol=1e-6)
    with pytest.raises(ModelError, match=r"^perturb\[1\]\.call: "):
        _perturbing(study, network, cases, HERE, {**digests, "perturb[1].call": "another"})
