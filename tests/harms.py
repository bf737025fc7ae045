"""The harm matrix: `python tests/harms.py` does every harm, says what held, and writes docs/harms.md."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "harms.md"
HARMED = ("Processes", "Commits and files", "Runs of the model", "Machines and clusters", "People", "Size and speed")
OUTCOMES = {
    "bits": "every array of the results equals an undisturbed run's, byte for byte, and with them the count `n`",
    "once": "each base point is counted once, in `n` or in the quarantine; or each run is made once",
    "kept": "what was there before stays, and the same command goes on from it or is done",
    "told": "a message, or the quarantine, names what was harmed and how",
    "rest": "nothing is lost but what was harmed",
}

HEAD = """# What has been done to it

Each row is a harm that was really done, to real processes and files, by the test that is named; a cell says which of
these outcomes the test asserts:

{outcomes}

This page is written by `python tests/harms.py`, which takes some minutes; the same tests run with all others, at the
same size, and one of them sees to it that this page has a row for each. Bits are promised on like hardware and
software: [ADR 4](adr/0004-blocks-and-tree-follow-from-the-study.md) says why.
"""


class Row(NamedTuple):
    """A harm and the test that does it."""

    harmed: str
    harm: str
    outcomes: tuple[str, ...]
    test: str  # its file and name


class Matrix:
    """A plugin of pytest that keeps the rows of the tests that there are, and how each of them ended."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.ended: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("harm"):
                harmed, harm, *outcomes = mark.args
                if harmed not in HARMED or not outcomes or set(outcomes) - OUTCOMES.keys():
                    raise pytest.UsageError(f"{item.nodeid}: harm{mark.args}: see HARMED and OUTCOMES of {__file__}")
                self.rows[item.nodeid] = Row(harmed, harm, tuple(outcomes), item.nodeid.partition("[")[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.ended[report.nodeid] = report.outcome


def page(matrix: Matrix) -> str:
    """The page, from tests that have run."""
    told = "\n".join(f"- **{name}**: {text}." for name, text in OUTCOMES.items())
    return "\n".join([HEAD.format(outcomes=told), *_tables(matrix)])


def _tables(matrix: Matrix) -> Iterator[str]:
    for harmed in HARMED:
        rows: dict[Row, set[str]] = {}  # a harm that is done several times held if it always did
        for name, row in matrix.rows.items():
            if row.harmed == harmed:
                rows.setdefault(row, set()).add(matrix.ended[name])
        yield f"## {harmed}\n"
        yield f"| harm | {' | '.join(OUTCOMES)} | test |\n| --- | {' | '.join(':-:' for _ in OUTCOMES)} | --- |"
        for row, ended in rows.items():
            file, _, name = row.test.partition("::")
            held = "**✗**" if "failed" in ended else "✓" if "passed" in ended else "skipped"
            cells = [held if outcome in row.outcomes else "" for outcome in OUTCOMES]
            yield f"| {row.harm} | {' | '.join(cells)} | [{name.removeprefix('test_')}](../{file}) |"
        yield ""


def main() -> int:
    matrix = Matrix()
    status = pytest.main(["-m", "harm", "-q", str(ROOT / "tests"), *sys.argv[1:]], plugins=[matrix])
    if len(matrix.ended) == len(matrix.rows):
        PAGE.write_text(page(matrix), encoding="utf-8")
        print(f"{PAGE.relative_to(ROOT)}: {len(matrix.rows)} harms, {list(matrix.ended.values()).count('passed')} held")  # noqa: T201
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
