"""environment.yml says what pyproject.toml says, and neither it nor constraints.txt says where they were written."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rattler
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT: dict[str, Any] = YAML(typ="safe").load((ROOT / "environment.yml").read_text())
MATCH_SPECS: list[str] = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]

# What conda-forge calls otherwise: its own name -> the name on the package index.
CONDA_NAMES = {"dask-core": "dask", "matplotlib-base": "matplotlib", "python-build": "build"}
ONLY_CONDA = {"python", "pip"}  # what pip takes as given
# Extras that are not in the environment: conda sees a GPU and picks its build of tensorflow by itself; PyTorch comes in
# builds of very different sizes, and whoever has networks of it has one; peers of benchmarks are for who runs those.
ONLY_PIP = {"gpu", "bench", "torch"}

Bounds = dict[str, SpecifierSet]


def of_extra(name: str) -> Iterator[Requirement]:
    """Requirements of an extra, with those of the extras of dnnsa that it names."""
    for requirement in map(Requirement, PROJECT["optional-dependencies"][name]):
        if requirement.name == PROJECT["name"]:
            for extra in requirement.extras:
                yield from of_extra(extra)
        else:
            yield requirement


def of_pip() -> Bounds:
    extras = PROJECT["optional-dependencies"].keys() - ONLY_PIP
    bounds: Bounds = {}
    for requirement in [
        *map(Requirement, PROJECT["dependencies"]),
        *(one for extra in extras for one in of_extra(extra)),
    ]:
        name = canonicalize_name(requirement.name)
        assert bounds.setdefault(name, requirement.specifier) == requirement.specifier, f"two bounds for {name}"
    return bounds


def of_conda(specs: list[str] = MATCH_SPECS) -> Bounds:
    named = (spec.partition(" ")[::2] for spec in specs)
    return {canonicalize_name(CONDA_NAMES.get(name, name)): SpecifierSet(bounds) for name, bounds in named}


def test_conda_installs_every_package_that_pip_installs_and_no_other() -> None:
    assert of_conda().keys() - ONLY_CONDA == of_pip().keys()


def test_bounds_are_those_of_pyproject() -> None:
    wrong = {name: bounds for name, bounds in of_pip().items() if of_conda().get(name) != bounds}
    assert wrong == {}


def test_python_is_the_one_that_pyproject_requires() -> None:
    assert of_conda()["python"] == SpecifierSet(PROJECT["requires-python"])


def test_a_different_bound_would_be_seen() -> None:
    assert of_conda(["dask-core >=2025.1"]) == {"dask": SpecifierSet(">=2025.1")}
    assert of_conda(["dask-core >=2025.2"]) != {"dask": SpecifierSet(">=2025.1")}


@pytest.mark.parametrize("spec", MATCH_SPECS)
def test_conda_reads_the_match_spec(spec: str) -> None:
    parsed = rattler.MatchSpec(spec, strict=True)
    assert parsed.name is not None
    assert parsed.name.normalized == spec.partition(" ")[0]


def test_pip_installs_the_checkout_and_nothing_else() -> None:
    assert [entry for entry in ENVIRONMENT["dependencies"] if not isinstance(entry, str)] == [{"pip": ["-e ."]}]
    assert ENVIRONMENT["name"] == PROJECT["name"]
    assert ENVIRONMENT["channels"] == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("file", ["environment.yml", "constraints.txt"])
def test_no_host_or_path_of_a_machine_is_named(file: str) -> None:
    for line in (ROOT / file).read_text().splitlines():
        assert not re.search(r"://|file:|@|(^|[\s'\"=])[/~]|\\|--|^prefix", line), line


def test_every_requirement_is_pinned_within_its_bounds() -> None:
    pins = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines()]
    for name, bounds in of_pip().items():
        of_name = [pin for pin in pins if canonicalize_name(pin.name) == name]
        assert of_name, f"{name} is not in constraints.txt: run `make lock`"
        for pin in of_name:
            (version,) = (one.version for one in pin.specifier)
            assert bounds.contains(version), f"{pin} is outside {bounds}: run `make lock`"
