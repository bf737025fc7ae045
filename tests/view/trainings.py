"""Results of trainings made by hand, in the form of a store that keeps its runs."""

import json

import numpy as np
import xarray as xr

from .trees import quantity, text, tree

LAWS = {
    "rate": {"kind": "loguniform", "low": 1e-4, "high": 1e-1},
    "optimizer": {"kind": "choice", "values": ["sgd", "adam"]},
    "momentum": {"kind": "uniform", "low": 0, "high": 0.9, "when": {"optimizer": ["sgd"]}},
    "seed": {"kind": "integers", "low": 0, "high": 1000000},
}
EPOCHS = np.arange(1, 6)


def document(factors=LAWS, **model):
    """The text of a study in a store."""
    said = {"kind": "training", "seed": "seed", "order_seed": None, "data": {"subset_seed": 0}}
    return {"study": json.dumps({"name": "small", "factors": factors, "model": {**said, **model}})}


def curves(st, low=None, factors=tuple(LAWS)):
    """A quantity over epochs whose aggregated ST are these, with intervals of +-0.03 or from `low` on."""
    each = np.repeat(np.asarray(st, dtype=float)[:, None], len(EPOCHS), axis=1)
    data = quantity({"epoch": 5}, st=each, factors=factors, units=("",) * len(factors), coords={"epoch": EPOCHS})
    laws = [LAWS.get(name, {"kind": "group"}) for name in factors]
    data = data.assign_coords(
        law=("factor", text([f"{law['kind']} {{}}" for law in laws])),
        levels=("factor", text([json.dumps(law["values"]) if "values" in law else "" for law in laws])),
    )
    return data if low is None else data.assign(ST_aggregated_lower=("factor", np.asarray(low, dtype=float)))


def runs(n=40, failed=2):
    """Runs of which the last ones failed: what a run's curve starts with is its rate, and sgd is 0.5 above adam."""
    rng = np.random.default_rng(0)
    optimizer = np.array(["sgd", "adam"], dtype=object)[rng.permutation(np.arange(n) % 2)]
    rate = 10 ** rng.uniform(-4, -1, n)
    momentum = np.where(optimizer == "sgd", rng.uniform(0, 0.9, n), 0.45)
    y = (rate + 0.5 * (optimizer == "sgd"))[:, None] + np.zeros(len(EPOCHS))
    y[n - failed :] = np.nan
    state = np.where(np.arange(n) < n - failed, 1, 2).astype(np.uint8)
    flags = {"flag_values": [0, 1, 2], "flag_meanings": "not_run done failed"}
    columns = {"rate": rate, "optimizer": optimizer, "momentum": momentum, "seed": rng.integers(0, 1000000, n)}
    return xr.Dataset(
        {"curve": (("run", "epoch"), y), "state": ("run", state, flags)},
        {name: ("run", values) for name, values in columns.items()},
    )


def trained(st, **settings):
    """Results with the quantity `curve` and its runs."""
    return tree(attrs=document(), curve=curves(st, **settings), runs=runs())
