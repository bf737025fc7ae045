"""Functions of a study's own: found beside the study file or among what is installed, imported where they are run."""

import hashlib
import importlib
import importlib.util
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from dnnsa.errors import ModelError
from dnnsa.files import Digests, verify


def check_call(call: str, setting: str = "call") -> None:
    """Refuse what is not `module:function`."""
    module, colon, name = call.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise ValueError(f"`{setting}` must be `module:function`, got `{call}`")


def function_files(setting: str, call: str, directory: Path) -> Mapping[str, Path]:
    """The file of a function's module, by the setting that names it; none for what Python has built in.

    Raises
    ------
    ModelError
        There is no such module. It is not imported to find out.
    """
    module = call.partition(":")[0]
    beside = _beside(directory, module)
    if beside:
        return {setting: beside}
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):
        spec = None
    if spec is None:
        raise ModelError(
            f"{setting}: no module `{module}`: neither {directory / (module + '.py')} nor installed on host "
            f"{socket.gethostname()}."
        )
    return {setting: Path(spec.origin)} if spec.origin and Path(spec.origin).is_file() else {}


def load_function(setting: str, call: str, directory: Path, digests: Digests) -> Callable[..., Any]:
    """Import a function, in the process that will call it.

    Raises
    ------
    ModelError
        The file is not the one the study was started with, it does not import, or has no such function.
    """
    return load_functions({setting: call}, directory, digests)[setting]


def load_functions(calls: Mapping[str, str], directory: Path, digests: Digests) -> dict[str, Callable[..., Any]]:
    """Import functions that are used together, by setting: what their modules share, such as classes, is one for all.

    Raises
    ------
    ModelError
        As of one.
    """
    for setting, call in calls.items():
        for named, path in function_files(setting, call, directory).items():
            verify(named, path, digests)
    _look_beside(directory)
    modules: dict[str, ModuleType] = {}
    functions = {}
    for setting, call in calls.items():
        module, _, name = call.partition(":")
        if module not in modules:
            modules[module] = _import(setting, directory, module, digests)
        functions[setting] = getattr(modules[module], name, None)
        if not callable(functions[setting]):
            raise ModelError(f"{setting}: module `{module}` has no function `{name}`.")
    return cast(dict[str, Callable[..., Any]], functions)


def _beside(directory: Path, module: str) -> Path | None:
    base = directory.joinpath(*module.split("."))
    return next((path for path in (base.with_name(base.name + ".py"), base / "__init__.py") if path.is_file()), None)


class _StudyFolder(str):
    """An entry of ``sys.path`` that a study made, with the modules that were there before it."""

    before: frozenset[str]


def _look_beside(directory: Path) -> None:
    """Have Python look in a study's folder for what its modules import, after what is installed."""
    _forget_studies()
    entry = _StudyFolder(directory)
    entry.before = frozenset(sys.modules)
    sys.path.append(entry)


def _import(setting: str, directory: Path, module: str, digests: Digests) -> ModuleType:
    path = _beside(directory, module)
    try:
        return importlib.import_module(module) if path is None else _executed(setting, path, module, digests)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{setting}: importing `{module}` failed with {type(error).__name__}: {error}") from error


def _forget_studies() -> None:
    """Drop what earlier studies in this process imported from their folders: names there may be the same.

    Python, an environment or dnnsa itself may lie in such a folder: what is theirs stays.
    """
    entries = [entry for entry in sys.path if isinstance(entry, _StudyFolder)]
    sys.path[:] = [entry for entry in sys.path if not isinstance(entry, _StudyFolder)]
    installed = (sys.prefix, sys.base_prefix, Path(__file__).parent)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not file or name.split(".")[0] == "dnnsa" or any(Path(file).is_relative_to(place) for place in installed):
            continue
        if any(name not in entry.before and Path(file).is_relative_to(entry) for entry in entries):
            del sys.modules[name]


def _executed(setting: str, path: Path, module: str, digests: Digests) -> ModuleType:
    """A module made of the very bytes whose digest is checked: Python's cache goes by whole seconds and sizes."""
    source = path.read_bytes()
    if hashlib.sha256(source).hexdigest() != digests[setting]:
        raise ModelError(f"{setting}: {path} has changed since the study began: put it back, or use --overwrite.")
    loaded = ModuleType(f"dnnsa_study_{module.replace('.', '_')}")  # not its own name, which may be another study's
    loaded.__file__ = str(path)
    sys.modules[loaded.__name__] = loaded  # dataclasses and pickle look there
    exec(compile(source, str(path), "exec"), loaded.__dict__)  # noqa: S102
    return loaded
