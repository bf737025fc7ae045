"""HTML of a study, for the dashboard and for notebooks."""

import io
from html.parser import HTMLParser

import numpy as np
from matplotlib.image import imread

from dnnsa.engine import Progress
from dnnsa.view.colours import rgb
from dnnsa.watch.drawings import png
from dnnsa.watch.frame import Frame
from dnnsa.watch.glimpse import Cell, Glimpse, Index, Thumbnail
from dnnsa.watch.html import frame_html, look_html, progress_html
from dnnsa.watch.look import Look

FRAME = Frame("digits", "out.zarr", 1000.0, "running", Progress(256, 1024, 2), 8.0, 1090.0)
NAN = np.full(2, np.nan)


def glimpse(**other):
    index = Index(np.array([0.25, 0.75]), np.array([0.2, 0.7]), np.array([0.3, 0.8]))
    seen = Glimpse("y", (), (), ["a_b [m]", "<c>"], 0.95, {"S1": index, "ST": index}, [], [])
    return seen._replace(**other)


def look(*seen):
    return Look(256, 0.1, list(seen), [])


class Well(HTMLParser):
    """Asserts that every element that is opened is closed in its turn."""

    EMPTY = ("img",)

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        pass


def is_well_formed(html):
    parser = Well()
    parser.feed(html)
    return not parser.open


def test_progress_tells_how_far_how_fast_and_how_long():
    html = progress_html(FRAME, 1100.0)
    for term, value in (
        ("base points", "256 of 1,024"),
        ("rate", "8 base points/s"),
        ("time left", "1 min 36 s"),
        ("in quarantine", "2"),
        ("running for", "1 min 40 s"),
        ("last checkpoint", "10 s ago"),
    ):
        assert f"<dt>{term}</dt><dd>{value}</dd>" in html
    assert "width: 25.00%" in html
    assert is_well_formed(html)


def test_a_study_that_stopped_says_why():
    html = progress_html(FRAME._replace(status="stopped", said="a <worker> died", warnings=("beware",)), 1100.0)
    assert "a &lt;worker&gt; died" in html
    assert '<p class="bad">beware</p>' in html
    assert "time left" not in html


def test_before_there_is_a_study_or_an_index_there_is_no_empty_panel():
    assert "No study has run on this cluster yet." in progress_html(None, 0.0)
    assert look_html(None, None) == ""
    assert "Indices come with the first checkpoint." in look_html(None, FRAME)
    assert "Nothing is estimated by factor." in look_html(look(glimpse(indices={})), FRAME)


def test_factors_are_in_order_with_their_intervals_and_their_names_are_text():
    html = look_html(look(glimpse()), FRAME)
    assert html.index("&lt;c&gt;") < html.index("a b [m]")
    assert "0.750 [0.700, 0.800]" in html
    assert "Map of" not in html
    assert "Widest" not in html
    assert is_well_formed(html)


def test_an_index_without_a_value_or_an_interval_is_drawn_without():
    html = look_html(look(glimpse(indices={"mu_star": Index(np.array([3.0, np.nan]), NAN, NAN)})), FRAME)
    assert ">3<" in html
    assert ">-<" in html
    assert "nan" not in html
    assert is_well_formed(html)


def test_maps_and_cells_of_a_field():
    maps = [Thumbnail("a_b [m]", np.zeros((3, 4), np.float32)), Thumbnail("<c>", np.ones((3, 4), np.float32))]
    widest = [Cell("ST", "<c>", (1, 2), 0.5, 0.1, 0.9)]
    seen = glimpse(dims=("y", "x"), shape=(3, 4), maps=maps, widest=widest, upward=True)
    html = frame_html(FRAME._replace(look=look(seen)), 1100.0)
    assert "Map of ST: y up, x across" in html
    assert "<td>y 1, x 2</td><td>&lt;c&gt;</td><td>ST</td><td>0.50 [0.10, 0.90]</td>" in html
    assert html.count("data:image/png;base64,") == 3  # two maps and their scale
    assert is_well_formed(html)


def test_a_map_of_one_dimension_has_a_row_for_each_factor():
    seen = glimpse(dims=("case",), shape=(4,), maps=[Thumbnail("", np.zeros((2, 4), np.float32))])
    assert "Map of ST: factors by case" in look_html(look(seen), FRAME)


def test_quantities_that_are_too_large_are_named():
    assert "Too large to be shown on the way: field." in look_html(Look(1, 0.1, [], ["field"]), FRAME)


def test_a_png_holds_its_pixels():
    pixels = rgb(np.linspace(-1, 2, 35).reshape(5, 7))
    read = imread(io.BytesIO(png(pixels)))
    np.testing.assert_array_equal(np.rint(read * 255).astype(np.uint8)[..., :3], pixels)
