"""A study in a notebook."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import nbformat
from nbclient import NotebookClient

SETUP = """
import dnnsa
from pathlib import Path
from dnnsa.cluster import Local
Path("model.py").write_text("def f(x1, x2): return x1 + 2 * x2")
uniform = {"kind": "uniform", "low": 0, "high": 1}
study = dnnsa.Study(
    name="small",
    factors={"x1": uniform, "x2": uniform},
    design={"kind": "saltelli", "base_points": 256},
    model={"kind": "function", "call": "model:f"},
)
local = Local(workers=1)
"""
WAITED = "results = dnnsa.run(study, out='waited.zarr', cluster=local)"
HANDLE = "handle = dnnsa.run(study, out='handle.zarr', cluster=local, wait=False)\nhandle"
RESULT = "print(float(handle.result(60)['output']['ST'][1].round(1)))"


def html_of(cell):
    return [output["data"]["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]


def test_a_running_study_is_shown_under_its_cell_and_the_view_goes_on_with_it(tmp_path, monkeypatch):
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, WAITED, HANDLE, RESULT)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    resources = {"metadata": {"path": str(tmp_path)}}
    running = NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources)
    with ThreadPoolExecutor(1) as thread:  # it replaces the event loop of the thread that it is in
        thread.submit(lambda: asyncio.run(running.async_execute())).result()
    _, waited, handle, result = notebook.cells
    for cell in (waited, handle):
        (html,) = html_of(cell)
        assert "<h2>small <small>complete</small></h2>" in html
        assert "from 256 base points; intervals of 95 %" in html
    assert [output["text"] for output in result.outputs] == ["0.8\n"]
    assert waited.outputs[0]["data"]["text/plain"] == "small: complete, 256 of 256 base points"
