"""Data that a function of the study's own returns: the arrays that a file would hold, the same on every host."""

import hashlib
import reprlib
import socket
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.errors import ModelError
from dnnsa.files import Digests
from dnnsa.functions import load_function

CALL = "model.data.call"
ARRAYS = "model.data.call.arrays"  # of what the function returns, among the digests of a study's files

Wanted = Mapping[str, str]  # setting -> the name of the array that it asks for


def called(
    call: str, arguments: Mapping[str, Any], directory: Path, digests: Digests, wanted: Wanted
) -> dict[str, NDArray[Any]]:
    """What is wanted of what the function returns, an array for each setting.

    Raises
    ------
    ModelError
        The function is not found, or raises, or returns something else.
    """
    function = load_function(CALL, call, directory, digests)
    try:
        returned = function(**deepcopy(dict(arguments)))  # which it may change
    except Exception as error:
        raise ModelError(
            f"{CALL}: `{call}`, called with {reprlib.repr(dict(arguments))}, raised {type(error).__name__}: {error}"
        ) from error
    if not isinstance(returned, Mapping):
        raise ModelError(
            f"{CALL}: `{call}` must return a mapping of names to arrays, such as "
            f"{{{', '.join(f'{name!r}: ...' for name in wanted.values())}}}, got {_shown(returned)}."
        )
    return {setting: _array(call, setting, name, returned) for setting, name in wanted.items()}


def digest_of(arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 in hexadecimal, of arrays by setting: of their dtypes, shapes and bytes."""
    found = hashlib.sha256()
    for setting, array in sorted(arrays.items()):
        found.update(repr((setting, array.dtype.str, array.shape)).encode())
        found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def check_same(call: str, arrays: Mapping[str, NDArray[Any]], digests: Digests) -> None:
    """Refuse what is not, on this host, what the function returned when the study was started."""
    if digest_of(arrays) != digests[ARRAYS]:
        told = ", ".join(f"{array.dtype} {array.shape}" for array in arrays.values())
        raise ModelError(
            f"{CALL}: on host {socket.gethostname()}, `{call}` returned other arrays ({told}) than when the study was "
            "started: have it return the same on every host and in every process, with seeds that are constants and "
            "files that all see, or start again with --overwrite."
        )


def _array(call: str, setting: str, name: str, returned: Mapping[Any, Any]) -> NDArray[Any]:
    if name not in returned:
        names = ", ".join(f"`{one}`" for one in returned) or "nothing"
        raise ModelError(f"{setting}: no array `{name}` in what `{call}` returned: it holds {names}.")
    value = returned[name]
    told = f"{setting}: `{name}` of what `{call}` returned"
    try:
        array = np.asarray(value)
    except Exception as error:  # what a class of the user's raises, or rows of several lengths
        raise ModelError(f"{told} is no array ({error}), got {_shown(value)}: make it one of NumPy.") from error
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:  # a longer float has bytes that mean nothing
        raise ModelError(
            f"{told} must be an array of numbers of up to 64 bits, got {array.dtype} of shape {array.shape}, "
            f"{_shown(value)}: make it one of a type such as float32 or int64."
        )
    if np.ma.is_masked(value):
        raise ModelError(f"{told} has {np.sum(value.mask)} masked numbers: leave these entries out.")
    return array


def _shown(value: Any) -> str:
    return f"{reprlib.repr(value)} of type {type(value).__name__}"
