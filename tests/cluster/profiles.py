"""Profiles that tests read, and their job scripts."""

import os
from pathlib import Path

import dask

from dnnsa.cluster import Cluster, read_profile, show

PYTHON = "/opt/python"
LEAST = "workers: 2\nmemory: 2GB\nshared_directory: /net\npython: /opt/python\n"  # of every batch system


def profile(folder: Path, text: str) -> Cluster:
    """What is read from a profile of this text."""
    path = folder / "profile.yaml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def script(folder: Path, kind: str, text: str = "") -> list[str]:
    """Lines of the job script."""
    return show(profile(folder, f"kind: {kind}\n{LEAST}{text}")).script.splitlines()


def directives(folder: Path, kind: str, prefix: str, text: str = "") -> list[str]:
    """What follows a prefix in the lines of the job script."""
    return [line.removeprefix(prefix) for line in script(folder, kind, text) if line.startswith(prefix)]


def configured(folder: Path, text: str) -> None:
    """Have dask read a configuration, as from its folder when it starts."""
    (folder / "jobqueue.yaml").write_text(text, encoding="utf-8")
    dask.config.paths.append(os.fspath(folder))
    dask.config.refresh()
