"""Designs of experiments: which points of the unit cube are run, addressed by number."""

from dnnsa.designs.base import Design
from dnnsa.designs.saltelli import Saltelli

KINDS: dict[str, type[Design]] = {"saltelli": Saltelli}

__all__ = ["KINDS", "Design", "Saltelli"]
