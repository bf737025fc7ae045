"""Designs of experiments: which points of the unit cube are run, addressed by number."""

if __name__ == "designs":
    raise ImportError("import dnnsa.designs: `designs` is a folder of the checkout.")

from dnnsa.designs.base import Design
from dnnsa.designs.external import External
from dnnsa.designs.morris import Morris
from dnnsa.designs.saltelli import Saltelli
from dnnsa.designs.sample import Sample

KINDS: dict[str, type[Design] | type[External]] = {
    "saltelli": Saltelli,
    "sample": Sample,
    "morris": Morris,
    "external": External,
}

__all__ = ["KINDS", "Design", "External", "Morris", "Saltelli", "Sample"]
