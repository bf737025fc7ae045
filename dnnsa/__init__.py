"""Global sensitivity analysis of neural networks: Sobol' index maps with intervals, streamed over Dask clusters."""

from typing import Any

__all__ = [
    "Study",
    "analyse",
    "attribute",
    "network",
    "open",
    "pixel_maps",
    "reduce",
    "run",
    "runs",
    "screen",
    "superpixels",
    "trail",
]

_HOME = {
    "Study": "dnnsa.study",
    "analyse": "dnnsa.given",
    "attribute": "dnnsa.attribution",
    "network": "dnnsa.api",
    "open": "dnnsa.api",
    "pixel_maps": "dnnsa.attribution",
    "reduce": "dnnsa.api",
    "run": "dnnsa.api",
    "runs": "dnnsa.api",
    "screen": "dnnsa.api",
    "superpixels": "dnnsa.attribution",
    "trail": "dnnsa.api",
}


def __getattr__(name: str) -> Any:
    """Public names, imported when they are first used: ``dnnsa --help`` waits for neither Dask nor SciPy."""
    if name not in _HOME:
        raise AttributeError(f"module `dnnsa` has no attribute `{name}`")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
