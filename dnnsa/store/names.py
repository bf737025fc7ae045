"""What the variables of a store are, in words: the one table of their names."""

from collections.abc import Collection

MEANING = {
    "S1": "first-order Sobol' index",
    "ST": "total-order Sobol' index",
    "S2": "second-order Sobol' index",
    "S1_binned": "first-order Sobol' index, from bins of the factor",
    "main_effect": "mean where the factor lies in the part",
    "main_effect_n": "values in the part",
    "mu_star": "mean absolute elementary effect",
    "mu": "mean elementary effect",
    "sigma": "standard deviation of elementary effects",
    "dgsm": "mean squared derivative",
    "ST_bound": "largest total-order Sobol' index that the derivatives allow",
    "eigenvalue": "mean squared derivative along an eigenvector, factors in standard units",
    "eigenvalue_share": "share of the sum of eigenvalues",
    "direction_component": "component of an eigenvector along the factor, in standard units",
    "activity": "mean squared derivative that the first directions have, over the variance",
    "activity_bound": "the same of all directions, which bounds the total-order Sobol' index",
    "hsic": "Hilbert-Schmidt independence criterion",
    "hsic_r2": "Hilbert-Schmidt independence criterion, normalised to [0, 1]",
    "hsic_p": "p-value of independence of the factor",
    "hsic_share": "share of the runs that belong to the goal",
    "mean": "mean",
    "variance": "variance",
    "skewness": "skewness",
    "kurtosis": "kurtosis, 3 for a normal law",
    "quantiles": "quantile",
    "quantiles_error": "how far a quantile may be from that of the runs' values",
    "exceedance": "probability of a value above the threshold",
    "histogram": "values in the bin",
    "histogram_start": "where the first bin begins",
    "histogram_width": "width of a bin",
    **{
        name + part: told + value
        for name, value in (("minimum", "smallest value"), ("maximum", "largest value"))
        for part, told in (
            ("", ""),
            ("_replicate", "replicate that has the "),
            ("_base_point", "base point, by its number in the replicate, that has the "),
            ("_run", "run of its base point, counted from 0, that has the "),
        )
    },
    "n": "base points used",
    "n_dgsm": "base points used for the derivatives",
    "n_active_subspace": "base points used for the eigenvalues",
    "status": "0 where sound",
}
WITH_ANOTHER = {
    "covariance_": "covariance with",
    "correlation_": "correlation with",
    "n_covariance_": "base points used for the covariance with",
}  # what follows is a quantity
AGGREGATED = ", aggregated: sum of variances over sum of variance"


def meaning(name: str) -> str:
    """What a variable is; empty for what nobody has named.

    Examples
    --------
    >>> meaning("correlation_heat_flux")
    'correlation with `heat_flux`'
    """
    for start, told in WITH_ANOTHER.items():
        if name.startswith(start):
            return f"{told} `{name.removeprefix(start)}`"
    return MEANING.get(name, "")


def side(name: str, names: Collection[str]) -> str:
    """Which bound of another variable this one is, ``lower`` or ``upper``; empty if it is none.

    A quantity may be called ``t_lower``, and then ``covariance_t_lower`` is no bound: only what stands beside the
    variable that it bounds is one.

    Examples
    --------
    >>> [side(name, ["mu_lower", "mu", "covariance_t_lower"]) for name in ("mu_lower", "mu", "covariance_t_lower")]
    ['lower', '', '']
    """
    base, _, end = name.rpartition("_")
    return end if end in ("lower", "upper") and base in names else ""


def long_name(name: str, names: Collection[str]) -> str:
    """What a variable is among ``names``; of a bound, what it is a bound of, and which."""
    if bound := side(name, names):
        return f"{meaning(name.removesuffix(f'_{bound}'))}, {bound} bound"
    return meaning(name)
