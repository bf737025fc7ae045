"""A study file after a screening: the same keys and comments, and some factors in a group."""

import re

import pytest

from dnnsa import Study
from dnnsa.errors import StudyError
from dnnsa.reading import read_text
from dnnsa.screening.asked import in_one_group
from dnnsa.screening.file import regrouped

TEXT = """# by hand
name: "small"
factors:
  a: &law {kind: uniform, low: 0, high: 1}  # first
  b: *law
  c:
    kind: normal  # as measured
    mean: 0
    sd: 1e-3
  d: {kind: uniform, low: 0, high: 1, count: 3}  # three

  # the last
  e: {kind: uniform, low: 0, high: 1, count: 2}
design: {kind: saltelli, base_points: 64}
model: {kind: function, call: "line:f"}
estimators:
  - kind: sobol  # all of them
"""


def written(inert, text=TEXT):
    study = in_one_group(Study(**read_text(text)), inert, "inert")
    return regrouped(text, study, inert, "inert", "done\nby a test")


def test_a_factor_gets_the_group_and_all_else_stays():
    text = written(["c"])
    assert text.startswith("# done\n# by a test\n# by hand\n")
    assert "    sd: 1e-3\n    group: inert\n" in text
    assert text.split("  c:")[1].replace("    group: inert\n", "") == TEXT.split("  c:")[1]


def test_aliases_are_written_out_and_only_the_one_is_changed():
    for one, other in ("ab", "ba"):
        text = written([one])
        assert re.search(rf"^  {one}: {{kind: uniform, low: 0, high: 1, group: inert}}( # first)?$", text, re.MULTILINE)
        assert re.search(rf"^  {other}: {{kind: uniform, low: 0, high: 1}}( +# first)?$", text, re.MULTILINE)
        assert text.count("# first") == 1


def test_a_family_stays_one_line_unless_some_of_it_is_inert():
    assert "  e: {kind: uniform, low: 0, high: 1, count: 2, group: inert}\n" in written(["e_0", "e_1"])
    assert (
        "  d_0: {kind: uniform, low: 0, high: 1}\n"
        "  d_1: {kind: uniform, low: 0, high: 1, group: inert}\n"
        "  d_2: {kind: uniform, low: 0, high: 1}          # three\n"
        "\n"
        "  # the last\n"
        "  e: {kind: uniform, low: 0, high: 1, count: 2}\n"
    ) in written(["d_1"])


@pytest.mark.parametrize("inert", [["a"], ["b", "d_0", "e_0"], ["a", "b", "c", "d_0", "d_1", "d_2", "e_0", "e_1"]])
def test_what_is_written_is_read_as_the_study_that_was_meant(inert):
    read = Study(**read_text(written(inert)))
    assert {name for name, law in read.factors.items() if law.group == "inert"} == set(inert)


def test_a_file_that_would_read_otherwise_is_not_written():
    study = Study(**read_text(TEXT))
    with pytest.raises(StudyError, match="the file cannot be rewritten with its comments"):
        regrouped(TEXT, study, ["a"], "inert", "")
