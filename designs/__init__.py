"""Designs of experiments: which points of the unit cube are run, addressed by number."""

if __name__ == "designs":
    raise ImportError("import dnnsa.designs: `designs` is a folder of the checkout.")

from dnnsa.designs.base import Design
from dnnsa.designs.morris import Morris
from dnnsa.designs.saltelli import Saltelli
from dnnsa.designs.sample import Sample

KINDS: dict[str, type[Design]] = {"saltelli": Saltelli, "sample": Sample, "morris": Morris}

__all__ = ["KINDS", "Design", "Morris", "Saltelli", "Sample"]
