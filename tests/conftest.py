"""What tests share: a cluster of two processes, and examples whose networks have been trained."""

import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import settings

from dnnsa.cli import main
from dnnsa.cluster import Local

settings.register_profile("house", deadline=None)  # a machine may be busy: timings are never asserted
settings.load_profile("house")

EXAMPLES = Path(__file__).parents[1] / "examples"
OPEN = []  # the client below, while it is open


@pytest.fixture(scope="session")
def client():
    with Local(workers=2).open() as client:
        OPEN.append(client)
        yield client
        OPEN.clear()


@pytest.fixture(autouse=True)
def the_loop_goes_on(request):
    """Where the event loop of the client that tests share has ended, say why; they would wait for their time limits.

    It happened once, after four thousand tests, and nothing told of what.
    """
    _check_loop(request)
    yield
    _check_loop(request)


def _check_loop(request):
    for client in OPEN if "client" in request.fixturenames else ():
        if client.loop.asyncio_loop.is_closed():
            ended = client.cluster._loop_runner._loop_thread._exception
            told = "".join(traceback.format_exception(ended)) if ended else "it was stopped"
            pytest.fail(f"the event loop of the tests' client has ended: {ended!r}\n{told}", pytrace=False)


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
