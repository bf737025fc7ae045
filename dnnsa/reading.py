"""How a file of settings is read: YAML 1.2 without tags or repeated keys, checked as a whole, every problem at once."""

import dataclasses
import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, TypeVar, Union

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


def _problems(error: ValidationError, data: Any, kinds: Kinds, keys: Mapping[Pattern, Iterable[str]]) -> Iterator[str]:
    for item in error.errors(include_url=False):
        path, owner = _path_of(item["loc"], data)
        kind, shown, context = item["type"], item["input"], item.get("ctx", {})
        where = _dotted(path)
        if kind.startswith("union_tag") or (kind in ("literal_error", "missing") and path[-1] == "kind"):
            continue  # told by _kind_problems
        if kind in ("extra_forbidden", "unexpected_keyword_argument"):
            known = _known(path, owner, kinds, keys)
            if known:  # of an unknown kind, no key is known
                yield f"{_dotted(path[:-1]) or 'the file'}: unknown key `{path[-1]}`{nearest(str(path[-1]), known)}"
        elif kind in ("missing", "missing_keyword_only_argument"):
            yield f"{_dotted(path[:-1]) or 'the file'}: `{path[-1]}` is missing."
        elif kind == "value_error":
            yield f"{where or 'the file'}: {context['error']}."
        elif kind in ("dataclass_type", "model_attributes_type", "dict_type"):
            yield f"{where}: must be a mapping such as {{kind: ...}}, got {_shown(shown)}."
        elif kind == "too_short":
            yield f"{where}: must hold at least {context['min_length']}, got {_shown(shown)}."
        else:
            yield f"{where}: {_lower(item['msg'])}, got {_shown(shown)}."


def _path_of(loc: tuple[int | str, ...], data: Any) -> tuple[tuple[Any, ...], Any]:
    """The path of a problem in the file, without pydantic's names of variants; and the mapping it stands in."""
    path: list[Any] = []
    here, owner = data, data
    for part in loc:
        if (isinstance(here, dict) and part in here) or (isinstance(here, list) and isinstance(part, int)):
            owner = here
            here = here[part]  # type: ignore[index]
            path.append(part)
        elif isinstance(here, dict) and part != here.get("kind"):
            owner = here
            path.append(part)  # a key that is missing
    return tuple(path), owner


def _known(path: tuple[Any, ...], owner: Any, kinds: Kinds, keys: Mapping[Pattern, Iterable[str]]) -> list[str]:
    """The keys that are known where an unknown one stands."""

    def fits(pattern: Pattern) -> bool:
        return len(pattern) == len(path) - 1 and all(p in ("*", q) for p, q in zip(pattern, path, strict=False))

    for pattern, classes in kinds.items():
        if fits(pattern):
            kind = classes.get(str(owner.get("kind")))
            return [field.name for field in dataclasses.fields(kind)] if kind else []
    return [key for pattern, known in keys.items() if fits(pattern) for key in known]


def _dotted(path: tuple[Any, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _lower(message: str) -> str:
    return (message[0].lower() + message[1:]).replace("input should be", "must be").rstrip(".")
