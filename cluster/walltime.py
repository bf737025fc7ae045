"""How long a job may run, in one form for every batch system."""

import json
import re
from collections.abc import Iterator

FORM = re.compile(r"(?:(\d+)-)?(\d+):([0-5]\d):([0-5]\d)")


def seconds(text: str) -> int | None:
    """Seconds of ``HH:MM:SS`` or ``D-HH:MM:SS``; None where it is neither, or no time at all.

    Examples
    --------
    >>> seconds("04:00:00"), seconds("1-00:00:30"), seconds("4h")
    (14400, 86430, None)
    """
    found = FORM.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest or None


def clock(time: int) -> str:
    """Seconds as ``HH:MM:SS``, which every batch system but LSF reads; hours may be more than 24.

    Examples
    --------
    >>> clock(90000)
    '25:00:00'
    """
    return f"{time // 3600:02}:{time // 60 % 60:02}:{time % 60:02}"


def problems(walltime: str | None) -> Iterator[str]:
    if walltime is not None and seconds(walltime) is None:
        yield f"`walltime` must be HH:MM:SS or D-HH:MM:SS, such as 04:00:00, got {json.dumps(walltime)}"
