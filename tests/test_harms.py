"""The page of harms has a row for each test that does one, and no other; each of them held."""

import re

import pytest

from tests.harms import PAGE, ROOT, Matrix


def test_the_page_of_harms_has_a_row_for_each():
    matrix = Matrix()
    paths = [str(ROOT / "tests" / name) for name in ("engine", "store", "test_api.py", "test_cli.py", "test_rounds.py")]
    assert pytest.main(["-m", "harm", "-q", "--collect-only", "--no-summary", *paths], plugins=[matrix]) == 0
    text = PAGE.read_text(encoding="utf-8")
    told = re.findall(r"^\| (.+?) \| .* \| \[(\w+)\]\(\.\./(.+)\) \|$", text, re.MULTILINE)
    rows = {(row.harm, row.test) for row in matrix.rows.values()}
    assert {(harm, f"{file}::test_{name}") for harm, name, file in told} == rows
    assert len(told) == len(rows) > 40
    assert "✗" not in text
