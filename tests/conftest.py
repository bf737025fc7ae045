"""What tests share: a cluster of two processes, and examples whose networks have been trained."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from dnnsa.cli import main
from dnnsa.cluster import Local

settings.register_profile("house", deadline=None)  # a machine may be busy: timings are never asserted
settings.load_profile("house")

EXAMPLES = Path(__file__).parents[1] / "examples"


SERIAL = ("slurm",)  # folders whose tests share a machine


def pytest_collection_modifyitems(items):
    """With `--dist loadgroup` a file's tests stay in one process, which makes its fixtures once."""
    for item in items:
        shared = [part for part in item.path.parts if part in SERIAL]
        item.add_marker(pytest.mark.xdist_group(shared[0] if shared else str(item.path)))


@pytest.fixture(scope="session")
def client():
    with Local(workers=2).open() as client:
        yield client


@pytest.fixture
def command(monkeypatch, capsys):
    """A command in this process: exit status, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dnnsa", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code, *capsys.readouterr()

    return run


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """A folder with the digits example after training: study.yaml, digits.keras, heldout.npz; and what was printed."""
    folder = tmp_path_factory.mktemp("digits")
    for name in ("train.py", "study.yaml", "weights.yaml"):
        shutil.copy(EXAMPLES / "digits" / name, folder)
    done = subprocess.run([sys.executable, "train.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "printed").write_text(done.stdout)
    return folder


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """A folder with what an example holds after training, by its name; networks that lie trained beside it will do."""
    folders = {}

    def of(name):
        if name not in folders:
            folders[name] = tmp_path_factory.mktemp("examples") / name
            trained(EXAMPLES / name, folders[name])
        return folders[name]

    return of


def trained(source, folder):
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.zarr", "__pycache__"))
    written = max(path.stat().st_mtime for path in source.glob("*.py"))
    made = [path for kind in ("*.keras", "*.npz") for path in source.glob(kind)]
    if made and min(path.stat().st_mtime for path in made) > written:
        return
    for path in made:
        (folder / path.name).unlink()
    done = subprocess.run([sys.executable, "train.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
