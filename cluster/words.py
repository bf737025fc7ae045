"""What may stand unquoted in a job script, which dask-jobqueue puts together without quoting anything."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from dnnsa.errors import ProfileError

PLAIN = r"@%+=:,./_-"
OF_A_PATH = PLAIN + r"~${}"  # the shell of the job, or dnnsa, fills in the home folder and variables


def unquoted(allowed: str, **given: str | None) -> Iterator[str]:
    """A problem for each setting that would not stay one word in a shell script."""
    for name, value in given.items():
        if value is not None and not re.fullmatch(rf"[\w{re.escape(allowed)}]+", value):
            yield (
                f"`{name}` stands unquoted in the job script: letters, digits and {allowed} alone, "
                f"got {json.dumps(value)}"
            )


def lines(name: str, given: tuple[str, ...] | None, prefix: str = "") -> Iterator[str]:
    """A problem for each directive that is not one line without its prefix."""
    for line in given or ():
        if "\n" in line or line.lstrip().startswith("#") or not line.strip():
            yield f"`{name}` must hold one directive a line, without {prefix}, got {json.dumps(line)}"


def folder(name: str, given: str) -> Path:
    """A folder as this host knows it: ``~`` and variables filled in, from the root.

    Raises
    ------
    ProfileError
        A variable is not set here, or what it holds cannot stand in a job script.
    """
    path = os.path.abspath(os.path.expanduser(os.path.expandvars(given)))  # noqa: PTH100, PTH111
    if "$" in path:
        raise ProfileError([f"`{name}`: a variable is not set on this host, got {json.dumps(given)}."])
    for problem in unquoted(PLAIN, **{name: path}):
        raise ProfileError([f"{problem}."])
    return Path(path)


def refuse(problems: list[str]) -> None:
    """Refuse settings with all their problems at once."""
    if problems:
        raise ValueError("; ".join(problems))
