"""How a part of a study file is declared: a frozen dataclass of keywords that pydantic can read strictly."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings(cls: type[T]) -> type[T]:
    """Make a class a value of the study file: frozen, by keyword, no unknown keys, no coercion of types.

    A string where a number belongs is an error, as are infinities and NaN. The fields' docstrings become the
    descriptions in ``dnnsa schema``.
    """
    cls.__pydantic_config__ = {  # type: ignore[attr-defined]
        "extra": "forbid",
        "strict": True,
        "allow_inf_nan": False,
        "use_attribute_docstrings": True,
    }
    return dataclass(frozen=True, kw_only=True)(cls)
