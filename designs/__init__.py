"""Designs of experiments: which points of the unit cube are run, addressed by number."""

if __name__ == "designs":
    raise ImportError("import dnnsa.designs: `designs` is a folder of the checkout.")

from dnnsa.designs.base import Design
from dnnsa.designs.saltelli import Saltelli

KINDS: dict[str, type[Design]] = {"saltelli": Saltelli}

__all__ = ["KINDS", "Design", "Saltelli"]
