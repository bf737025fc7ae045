"""How a file of settings is read: YAML 1.2 without tags or repeated keys, checked as a whole, every problem at once."""

import dataclasses
import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, NamedTuple, TypeVar, Union

from pydantic import Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dnnsa.errors import FileError

T = TypeVar("T")
Pattern = tuple[str, ...]  # keys from the top of a file, "*" for every entry of a mapping or a list
Kinds = Mapping[Pattern, Mapping[str, type]]  # where a `kind` is asked for, and which there are


def one_of(kinds: Mapping[str, type]) -> Any:
    """The type of a setting that is one of several classes, told apart by `kind`."""
    several: Any = Union.__getitem__(tuple(kinds.values()))
    return Annotated[several, Field(discriminator="kind")] if len(kinds) > 1 else several


def mapping_of(kinds: Mapping[str, type]) -> Any:
    """The type of a mapping from names to such settings."""
    return GenericAlias(dict, (str, one_of(kinds)))


def list_of(kinds: Mapping[str, type]) -> Any:
    """The type of a list of such settings."""
    return GenericAlias(tuple, (one_of(kinds), ...))


def read_file(path: Path, error: type[FileError]) -> dict[str, Any]:
    """The keys of a YAML file.

    YAML 1.2: ``1e-5`` is a number and ``on`` is text, unlike in YAML 1.1. A key given twice is an error, and so is any
    tag: a file can make text, numbers, lists and mappings, nothing else.

    Raises
    ------
    FileError
        As the class ``error``: the file cannot be read, or is not a mapping.
    """
    try:
        parts = read_text(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as failure:
        reason = getattr(failure, "strerror", None) or failure
        raise error([f"the file cannot be read: {reason}."], str(path)) from failure
    except (YAMLError, ValueError, RecursionError) as failure:
        raise error([_yaml_problem(failure)], str(path)) from failure
    if not isinstance(parts, dict):
        raise error([f"the file must hold `key: value` lines, got {parts!r:.80}."], str(path))
    return {str(key): value for key, value in parts.items()}


def read_text(text: str) -> Any:
    """The values of a YAML text."""
    return YAML(typ="safe", pure=True).load(text)


def write(document: Mapping[str, Any]) -> str:
    """A study file that reads as ``document``."""
    text = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(dict(document), text)
    return text.getvalue()


def check(
    data: Any,
    to: TypeAdapter[T],
    kinds: Kinds,
    keys: Mapping[Pattern, Iterable[str]],
    error: type[FileError],
    source: str = "",
) -> T:
    """Settings as the classes that declare them.

    Parameters
    ----------
    data
        Values of YAML, or instances of the classes themselves.
    keys
        The keys that are known where no `kind` is asked for.

    Raises
    ------
    FileError
        As the class ``error``, with every problem of form, each named by its path in the file.
    """
    try:
        data = plain(data)
    except RecursionError:
        raise error(
            ["a value contains itself: an alias `*name` stands inside of what `&name` names."], source
        ) from None
    problems = list(_kind_problems(data, kinds))
    try:
        checked = to.validate_json(json.dumps(data))
    except ValidationError as failure:
        problems += _problems(failure, data, kinds, keys)
        problems = problems or [str(failure)]
    except (TypeError, ValueError) as failure:  # a value that JSON has no word for
        problems.append(f"settings are text, numbers, lists and mappings: {failure}; put dates and the like in quotes.")
    if problems:
        raise error(list(dict.fromkeys(problems)), source)
    return checked


def nearest(word: str, words: Iterable[str]) -> str:
    """``: did you mean `x`?`` where a word is near, else the list of what there is."""
    words = list(words)
    near = difflib.get_close_matches(word, words, n=1)
    return f": did you mean `{near[0]}`?" if near else f": use one of {', '.join(f'`{word}`' for word in words)}."


def plain(value: Any) -> Any:
    """Dnnsa's classes as mappings, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _yaml_problem(error: Exception) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"not YAML: {where}{problem or error}."


def _entries(data: Any, pattern: tuple[str, ...], path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """What stands in the data where a pattern of `KINDS` points, with its path."""
    if not pattern:
        yield path, data
        return
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(data, dict):
        items = data.items() if pattern[0] == "*" else [(key, data[key]) for key in pattern[:1] if key in data]
    elif isinstance(data, list) and pattern[0] == "*":
        items = enumerate(data)
    for key, item in items:
        yield from _entries(item, pattern[1:], (*path, key))


def _kind_problems(data: Any, where: Kinds) -> Iterator[str]:
    for pattern, kinds in where.items():
        for path, entry in _entries(data, pattern):
            if isinstance(entry, dict) and "kind" not in entry:
                yield f"{_dotted(path) or 'the file'}: `kind` is missing{nearest('', kinds)}"
            elif isinstance(entry, dict) and str(entry["kind"]) not in kinds:
                yield f"{_dotted((*path, 'kind'))}: no kind `{entry['kind']}`{nearest(str(entry['kind']), kinds)}"


class _Problem(NamedTuple):
    path: tuple[Any, ...]  # in the file
    owner: Any  # the mapping or list that it stands in
    forks: tuple[tuple[Any, ...], ...]  # paths of values that may be of several types, on the way
    type: str  # pydantic's word for it
    message: str
    shown: Any
    context: Mapping[str, Any]

    @property
    def of_type(self) -> bool:
        """Whether it says no more than that the value is not of one of its types."""
        wrong = self.type.endswith("_type") or self.type in ("literal_error", "int_from_float")
        return wrong and self.path in self.forks


def _problems(error: ValidationError, data: Any, kinds: Kinds, keys: Mapping[Pattern, Iterable[str]]) -> Iterator[str]:
    for path, owner, _, kind, message, shown, context in _once([_located(e, data) for e in error.errors()]):
        where = _dotted(path)
        if kind.startswith("union_tag") or (kind in ("literal_error", *MISSING) and path[-1] == "kind"):
            continue  # told by _kind_problems
        if kind in UNKNOWN:
            known = _known(path, owner, kinds, keys)
            if known is not None:  # of an unknown kind, no key is known
                there = nearest(str(path[-1]), known) if known else "."
                yield f"{_dotted(path[:-1]) or 'the file'}: unknown key `{path[-1]}`{there}"
        elif kind in MISSING:
            yield f"{_dotted(path[:-1]) or 'the file'}: `{path[-1]}` is missing."
        elif kind == "value_error":
            yield f"{where or 'the file'}: {context['error']}."
        elif kind in ("dataclass_type", "model_attributes_type", "dict_type"):
            key = "kind" if kind != "dict_type" or any(_fits(pattern, path) for pattern in kinds) else "name"
            yield f"{where}: must be a mapping such as {{{key}: ...}}, got {_shown(shown)}."
        elif kind == "too_short":
            if len(shown) < context["min_length"]:  # else entries are wrong, which is told
                yield f"{where}: must hold at least {context['min_length']}, got {_shown(shown)}."
        else:
            yield f"{where}: {_lower(message)}, got {_shown(shown)}."


UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
MISSING = ("missing", "missing_keyword_only_argument")


def _located(error: Mapping[str, Any], data: Any) -> _Problem:
    """A problem by its path in the file: pydantic puts the names of types into its own."""
    path: list[Any] = []
    forks: list[tuple[Any, ...]] = []
    here, owner = data, data
    for part in error["loc"]:
        if (isinstance(here, dict) and part in here) or (isinstance(here, list) and isinstance(part, int)):
            owner, here = here, here[part]
            path.append(part)
        elif error["type"] in MISSING and part == error["loc"][-1]:
            owner = here
            path.append(part)
        elif not isinstance(here, dict) or part != here.get("kind"):
            forks.append(tuple(path))
    return _Problem(tuple(path), owner, tuple(forks), error["type"], error["msg"], error["input"], error.get("ctx", {}))


def _once(problems: list[_Problem]) -> Iterator[_Problem]:
    """One problem for a value that is of none of its types; none for types that it was not meant to be of."""
    tried = {fork for problem in problems if not problem.of_type for fork in problem.forks}
    deeper = {fork for problem in problems for fork in problem.forks if fork != problem.path}
    of_type: dict[tuple[Any, ...], list[_Problem]] = {}
    for problem in problems:
        if problem.of_type:
            of_type.setdefault(problem.path, []).append(problem)
        else:
            yield problem
    for path, several in of_type.items():
        if path not in tried | deeper:
            *most, last = dict.fromkeys(problem.message.removeprefix("Input should be ") for problem in several)
            listed = " or ".join([", ".join(most), last] if most else [last])
            yield several[0]._replace(type="", message=f"Input should be {listed}")


def _known(path: tuple[Any, ...], owner: Any, kinds: Kinds, keys: Mapping[Pattern, Iterable[str]]) -> list[str] | None:
    """The keys that are known where an unknown one stands; None where a `kind` is unknown, which is told."""
    for pattern, classes in kinds.items():
        if _fits(pattern, path[:-1]):
            kind = classes.get(str(owner.get("kind")))
            return [field.name for field in dataclasses.fields(kind)] if kind else None
    return [key for pattern, known in keys.items() if _fits(pattern, path[:-1]) for key in known]


def _fits(pattern: Pattern, path: tuple[Any, ...]) -> bool:
    return len(pattern) == len(path) and all(p in ("*", q) for p, q in zip(pattern, path, strict=True))


def _dotted(path: tuple[Any, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _lower(message: str) -> str:
    return (message[0].lower() + message[1:]).replace("input should be", "must be").rstrip(".")
