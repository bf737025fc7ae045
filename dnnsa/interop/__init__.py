"""From and to other tools of sensitivity analysis: SALib's problems and results, OpenTURNS's laws, tables of pandas."""

from dnnsa.interop.openturns import from_openturns
from dnnsa.interop.problems import from_bounds, from_salib, to_salib_problem
from dnnsa.interop.results import to_pandas, to_salib

__all__ = ["from_bounds", "from_openturns", "from_salib", "to_pandas", "to_salib", "to_salib_problem"]
