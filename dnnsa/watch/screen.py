"""A running study in a notebook, wherever it was asked for."""

import sys
import time
from typing import Any

from dnnsa.watch.frame import Frame
from dnnsa.watch.html import frame_html


class Screen:
    """Displays of a notebook that go on while the study runs."""

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self.displays: list[Any] = []
        self.asked = False  # for its HTML, by whoever shows it otherwise

    def show(self, frame: Frame) -> bool:
        before = self.frame.look if self.frame else None
        self.frame = frame._replace(look=frame.look or before)
        for display in self.displays:
            display.update(_Html(self.frame))
        return self.asked or bool(self.displays)

    def html(self, frame: Frame) -> str:
        """The study as it was shown last, or as a frame says."""
        self.asked = True
        return frame_html(self.frame or frame, time.time())

    def display(self, frame: Frame) -> None:
        """Show the study under the cell that is being run, from now on."""
        from IPython.display import display

        self.displays.append(display(_Html(self.frame or frame), display_id=True))  # type: ignore[no-untyped-call]


class _Html:
    """What a notebook shows, and what it writes where there is no HTML."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame

    def _repr_html_(self) -> str:
        return frame_html(self.frame, time.time())

    def __repr__(self) -> str:
        return in_words(self.frame)


def in_words(frame: Frame) -> str:
    """``digits: running, 512 of 1024 base points``."""
    told = f", {p.done} of {p.total} {p.unit}" if (p := frame.progress) else ""
    return f"{frame.name}: {frame.status}{told}"


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return type(shell).__name__ == "ZMQInteractiveShell"
