"""The page of harms has a row for each test that does one, and no other; each of them held."""

import re

import pytest

from tests.harms import PAGE, ROOT, Matrix


def test_the_page_of_harms_has_a_row_for_each():
    matrix = Matrix()
    collect = ["-m", "harm", "-q", "--collect-only", "--no-summary", str(ROOT / "tests")]
    assert pytest.main(collect, plugins=[matrix]) == 0
    text = PAGE.read_text(encoding="utf-8")
    told = re.findall(r"^\| (.+?) \| .* \| \[(\w+)\]\(\.\./(.+)\) \|$", text, re.MULTILINE)
    rows = {(row.harm, row.test) for row in matrix.rows.values()}
    assert {(harm, f"{file}::test_{name}") for harm, name, file in told} == rows
    assert len(told) == len(rows) > 40
    assert "✗" not in text
