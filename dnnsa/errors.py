"""Everything that can go wrong, one class for each cause, and the exit status that the command line gives it.

An error names the setting, shows the value given and says what would work.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class DnnsaError(Exception):
    """A failure that dnnsa explains in one message; anything else is a bug and keeps its traceback."""

    exit_status = 1


class InputError(DnnsaError):
    """What the user gave cannot be used; nothing was run and nothing was left behind."""

    exit_status = 2


class FileError(InputError):
    """A file of settings that does not hold: every problem at once, each with its path in the file.

    Parameters
    ----------
    problems
        One sentence each, such as ``factors.x1.low: ...``.
    source
        The file, for the first line of the message.
    """

    def __init__(self, problems: Sequence[str], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join([*([f"{source}:"] if source else []), *self.problems]))

    def __reduce__(self) -> tuple[type["FileError"], tuple[tuple[str, ...], str]]:
        return type(self), (self.problems, self.source)


class StudyError(FileError):
    """A study that cannot be run as it is written."""


class ProfileError(FileError):
    """A cluster profile that cannot be used as it is written."""


class ModelError(InputError):
    """The model, its data or its outputs are not what the study says they are."""


_SETTING = re.compile(r"[a-z_]\w*(\[\d+\]|\.\w+)*: ")


@contextmanager
def under(part: str) -> Iterator[None]:
    """Begin the message of a ModelError with the path of the part of the study file that it is about.

    A message that begins with one of the part's own settings goes on from there.

    >>> with under("perturb[0]"):
    ...     raise ModelError("seed: factor `s` must give integers.")
    Traceback (most recent call last):
    dnnsa.errors.ModelError: perturb[0].seed: factor `s` must give integers.
    """
    try:
        yield
    except ModelError as error:
        told = str(error)
        raise ModelError(f"{part}.{told}" if _SETTING.match(told) else f"{part}: {told}") from error


class StoreError(InputError):
    """The store cannot be read, cannot be written, or belongs to another study."""


class ClusterError(DnnsaError):
    """The workers do not start."""


class RunError(DnnsaError):
    """The study failed while it was running; what was done is kept."""


class TooManyFailures(RunError):
    """More base points than ``max_failed`` allows are in quarantine."""

    exit_status = 3


class Interrupted(DnnsaError):
    """Ctrl-C: what was done is kept and the same command goes on from there."""

    exit_status = 130
