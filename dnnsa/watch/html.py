"""A study on its way as HTML, the same on Dask's dashboard and in a notebook: no script, and nothing from elsewhere."""

from html import escape

from dnnsa.view.colours import FAINT, GRID, INK, ST_COLOUR
from dnnsa.view.text import bounded, count
from dnnsa.watch.drawings import COLOUR, bars, maps
from dnnsa.watch.frame import Frame, facts
from dnnsa.watch.glimpse import FACTORS, Glimpse
from dnnsa.watch.look import Look

MEANING = {
    "S1": "first order: the factor alone",
    "ST": "total: alone and with others",
    "S1_binned": "first order, by bins",
    "ST_bound": "bound of the total index",
    "activity": "part of that bound which the first directions have",
    "hsic_r2": "dependence",
    "mu_star": "mean absolute elementary effect",
}
STYLE = f"""<style>
.dnnsa {{ font: 14px/1.45 system-ui, sans-serif; color: {INK}; background: #fff; padding: 10px 16px; }}
.dnnsa h2 {{ font-size: 20px; margin: 0; }} .dnnsa h3 {{ font-size: 16px; margin: 20px 0 2px; }}
.dnnsa h4 {{ font-size: 13px; margin: 10px 0 4px; }} .dnnsa p {{ margin: 2px 0; }} .dnnsa small {{ color: {FAINT}; }}
.dnnsa .bar {{ height: 12px; background: {GRID}; border-radius: 6px; margin: 8px 0; overflow: hidden; }}
.dnnsa .bar div {{ height: 100%; background: {ST_COLOUR}; }}
.dnnsa .row {{ display: flex; flex-wrap: wrap; gap: 8px 40px; align-items: flex-start; }}
.dnnsa dl {{ display: flex; flex-wrap: wrap; gap: 4px 32px; margin: 0; }}
.dnnsa dt {{ color: {FAINT}; font-size: 12px; }}
.dnnsa dd {{ margin: 0; font-variant-numeric: tabular-nums; }} .dnnsa .bad {{ color: #b3261e; }}
.dnnsa table {{ border-collapse: collapse; font-size: 13px; color: {INK}; background: #fff; }}
.dnnsa th, .dnnsa td {{ text-align: left; padding: 2px 16px 2px 0; background: #fff; }}
.dnnsa th {{ color: {FAINT}; font-weight: normal; border-bottom: 1px solid {GRID}; }}
.dnnsa img {{ image-rendering: pixelated; display: block; border: 1px solid {GRID}; }}
.dnnsa svg text {{ font: 12px system-ui, sans-serif; fill: {INK}; }} .dnnsa svg .faint {{ fill: {FAINT}; }}
</style>"""


# how far it is -------------------------------------------------------------------------------------------------------


def progress_html(frame: Frame | None, now: float) -> str:
    """How far a study is; ``now`` in seconds since 1970."""
    if frame is None:
        return _page("<h2>dnnsa</h2><p>No study has run on this cluster yet.</p>")
    parts = [f"<h2>{escape(frame.name)} <small>{escape(frame.status)}</small></h2>"]
    share = frame.progress.done / frame.progress.total if frame.progress and frame.progress.total else 0.0
    parts.append(f'<div class="bar"><div style="width: {100 * share:.2f}%"></div></div>')
    told = "".join(f"<div><dt>{term}</dt><dd>{escape(value)}</dd></div>" for term, value in facts(frame, now))
    parts.append(f"<dl>{told}</dl>")
    if frame.said and (frame.progress is None or frame.status not in ("running", "complete")):
        parts.append(f"<p>{escape(frame.said)}</p>")
    parts += [f'<p class="bad">{escape(warning)}</p>' for warning in frame.warnings[-3:]]
    return _page("".join(parts))


# what its states say -------------------------------------------------------------------------------------------------


def look_html(look: Look | None, frame: Frame | None) -> str:
    """What is known of each quantity so far."""
    if frame is None:
        return ""
    if look is None:
        return _page("<p><small>Indices come with the first checkpoint.</small></p>")
    parts = [_glimpse(one, look.base_points) for one in look.quantities if one.indices]
    if look.left_out:
        names = escape(", ".join(look.left_out))
        parts.append(f"<p><small>Too large to be shown on the way: {names}.</small></p>")
    if not parts:
        parts = ["<p><small>Nothing is estimated by factor.</small></p>"]
    return _page("".join(parts))


def _glimpse(seen: Glimpse, base_points: int) -> str:
    shape = ", ".join(f"{dim}: {size}" for dim, size in zip(seen.dims, seen.shape, strict=False))
    title = f"<h3>{escape(seen.quantity)} <small>{f'({escape(shape)})' if shape else ''}</small></h3>"
    over = "over all cells, " if seen.shape else ""
    caption = f"{over}from {count(base_points, 'base point', 'base points')}; intervals of {100 * seen.level:g} %"
    panels = [f"<div>{bars(seen)}</div>"]
    if more := max(0, len(seen.factors) - FACTORS):
        panels[0] += f"<p><small>and {count(more, 'factor', 'factors')} with smaller ones</small></p>"
    if seen.maps or seen.widest:
        panels.append(f"<div>{maps(seen)}{_widest(seen)}</div>")
    about = f"<p><small>{caption}</small></p><p><small>{_legend(seen)}</small></p>"
    return f'{title}{about}<div class="row">{"".join(panels)}</div>'


def frame_html(frame: Frame, now: float) -> str:
    """All of it."""
    return progress_html(frame, now) + look_html(frame.look, frame)


def _legend(seen: Glimpse) -> str:
    return "".join(
        f'<span style="margin-right: 20px"><span style="color: {COLOUR[name]}">&#9632;</span> <b>{name}</b> '
        f"{MEANING[name]}</span>"
        for name in reversed([*seen.indices])
    )


def _widest(seen: Glimpse) -> str:
    """The cells with the widest intervals."""
    if not seen.widest:
        return ""
    rows = "".join(
        f"<tr><td>{escape(cell.at(seen.dims))}</td><td>{escape(cell.factor.replace('_', ' '))}</td><td>{cell.name}</td>"
        f"<td>{bounded(cell.value, cell.lower, cell.upper, 2)}</td></tr>"
        for cell in seen.widest
    )
    head = "<tr><th>cell</th><th>factor</th><th>index</th><th>value and interval</th></tr>"
    return f"<h4>Widest intervals</h4><table>{head}{rows}</table>"


def _page(content: str) -> str:
    return f'{STYLE}<div class="dnnsa">{content}</div>'
