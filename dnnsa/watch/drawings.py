"""Indices as bars and maps as pictures, inside HTML."""

import base64
import struct
import zlib
from collections import defaultdict
from collections.abc import Callable
from html import escape

import numpy as np
from numpy.typing import NDArray

from dnnsa.view.colours import GRID, INK, S1_COLOUR, ST_COLOUR, rgb
from dnnsa.view.text import bounded, decimals, number
from dnnsa.watch.glimpse import SHARES, Glimpse, Thumbnail

UNIT = {"ST": "share of the variance", "S1_binned": "share of the variance"}  # along the axis, where it has one
COLOUR = defaultdict(lambda: ST_COLOUR, S1=S1_COLOUR)
ROW, BAR, LABELS, LENGTH, NOTE, FOOT = 40, 15, 150, 330, 140, 38  # pixels: heights, and widths along a row
WIDTH = 420  # pixels of a map whose rows are factors, and of all maps abreast
SIDE = 132  # pixels of one of many maps


# bars ----------------------------------------------------------------------------------------------------------------


def bars(seen: Glimpse) -> str:
    """A row a factor, a bar an index with its interval, as in the figures of a complete study."""
    names, order, x = [*seen.indices][::-1], seen.order, _axis(seen)
    width, height = LABELS + LENGTH + NOTE, ROW * len(order) + FOOT
    sides = [np.concatenate([index[side] for index in seen.indices.values()]) for side in (1, 2)]
    digits = decimals(*sides) if seen.main in SHARES else None
    drawn = [_upright(x(tick), height, GRID) for tick in _ticks(seen)]
    for row, k in enumerate(order):
        middle, label = ROW * (row + 0.5), escape(seen.factors[k].replace("_", " "))
        drawn.append(f'<text x="{LABELS - 8}" y="{middle + 4}" text-anchor="end">{label}</text>')
        for at, name in enumerate(names):
            y = middle + (at - len(names) / 2) * (BAR + 1)
            drawn.append(_bar(seen.indices[name].of(k), COLOUR[name], y, x, digits))
    drawn.append(_upright(x(0.0), height, INK))
    drawn += [_label(x(tick), height - FOOT + 15, f"{tick:g}") for tick in _ticks(seen)]
    drawn.append(_label(LABELS + LENGTH / 2, height - 5, UNIT.get(seen.main, seen.main)))
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">{"".join(drawn)}</svg>'


def _axis(seen: Glimpse) -> Callable[[float], float]:
    """From an index to pixels; what lies beyond the axis stands at its end."""
    low, high = seen.span
    return lambda value: LABELS + LENGTH * (min(max(value, low), high) - low) / (high - low)


def _ticks(seen: Glimpse) -> list[float]:
    if seen.main in SHARES:
        return [0.0, 0.25, 0.5, 0.75, 1.0]
    high = float(f"{seen.span[1]:.1g}")
    return [tick for tick in (0.0, high / 2, high) if tick <= seen.span[1]]


def _label(x: float, y: float, text: str) -> str:
    return f'<text class="faint" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{text}</text>'


def _upright(x: float, height: int, colour: str) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - FOOT}" stroke="{colour}"/>'


def _bar(
    index: tuple[float, float, float], colour: str, y: float, x: Callable[[float], float], digits: int | None
) -> str:
    value, lower, upper = index
    if np.isnan(value):
        return f'<text class="faint" x="{x(0.0) + 6:.1f}" y="{y + BAR - 3:.1f}">-</text>'
    (left, right), end, middle = sorted((x(0.0), x(value))), x(value), y + BAR / 2
    drawn = f'<rect x="{left:.1f}" y="{y:.1f}" width="{right - left:.1f}" height="{BAR}" fill="{colour}"/>'
    if np.isfinite([lower, upper]).all():
        low, end = x(lower), max(end, x(upper))
        path = f"M{low:.1f} {middle:.1f}H{x(upper):.1f}M{low:.1f} {middle - 3:.1f}v6M{x(upper):.1f} {middle - 3:.1f}v6"
        drawn += f'<path d="{path}" stroke="{INK}" fill="none"/>'
    note = bounded(value, lower, upper, digits)
    return drawn + f'<text class="faint" x="{max(end, x(0.0)) + 6:.1f}" y="{y + BAR - 3:.1f}">{note}</text>'


# maps ----------------------------------------------------------------------------------------------------------------


def maps(seen: Glimpse) -> str:
    """Maps of the main index, small, all under one scale; none of a quantity without dimensions."""
    if not seen.maps:
        return ""
    most = 1.0 if seen.main in SHARES else max(seen.span[1], 1e-300)
    title = f"<h4>Map of {seen.main}: {_axes(seen)}</h4>"
    one = len(seen.maps) == 1 and not seen.maps[0].factor
    drawn = _by_factor(seen, most) if one else "".join(_one_of_many(small, most, seen.upward) for small in seen.maps)
    kept = f'<div class="row" style="gap: 10px; max-width: {3 * (SIDE + 12)}px">{drawn}</div>'
    return f"{title}{drawn if one else kept}{_scale(most)}"


def _axes(seen: Glimpse) -> str:
    """What stands along a map."""
    if len(seen.shape) == 1:
        return f"factors by {escape(seen.dims[0] if seen.dims else 'cell')}"
    down, across = seen.dims[-2:] if seen.dims else ("rows", "columns")
    return f"{escape(down)} {'up' if seen.upward else 'down'}, {escape(across)} across"


def _by_factor(seen: Glimpse, most: float) -> str:
    """A map whose rows are factors, beside their names, in the order of the bars."""
    values = seen.maps[0].values[seen.order]
    names = "".join(
        f'<div style="height: 20px; line-height: 20px; text-align: right; font-size: 12px">'
        f"{escape(seen.factors[k].partition(' [')[0].replace('_', ' '))}</div>"
        for k in seen.order
    )
    image = _image(values, most, WIDTH - 100, 20 * len(values))
    return f'<div style="display: flex; gap: 8px"><div style="width: 92px">{names}</div>{image}</div>'


def _one_of_many(small: Thumbnail, most: float, upward: bool) -> str:
    rows, columns = small.values.shape
    values = small.values[::-1] if upward else small.values
    height = round(SIDE * min(2.0, max(0.4, rows / columns)))
    return f"<div><small>{escape(small.factor)}</small>{_image(values, most, SIDE, height)}</div>"


def _scale(most: float) -> str:
    """The colours from 0 to the most."""
    ends = f"<small>0</small>{_image(np.linspace(0, most, 64)[None], most, 160, 10)}<small>{number(most)}</small>"
    return f'<div style="display: flex; gap: 6px; align-items: center; margin-top: 6px">{ends}</div>'


def _image(values: NDArray[np.floating], most: float, width: int, height: int) -> str:
    coded = base64.b64encode(png(rgb(np.asarray(values, dtype=float) / most))).decode()
    return f'<img alt="" width="{width}" height="{height}" src="data:image/png;base64,{coded}">'


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A picture of ``(rows, columns, 3)`` bytes as a PNG.

    References
    ----------
    W3C, Portable Network Graphics (PNG) Specification, 2nd ed., 2003.
    """
    rows, columns, _ = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels)  # 0: of no filter
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
