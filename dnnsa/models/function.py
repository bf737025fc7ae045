"""A Python function of the factors as the model."""

import hashlib
import importlib
import importlib.util
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from dnnsa.errors import ModelError
from dnnsa.files import verify
from dnnsa.models.base import Array, Digests, Evaluator, Outputs, Values
from dnnsa.settings import settings

SETTING = "model.call"


@settings
class Function:
    """A function, found beside the study file or among what is installed, called with one keyword array a factor.

    It returns an array ``(n, *shape)``, which becomes the quantity ``output``, or a mapping from quantities' names to
    such arrays.
    """

    kind: Literal["function"] = "function"
    call: str
    """`module:function`; the module is a file or package beside the study file, or an installed one."""
    vectorized: bool = True
    """false calls the function once a run, with scalars."""
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the dimensions of a quantity, such as `output: [y, x]`."""
    coords: dict[str, tuple[int | float | str, ...]] = field(default_factory=dict)
    """Coordinates of a dimension, such as `x: [0.0, 0.5, 1.0]`."""

    def __post_init__(self) -> None:
        module, colon, name = self.call.partition(":")
        if not (colon and name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
            raise ValueError(f"`call` must be `module:function`, got `{self.call}`")
        named = [dim for dims in self.dims.values() for dim in dims]
        for dim in self.coords:
            if dim not in named:
                raise ValueError(f"`coords` has values of `{dim}`, and `dims` names no such dimension, only {named}")

    def files(self, directory: Path) -> Mapping[str, Path]:
        module = self.call.partition(":")[0]
        beside = _beside(directory, module)
        if beside:
            return {SETTING: beside}
        try:
            spec = importlib.util.find_spec(module)
        except (ModuleNotFoundError, ValueError):
            spec = None
        if spec is None:
            raise ModelError(
                f"{SETTING}: no module `{module}`: neither {directory / (module + '.py')} nor installed on host "
                f"{socket.gethostname()}."
            )
        return {SETTING: Path(spec.origin)} if spec.origin and Path(spec.origin).is_file() else {}

    def load(self, directory: Path, digests: Digests) -> Evaluator:
        """Import the function, in the process that will call it.

        Raises
        ------
        ModelError
            The file is not the one the study was started with, it does not import, or has no such function.
        """
        module, _, name = self.call.partition(":")
        for setting, path in self.files(directory).items():
            verify(setting, path, digests)
        function = getattr(_import(directory, module, digests), name, None)
        if not callable(function):
            raise ModelError(f"{SETTING}: module `{module}` has no function `{name}`.")
        run = _vectorized(function) if self.vectorized else _one_by_one(function)
        coords = {dim: ((dim,), np.array(values)) for dim, values in self.coords.items()}
        return Evaluator(run, self.dims, coords)


def _beside(directory: Path, module: str) -> Path | None:
    base = directory.joinpath(*module.split("."))
    return next((path for path in (base.with_name(base.name + ".py"), base / "__init__.py") if path.is_file()), None)


class _StudyFolder(str):
    """An entry of ``sys.path`` that a study made, with the modules that were there before it."""

    before: frozenset[str]


def _import(directory: Path, module: str, digests: Digests) -> ModuleType:
    path = _beside(directory, module)
    _forget_studies()
    entry = _StudyFolder(directory)
    entry.before = frozenset(sys.modules)
    sys.path.append(entry)  # for what the module imports from beside it, after what is installed
    try:
        return importlib.import_module(module) if path is None else _executed(path, module, digests)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{SETTING}: importing `{module}` failed with {type(error).__name__}: {error}") from error


def _forget_studies() -> None:
    """Drop what earlier studies in this process imported from their folders: names there may be the same.

    Python, an environment or dnnsa itself may lie in such a folder: what is theirs stays.
    """
    entries = [entry for entry in sys.path if isinstance(entry, _StudyFolder)]
    sys.path[:] = [entry for entry in sys.path if not isinstance(entry, _StudyFolder)]
    installed = (sys.prefix, sys.base_prefix, Path(__file__).parents[1])
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name.split(".")[0] == "dnnsa" or any(Path(file).is_relative_to(place) for place in installed):
            continue
        if any(name not in entry.before and Path(file).is_relative_to(entry) for entry in entries):
            del sys.modules[name]


def _executed(path: Path, module: str, digests: Digests) -> ModuleType:
    """A module made of the very bytes whose digest is checked: Python's cache goes by whole seconds and sizes."""
    source = path.read_bytes()
    if hashlib.sha256(source).hexdigest() != digests[SETTING]:
        raise ModelError(f"{SETTING}: {path} has changed since the study began: put it back, or use --overwrite.")
    loaded = ModuleType(f"dnnsa_study_{module.replace('.', '_')}")  # not its own name, which may be another study's
    loaded.__file__ = str(path)
    sys.modules[loaded.__name__] = loaded  # dataclasses and pickle look there
    exec(compile(source, str(path), "exec"), loaded.__dict__)  # noqa: S102
    return loaded


def _named(result: Any) -> Outputs:
    outputs = result if isinstance(result, Mapping) else {"output": result}
    return {name: _array(array) for name, array in outputs.items()}


def _array(values: Any) -> Array:
    """An array; what is masked is missing, and a number is never made of it."""
    if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
        return np.asarray(np.ma.filled(values.astype(np.float64), np.nan))
    return np.asarray(values)


def _vectorized(function: Callable[..., Any]) -> Callable[[Values], Outputs]:
    return lambda values: _named(function(**values))


def _one_by_one(function: Callable[..., Any]) -> Callable[[Values], Outputs]:
    def run(values: Values) -> Outputs:
        rows = [
            _named(function(**dict(zip(values, row, strict=True))))
            for row in zip(*map(_scalars, values.values()), strict=True)
        ]
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}

    return run


def _scalars(array: Array) -> list[Any]:
    return list(array.tolist())
