"""A function is found, imported and called as it asks to be."""

import sys
from pathlib import Path

import numpy as np
import pytest

from dnnsa.errors import ModelError
from dnnsa.files import digest
from dnnsa.models import Function

VALUES = {"x": np.array([1.0, 2.0, 3.0]), "name": np.array(["a", "b", "c"], dtype=object)}


def load(folder, source, call="model:f", **settings):
    (folder / "model.py").write_text(source, encoding="utf-8")
    function = Function(call=call, **settings)
    return function.load(folder, {setting: digest(path) for setting, path in function.files(folder).items()})


def test_an_array_is_the_quantity_output(tmp_path):
    assert load(tmp_path, "def f(x, name): return 2 * x").run(VALUES)["output"].tolist() == [2, 4, 6]


def test_a_mapping_names_its_quantities(tmp_path):
    outputs = load(tmp_path, "def f(x, name): return {'double': 2 * x, 'same': x}").run(VALUES)
    assert {name: y.tolist() for name, y in outputs.items()} == {"double": [2, 4, 6], "same": [1, 2, 3]}


def test_a_function_that_is_not_vectorized_is_called_once_a_run_with_scalars(tmp_path):
    source = "def f(x, name):\n    assert type(x) is float\n    return [x, ord(name)]"
    assert load(tmp_path, source, vectorized=False).run(VALUES)["output"].tolist() == [[1, 97], [2, 98], [3, 99]]


def test_a_module_may_import_what_lies_beside_it(tmp_path):
    (tmp_path / "helper_beside.py").write_text("FACTOR = 5", encoding="utf-8")
    source = "from helper_beside import FACTOR\ndef f(x, name): return FACTOR * x"
    assert load(tmp_path, source).run(VALUES)["output"].tolist() == [5, 10, 15]


def test_a_module_beside_the_study_does_not_hide_an_installed_one(tmp_path):
    (tmp_path / "numpy.py").write_text("def f(x): return 1", encoding="utf-8")
    function = Function(call="numpy:f")
    loaded = function.load(tmp_path, {"model.call": digest(tmp_path / "numpy.py")})
    assert loaded.run({"x": VALUES["x"]})["output"] == 1
    assert np.asarray(1) == 1


def test_two_studies_may_name_their_modules_alike(tmp_path):
    for folder, factor in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        run = load(tmp_path / folder, f"def f(x, name): return {factor} * x").run
        assert run(VALUES)["output"].tolist() == [factor, 2 * factor, 3 * factor]


def test_two_studies_may_name_what_their_modules_import_alike(tmp_path):
    for folder, factor in (("one", 1), ("two", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "helper_alike.py").write_text(f"FACTOR = {factor}", encoding="utf-8")
        run = load(tmp_path / folder, "from helper_alike import FACTOR\ndef f(x, name): return FACTOR * x").run
        assert run(VALUES)["output"].tolist() == [factor, 2 * factor, 3 * factor]


def test_a_study_in_the_root_of_a_checkout_leaves_the_modules_that_are_loaded_alone():
    """The folder holds dnnsa itself, and an environment or Python may lie in it too."""
    root = Path(__file__).parents[2]
    function = Function(call="examples.functions.ishigami:f")
    digests = {setting: digest(path) for setting, path in function.files(root).items()}
    function.load(root, digests)
    before = dict(sys.modules)
    function.load(root, digests)
    gone = [name for name, module in before.items() if sys.modules.get(name) is not module]
    assert [name for name in gone if not name.startswith("dnnsa_study_")] == []
    assert "dnnsa.models.function" in before


def test_a_module_that_is_changed_within_the_second_is_run_as_it_is(tmp_path):
    """Python's own cache of compiled modules goes by whole seconds and sizes."""
    for factor in (2, 3, 4):
        assert load(tmp_path, f"def f(x, name): return {factor} * x").run(VALUES)["output"][0] == factor


def test_a_function_may_be_in_a_package_or_installed(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "pack" / "inner.py").write_text("def g(x, name): return x", encoding="utf-8")
    assert Function(call="pack.inner:g").files(tmp_path) == {"model.call": tmp_path / "pack" / "inner.py"}
    installed = Function(call="numpy:sin")
    assert installed.files(tmp_path)["model.call"].name == "__init__.py"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nothing_like_this", "importing `model` failed with ModuleNotFoundError: No module named"),
        ("def g(): pass", "model.call: module `model` has no function `f`."),
        ("f = 3", "model.call: module `model` has no function `f`."),
        ("def f(:", "model.call: importing `model` failed with SyntaxError"),
    ],
)
def test_what_cannot_be_called_is_told(tmp_path, source, message):
    with pytest.raises(ModelError, match=message.replace("(", r"\(")):
        load(tmp_path, source)


def test_a_module_that_changed_since_the_study_began_is_refused(tmp_path):
    (tmp_path / "model.py").write_text("def f(x): return x", encoding="utf-8")
    with pytest.raises(ModelError, match="is not the file that the study was started with"):
        Function(call="model:f").load(tmp_path, {"model.call": "0" * 64})


def test_coordinates_of_no_dimension_are_refused():
    with pytest.raises(ValueError, match=r"`coords` has values of `tiem`, and `dims` names no such dimension, only"):
        Function(call="a:b", dims={"y": ("time",)}, coords={"tiem": (1, 2)})
