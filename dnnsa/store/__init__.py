"""The store: one Zarr hierarchy for each study, which plain xarray opens."""

from dnnsa.store.contents import attributes, differences, open_results, study_of
from dnnsa.store.life import CHECKPOINT, alone, create, finish, remove, tidy, update, writable
from dnnsa.store.maps import prepare, write_aggregated, write_slab
from dnnsa.store.quarantine import write_quarantine

__all__ = [
    "CHECKPOINT",
    "alone",
    "attributes",
    "create",
    "differences",
    "finish",
    "open_results",
    "prepare",
    "remove",
    "study_of",
    "tidy",
    "update",
    "writable",
    "write_aggregated",
    "write_quarantine",
    "write_slab",
]
