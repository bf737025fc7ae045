"""The page of a study on Dask's dashboard, added to a scheduler that runs already."""

import pickle
import time
from typing import Any

from distributed import Client, SchedulerPlugin

from dnnsa.watch.frame import Frame
from dnnsa.watch.html import look_html, progress_html
from dnnsa.watch.look import Look

NAME, HANDLER = "dnnsa", "dnnsa_frame"
PAGE, ALONE = "/dnnsa", "/individual-dnnsa"  # with the dashboard's bar, and without, as JupyterLab shows it
PATIENCE = 5.0  # seconds that a busy scheduler may take for a frame
WIDE = ".bk-clearfix { width: 100%; }"  # or a `Div` is as wide as its text
EVERY = 1000  # milliseconds between looks at whether there is a new frame


class Dashboard(SchedulerPlugin):  # type: ignore[misc]
    """The page, and what it shows."""

    name, idempotent = NAME, True

    def __init__(self) -> None:
        self.frame: Frame | None = None
        self.open = 0  # browsers that show it

    async def start(self, scheduler: Any) -> None:
        """Add the page to the scheduler's pages, to its bar and to the list that JupyterLab's extension reads."""
        from bokeh.server.tornado import BokehTornado
        from distributed.dashboard.core import BokehApplication
        from distributed.dashboard.scheduler import template_variables
        from tornado.ioloop import IOLoop

        http = scheduler.http_application
        prefix = next(app.prefix for app in http.applications if isinstance(app, BokehTornado))
        variables = template_variables(scheduler)  # one for all pages, so that all of them have ours in their bar
        variables["pages"].insert(1, PAGE.strip("/"))
        variables["plots"].append({"url": ALONE.strip("/"), "name": "Dnnsa"})
        app = BokehApplication({PAGE: self.page, ALONE: self.alone}, scheduler, prefix, variables)
        http.add_application(app)
        http.add_handlers(r".*$", [(f"{prefix}/individual-plots.json", _listed(), {"dask_server": scheduler})])
        app.initialize(IOLoop.current())
        app.start()
        scheduler.handlers[HANDLER] = self.receive

    def receive(self, frame: bytes) -> bool:
        """Take in a pickled frame, of a client that may have any task run here; returns whether anybody sees it."""
        self.show(pickle.loads(frame))  # noqa: S301
        return self.open > 0

    def show(self, frame: Frame) -> None:
        """Show a frame, unless one is shown of a study that began later and is not at its end."""
        before = self.frame
        if before and (before.store, before.began) != (frame.store, frame.began):
            if before.began > frame.began and before.status in ("starting", "running"):
                return
            before = None
        self.frame = frame._replace(look=frame.look or (before.look if before else None))

    def page(self, scheduler: Any, extra: dict[str, Any], doc: Any) -> None:
        from distributed.dashboard.components.scheduler import env

        doc.template = env.get_template("simple.html")
        doc.template_variables.update(extra)
        self.alone(scheduler, extra, doc)

    def alone(self, scheduler: Any, extra: dict[str, Any], doc: Any) -> None:
        from bokeh.layouts import column
        from bokeh.models.widgets import Div

        doc.title = "Dask: dnnsa"
        above, below = (Div(sizing_mode="stretch_width", disable_math=True, stylesheets=[WIDE]) for _ in range(2))
        shown: Any = ()  # not None, which is a look that there has not been

        def update() -> None:
            nonlocal shown
            above.text = progress_html(self.frame, time.time())
            seen = self.frame and self.frame.look
            if seen is not shown:
                below.text, shown = look_html(seen, self.frame), seen

        def closed(_: Any) -> None:
            self.open -= 1

        self.open += 1
        doc.on_session_destroyed(closed)
        update()
        doc.add_periodic_callback(update, EVERY)
        doc.add_root(column(above, below, sizing_mode="stretch_width", margin=(8, 16, 8, 16)))


def _listed() -> type:
    """Dask's list of pages without a bar, which is made of those that it started with, and ours."""
    from distributed.http.scheduler.info import IndividualPlots

    class Listed(IndividualPlots):  # type: ignore[misc]
        def write(self, chunk: Any) -> None:
            super().write({**chunk, "Individual Dnnsa": ALONE} if isinstance(chunk, dict) else chunk)

    return Listed


class Page:
    """The page of a study on the dashboard of a client's scheduler."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.look: Look | None = None  # that the page has not got yet
        client.register_plugin(Dashboard())

    def show(self, frame: Frame) -> bool:
        self.look = frame.look or self.look
        told = pickle.dumps(frame._replace(look=self.look))
        try:
            # `run_on_scheduler` would do, and write a line in the scheduler's log each time.
            handler = getattr(self.client.scheduler, HANDLER)
            seen = bool(self.client.sync(handler, frame=told, callback_timeout=PATIENCE))
        except TimeoutError:  # it is busy
            return False
        self.look = None
        return seen


def page_link(client: Client) -> str:
    """The page's address, made as Dask makes that of the dashboard; empty where there is no dashboard.

    Raises
    ------
    ImportError
        The scheduler's Python has no dnnsa.
    """
    # Asked there, since Dask makes up an address for a client where there is none.
    there = client.run_on_scheduler(has_dashboard)
    return str(client.dashboard_link).removesuffix("/status") + PAGE if there else ""


def has_dashboard(dask_scheduler: Any) -> bool:
    """Whether a scheduler, on which this is called, has pages."""
    from bokeh.server.tornado import BokehTornado

    return any(isinstance(app, BokehTornado) for app in dask_scheduler.http_application.applications)
