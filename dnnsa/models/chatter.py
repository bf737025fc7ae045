"""What TensorFlow says to nobody in particular while it starts: kept off the user's terminal."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

_CHATTER = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog"
    rb"|To enable the following instructions"
    rb"|[IW]\d{4} [\d:.]+ |\d{4}-\d\d-\d\d [\d:.]+: [IW] "  # information and warnings of its C++ runtime
    rb"|E\d{4} .*cuInit"  # there is no GPU
)
_ALONE = threading.Lock()  # standard error is the process's: two threads would give each other's file back


@contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back what is written to standard error, by C++ too, and let through at the end all but the chatter."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    with _ALONE, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            _let_through(held)


def _let_through(held: BinaryIO) -> None:
    held.seek(0)
    for line in held:
        if not _CHATTER.match(line):
            os.write(2, line)
