"""The page on Dask's dashboard, in a real browser, while a study runs."""

import json
import logging
import re
import urllib.request
from urllib.parse import urljoin

import pytest
from distributed import Client, LocalCluster

import dnnsa
from dnnsa.view.progress import Quiet
from tests.studies import study
from tests.watch.browser import CHROMIUM, browser

# Half a second for each 64 base points until there is a file `go`, so that there is something to watch.
GATED = """
import time
from pathlib import Path
def f(x1, x2):
    time.sleep(0 if Path(__file__).with_name("go").exists() else 0.25)
    return {"y": np.stack([x1 + 2 * x2, x1 * x2, x2], axis=-1)}
"""
MODEL = {"kind": "function", "call": "model:f", "dims": {"y": ["case"]}}


def gated(folder):
    return study(folder, GATED, base_points=8192, model=MODEL)


def page_of(client):
    return urljoin(client.dashboard_link, "dnnsa")


def bits(results):
    return {
        (quantity, name): values.values.tobytes()
        for quantity, group in results.children.items()
        for name, values in group.dataset.data_vars.items()
    }


def test_the_address_is_told_and_is_that_of_the_page(client, tmp_path):
    said = []
    reporter = type("Said", (Quiet,), {"say": lambda self, message: said.append(message)})()
    dnnsa.run(study(tmp_path, "def f(x1, x2): return x1 * x2"), client, tmp_path / "out.zarr", reporter=reporter)
    assert f"dashboard: {page_of(client)}" in said
    with urllib.request.urlopen(page_of(client)) as answer:
        assert answer.status == 200


def test_where_there_is_no_dashboard_none_is_told(tmp_path):
    said = []
    reporter = type("Said", (Quiet,), {"say": lambda self, message: said.append(message)})()
    asked = study(tmp_path, "def f(x1, x2): return x1 * x2")
    nothing = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, scheduler_kwargs={"dashboard": False}, **nothing
        ) as bare,
        Client(bare) as mine,
    ):
        dnnsa.run(asked, mine, tmp_path / "out.zarr", reporter=reporter)
    assert not [message for message in said if "dashboard" in message or "warning" in message]


def test_it_is_in_the_dashboards_bar_and_in_the_list_that_jupyterlab_reads(client, tmp_path):
    dnnsa.run(study(tmp_path, "def f(x1, x2): return x1 * x2"), client, tmp_path / "out.zarr", reporter=Quiet())
    with urllib.request.urlopen(urljoin(client.dashboard_link, "individual-plots.json")) as answer:
        plots = json.load(answer)
    assert plots["Individual Dnnsa"] == "/individual-dnnsa"
    assert plots["Individual Progress"] == "/individual-progress"
    with urllib.request.urlopen(urljoin(client.dashboard_link, "status")) as answer:
        bar = answer.read().decode()
    assert bar.count('<a href="dnnsa">') == 1  # however many studies there were
    with urllib.request.urlopen(urljoin(client.dashboard_link, "individual-dnnsa")) as answer:
        assert 'class="navbar"' not in answer.read().decode()


def test_all_its_addresses_are_relative_so_that_proxies_can_serve_it(client, tmp_path):
    dnnsa.run(study(tmp_path, "def f(x1, x2): return x1 * x2"), client, tmp_path / "out.zarr", reporter=Quiet())
    for name in ("dnnsa", "individual-dnnsa"):
        with urllib.request.urlopen(urljoin(client.dashboard_link, name)) as answer:
            page = answer.read().decode()
        own = [
            at for at in re.findall(r'(?:src|href)="([^"]+)"', page) if "dask.org" not in at and "javascript:" not in at
        ]
        assert own
        assert not [at for at in own if at.startswith(("/", "http"))]


@pytest.mark.skipif(not CHROMIUM, reason="there is no chromium: apt-get install chromium")
def test_a_browser_shows_a_study_live_and_no_bit_changes(client, tmp_path):
    handle = dnnsa.run(gated(tmp_path), client, tmp_path / "watched.zarr", wait=False)
    with browser() as seen:
        seen.open(page_of(client))
        text = seen.wait_for(lambda text: "rate" in text)
        assert re.search(
            r"small running base points [\d,]+ of 8,192 rate [\d.,]+ base points/s time left .* store", text
        )
        assert "in quarantine none" in text
        text = seen.wait_for(lambda text: "checkpoint" in text and "Widest intervals" in text)
        assert re.search(r"y \(case: 3\)", text)
        assert re.search(r"over all cells, from \d+ base points; intervals of 95 %", text)
        assert re.search(r"x2 0\.\d+ \[0\.\d+, 0\.\d+\]", text)
        assert re.search(r"case \d x\d S[1T] ", text)
        before = int(re.search(r"from (\d+) base points;", text)[1])
        assert 0 < before < 8192
        (tmp_path / "go").touch()
        text = seen.wait_for(lambda text: "small complete" in text and "from 8192 base points" in text)
        assert "8,192 of 8,192" in text
        seen.open(urljoin(client.dashboard_link, "individual-dnnsa"))
        seen.wait_for(lambda text: "small complete" in text and "Widest intervals" in text)
    watched = handle.result(60)
    unwatched = dnnsa.run(gated(tmp_path), client, tmp_path / "unwatched.zarr", reporter=Quiet())
    assert bits(watched) == bits(unwatched)
