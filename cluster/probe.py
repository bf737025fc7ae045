"""What a worker tells of itself and of the folders that it sees. It imports nothing of a study's."""

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("dnnsa", "dask", "distributed", "keras", "tensorflow", "numpy")
PATIENCE = 120.0  # seconds that TensorFlow may take to start
LOOK = """
import json
import tensorflow as tf
look = tf.config.experimental.get_device_details
print(json.dumps([look(one).get("device_name", one.name) for one in tf.config.list_physical_devices("GPU")]))
"""


class Seen(NamedTuple):
    """A folder as a worker sees it."""

    path: str
    problem: str  # why it is of no use; empty where it is
    free: int  # bytes


class Facts(NamedTuple):
    """One process: where it is, what it runs, what it sees."""

    host: str
    python: str  # version
    executable: str
    versions: dict[str, str | None]  # None where a package is not installed
    visible: str | None  # CUDA_VISIBLE_DEVICES
    gpus: tuple[str, ...]  # names, as TensorFlow sees them
    gpus_problem: str  # why TensorFlow does not start; empty where it does


def facts(look_for_gpus: bool = True) -> Facts:
    """Of this process."""
    gpus, problem = _gpus() if look_for_gpus else ((), "")
    return Facts(
        host=socket.gethostname(),
        python=platform.python_version(),
        executable=sys.executable,
        versions={name: _version(name) for name in PACKAGES},
        visible=os.environ.get("CUDA_VISIBLE_DEVICES"),
        gpus=gpus,
        gpus_problem=problem,
    )


def shared(folder: Path, asked: str, answered: str) -> Seen:
    """Whether a worker sees a file that the client has written in a folder; it answers with a file of its own there."""
    try:
        question = (folder / asked).read_text(encoding="ascii")
        (folder / answered).write_text(question, encoding="ascii")
    except OSError as error:
        return Seen(str(folder), f"{error.strerror}: {error.filename}", 0)
    return Seen(str(folder), "", shutil.disk_usage(folder).free)


def scratch() -> Seen:
    """The folder of this host in which a worker may write what is only its own."""
    from distributed import get_worker

    folder = get_worker().local_directory
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"dnnsa")
    except OSError as error:
        return Seen(folder, str(error.strerror), 0)
    return Seen(folder, "", shutil.disk_usage(folder).free)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _gpus() -> tuple[tuple[str, ...], str]:
    """In a process of its own, which may crash or take memory as it likes."""
    command = [sys.executable, "-c", LOOK]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)  # noqa: S603
    except subprocess.TimeoutExpired:
        return (), f"TensorFlow did not start within {PATIENCE:.0f} s"
    if done.returncode:
        return (), (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
    return tuple(json.loads(done.stdout.splitlines()[-1])), ""
