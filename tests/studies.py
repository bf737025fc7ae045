"""Studies that tests run: small, with modules written beside them."""

from pathlib import Path
from typing import Any

from dnnsa import Study

UNIFORM = {"kind": "uniform", "low": -0.5, "high": 0.5}


def parts(p: int = 2, base_points: int = 256, call: str = "model:f", **other: Any) -> dict[str, Any]:
    """The keys of a study of a function of p centred uniform factors x1 ... xp."""
    return {
        "name": "small",
        "factors": {f"x{k + 1}": UNIFORM for k in range(p)},
        "design": {"kind": "saltelli", "base_points": base_points},
        "model": {"kind": "function", "call": call},
        **other,
    }


def study(folder: Path, source: str, **settings: Any) -> Study:
    """A study of the function ``f`` of a module's source, written to ``folder/model.py``."""
    (folder / "model.py").write_text("import numpy as np\n" + source, encoding="utf-8")
    return Study(directory=folder, **parts(**settings))
