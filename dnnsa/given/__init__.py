"""Logs of runs that are there already: what they can say of sensitivity, and what they cannot."""

from dnnsa.given.analyse import Analysis, analyse

__all__ = ["Analysis", "analyse"]
