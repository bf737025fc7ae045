"""Factors that stand for several: written once with a ``count`` in a study file, and each by itself in a study."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from dnnsa.factors.base import Factor


def members(name: str, count: int | None) -> list[str]:
    """What so many factors of one name are called.

    >>> members("cell", 3), members("angle", None)
    (['cell_0', 'cell_1', 'cell_2'], ['angle'])
    """
    return [name] if count is None else [f"{name}_{number}" for number in range(count)]


def apart(factors: Mapping[str, Factor]) -> dict[str, Factor]:
    """Each factor by itself.

    Raises
    ------
    ValueError
        Two of them have one name; the message begins with the setting.
    """
    written: dict[str, Factor] = {}
    for name, law in factors.items():
        for member in members(name, law.count):
            if member in written or (member in factors and member != name):
                raise ValueError(f"factors.{name}: `{member}` is also the name of another factor: rename one of them")
            settings: Any = law
            written[member] = law if law.count is None else replace(settings, count=None)
    return written


def family(name: str, factors: Iterable[str]) -> list[str]:
    """The factors that a name stands for: itself, or NAME_0, NAME_1 and so on as far as they go; none if it is unknown.

    >>> family("cell", ["cell_0", "angle", "cell_1"]), family("angle", ["angle"]), family("blur", ["angle"])
    (['cell_0', 'cell_1'], ['angle'], [])
    """
    known = set(factors)
    if name in known:
        return [name]
    found: list[str] = []
    while (member := f"{name}_{len(found)}") in known:
        found.append(member)
    return found
