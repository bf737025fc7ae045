"""What models of other people's code answer with, made sure to be numbers."""

from typing import Any

import numpy as np

from dnnsa.arrays import Array
from dnnsa.errors import ModelError


def outputs_of(setting: str, what: str, result: Any, rows: int, dtype: str) -> Array:
    """Outputs of some rows, (rows, *shape); what is masked is missing, and a number is never made of it.

    Parameters
    ----------
    what
        Who answered, in words.
    """
    try:
        array = result if isinstance(result, np.ma.MaskedArray) else np.asarray(result)
    except ValueError:  # lists of different lengths
        array = np.array(None)
    if array.dtype.kind not in "biuf":
        raise ModelError(
            f"{setting}: {what} gives {type(result).__name__} of {array.dtype}, which is no array of real numbers: "
            f"give an array of shape (rows, ...), here ({rows}, ...)."
        )
    if not array.ndim or len(array) != rows:
        raise ModelError(
            f"{setting}: {what} gives an array of shape {array.shape} for {rows} rows of inputs: give one row of "
            f"outputs for each, shape ({rows}, ...)."
        )
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is told as such
        array = array.astype(dtype)
    return np.asarray(np.ma.filled(array, np.nan))
