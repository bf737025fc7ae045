"""Coordinates of what moves together, factors or groups of them: names, units, laws and levels, as text."""

import json
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnnsa.draws import columns
from dnnsa.study import Study

APART = ("kind", "unit", "group", "when")  # of a factor: what is no setting of its law
Coordinate = tuple[str, NDArray[Any]]  # the dimension, and a value for each place along it


def of_columns(study: Study, leading: Container[str]) -> dict[str, Coordinate]:
    """Along ``factor``, and ``factor_2`` where that is among the ``leading`` dimensions: factors, or groups of them."""
    groups = columns(study.factors)
    coords = {
        "factor": ("factor", text(list(groups))),
        **{key: ("factor", _together(texts, groups)) for key, texts in _texts(study).items()},
    }
    return coords | ({"factor_2": ("factor_2", text(list(groups)))} if "factor_2" in leading else {})


def of_factors(study: Study) -> dict[str, Coordinate]:
    """Along ``factor``: each factor by itself, whether it moves in a group or not."""
    along = {"factor": study.factors, **{key: texts.values() for key, texts in _texts(study).items()}}
    return {key: ("factor", text(list(values))) for key, values in along.items()}


def text(values: Sequence[str]) -> NDArray[Any]:
    """As objects, which Zarr writes as strings of any length."""
    return np.array(values, dtype=object)


def _together(texts: Mapping[str, str], groups: Mapping[str, Sequence[str]]) -> NDArray[Any]:
    """A factor's text by itself; those of a group with the names of its members."""
    return text(
        [
            texts[label] if list(members) == [label] else "; ".join(f"{m}: {texts[m]}" for m in members if texts[m])
            for label, members in groups.items()
        ]
    )


def _texts(study: Study) -> dict[str, dict[str, str]]:
    """Unit, law and levels of each factor; empty where it has none."""
    factors = study.document["factors"]
    laws = {
        name: {key: value for key, value in law.items() if key not in APART and value is not None}
        for name, law in factors.items()
    }
    return {
        "unit": {name: law["unit"] or "" for name, law in factors.items()},
        "law": {name: f"{factors[name]['kind']} {json.dumps(law)}" for name, law in laws.items()},
        "levels": {name: json.dumps(law["values"]) if "values" in law else "" for name, law in laws.items()},
    }
