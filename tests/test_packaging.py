"""What a user installs: `dnnsa`, all of it, and nothing beside it."""

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
LINKED = ("designs", "estimators", "cluster")  # folders of the root that dnnsa/ links to
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def tracked(*folders: str) -> list[str]:
    """Files of git under some folders, links and deleted files left out."""
    listed = subprocess.run(["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names in the wheel that is built from what git tracks, away from the checkout and its build folders."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    for room in LINKED:
        (source / "dnnsa" / room).symlink_to((ROOT / "dnnsa" / room).readlink())
    backend = f"from setuptools.build_meta import build_wheel; build_wheel({os.fspath(target)!r})"
    built = subprocess.run([sys.executable, "-c", backend], cwd=source, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    with zipfile.ZipFile(next(target.glob("*.whl"))) as archive:
        return archive.namelist()


def test_nothing_but_dnnsa_is_installed_at_the_top_level(wheel: list[str]) -> None:
    assert {PurePosixPath(name).parts[0] for name in wheel} == {"dnnsa", f"dnnsa-{VERSION}.dist-info"}


def test_the_wheel_holds_every_file_of_the_source_and_no_other(wheel: list[str]) -> None:
    files = [name if name.startswith("dnnsa/") else f"dnnsa/{name}" for name in tracked("dnnsa", *LINKED)]
    assert sorted(name for name in wheel if name.startswith("dnnsa/")) == sorted(files)


def test_the_wheel_says_that_it_is_typed_and_holds_the_licence(wheel: list[str]) -> None:
    assert "dnnsa/py.typed" in wheel
    assert f"dnnsa-{VERSION}.dist-info/licenses/LICENSE" in wheel


@pytest.mark.parametrize("room", LINKED)
def test_a_room_of_the_root_is_a_relative_link_of_the_package(room: str) -> None:
    assert (ROOT / "dnnsa" / room).readlink() == Path("..") / room


@pytest.mark.parametrize("room", LINKED)
def test_a_room_cannot_be_imported_a_second_time_from_the_root(room: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.endswith(f"ImportError: import dnnsa.{room}: `{room}` is a folder of the checkout.\n")
