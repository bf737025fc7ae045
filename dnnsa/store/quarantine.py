"""The table of base points in quarantine."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from dnnsa.store.coordinates import of_factors
from dnnsa.study import Study


def write_quarantine(path: Path, study: Study, failures: Sequence[Any]) -> None:
    """Write the table of base points in quarantine; there is none of none."""
    if not failures:
        shutil.rmtree(path / "quarantine", ignore_errors=True)
        return
    table = {
        key: ("base_point", np.array([getattr(failure, key) for failure in failures], dtype=dtype))
        for key, dtype in (("replicate", np.int64), ("number", np.int64), ("cause", object), ("traceback", object))
    }
    for point in ("a", "b"):
        values = [[getattr(failure, point)[name] for name in study.factors] for failure in failures]
        table[point] = (("base_point", "factor"), np.array(values, dtype=object))  # type: ignore[assignment]
    dataset = xr.Dataset(table, coords=of_factors(study))
    dataset.to_zarr(path, group="quarantine", mode="w", zarr_format=3, consolidated=False)
