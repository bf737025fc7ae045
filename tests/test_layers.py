"""Who may import whom: the layers of pyproject.toml, what each room may import from outside, and what stays lazy."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dnnsa"
SOURCES = sorted(path for room in ("dnnsa", "designs", "estimators", "cluster") for path in (ROOT / room).rglob("*.py"))
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS: list[list[str]] = [re.findall(r"\w+", layer) for layer in CONTRACTS[0]["layers"]]

NUMERIC = {"numpy", "scipy"}
PURE = {
    "errors": set(),
    "files": set(),
    "settings": set(),
    "layout": {"numpy"},
    "factors": NUMERIC,
    "designs": NUMERIC,
    "estimators": NUMERIC | {"numba"},  # which compiles the sums of a block
}
FRAMEWORKS = {"tensorflow", "keras", "jax", "torch", "onnxruntime"}
RUNS_NETWORKS = {"arrays", "models", "perturb", "quantities", "threefry", "weights", "training", "engine"}
DASK = {"dask", "distributed", "dask_jobqueue"}
PLUMBING = {"attribution", "given", "engine", "store", "cluster", "view", "watch", "rounds", "from_runs", "api", "cli"}
SLOW_TO_IMPORT = {*FRAMEWORKS, "dask", "distributed", "matplotlib", "scipy.stats", "SALib", "numba"}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command as main; main(['--no-cache', '--no-logo'])"
    return subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)


def rooms() -> Iterator[tuple[str, list[Path]]]:
    for room in (name for layer in LAYERS for name in layer):
        files = [*PACKAGE.glob(f"{room}.py"), *(PACKAGE / room).rglob("*.py")]
        yield room, files


def outside(source: str) -> set[str]:
    """Top-level names that a file imports, wherever in it, but for dnnsa and the standard library."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names - {"dnnsa"} - sys.stdlib_module_names


def imported_by(*command: str) -> set[str]:
    """Modules that a command imports."""
    done = subprocess.run([sys.executable, "-X", "importtime", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_every_room_imports_only_the_rooms_below_it() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A package of the same rooms, all of them empty, under the same contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "dnnsa").mkdir()
    for room in ["__init__", *(name for layer in LAYERS for name in layer)]:
        (tmp_path / "dnnsa" / f"{room}.py").touch()
    return tmp_path


def test_empty_rooms_keep_the_layers(house: Path) -> None:
    done = lint(house)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("errors", "import dnnsa.settings"),
        ("designs", "from dnnsa.study import Study"),
        ("cluster", "from dnnsa import study"),
        ("designs", "import dnnsa.estimators"),
        ("engine", "def f():\n    import dnnsa.store"),
        ("engine", "from dnnsa.cluster import local"),
        ("view", "from . import cli"),
    ],
)
def test_a_broken_layer_is_seen(house: Path, room: str, line: str) -> None:
    (house / "dnnsa" / f"{room}.py").write_text(line)
    done = lint(house)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 broken" in done.stdout
    assert re.search(rf"dnnsa\.{room} -> dnnsa\.", done.stdout), done.stdout


def test_a_room_without_a_place_is_seen(house: Path) -> None:
    (house / "dnnsa" / "helpers.py").touch()
    done = lint(house)
    assert done.returncode == 1
    assert "not listed as layers:\n\n- dnnsa.helpers\n" in done.stdout


def test_pure_rooms_import_what_is_numeric_at_most() -> None:
    files = [(room, path) for room, paths in rooms() if room in PURE for path in paths]
    assert {room for room, _ in files} == PURE.keys()
    found = {str(path): outside(path.read_text()) - PURE[room] for room, path in files}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(("packages", "allowed"), [(FRAMEWORKS, RUNS_NETWORKS), (DASK, PLUMBING)])
def test_a_heavy_package_stays_in_the_rooms_that_need_it(packages: set[str], allowed: set[str]) -> None:
    found = {room: {name for path in paths for name in outside(path.read_text())} & packages for room, paths in rooms()}
    assert {room for room, names in found.items() if names} <= allowed


def test_imports_from_outside_are_seen_wherever_they_stand() -> None:
    source = (
        "import os.path, dask.array\nfrom . import x\ndef f():\n    from pandas.io import y\n    import dnnsa.a, numpy"
    )
    assert outside(source) == {"dask", "pandas", "numpy"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_import_is_for_the_type_checker_only(path: Path) -> None:
    assert "TYPE_CHECKING" not in path.read_text(), "an import that would be circular: the code is in the wrong file"


@pytest.mark.parametrize(
    "command",
    [["-c", "import dnnsa"], ["-c", "from dnnsa.cli import main; main()", "--help"]],
    ids=["import dnnsa", "dnnsa --help"],
)
def test_what_is_slow_to_import_waits_until_it_is_used(command: list[str]) -> None:
    imported = imported_by(*command)
    assert "dnnsa" in imported
    assert imported & SLOW_TO_IMPORT == set()


def test_a_slow_import_would_be_seen() -> None:
    assert "matplotlib" in imported_by("-c", "import matplotlib")
