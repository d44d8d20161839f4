"""What is said of agreement where the usual sentence does not serve."""

from analysis.report.findings import Agreement, Number
from analysis.report.words import interval, number


def without_kappa(name: str, row: Agreement) -> str:
    """Kappa does not exist; what of agreement does."""
    told = f"{name}: Fleiss' kappa is undefined, because {row.fleiss.undefined}"
    left = []
    if row.exact.value is not None:
        left.append(f"pairs of ratings of one card were equal in {row.exact.value:.0%}")
    left += [
        f"{label} is {estimate(given)}"
        for label, given in (("AC1", row.ac1), ("Randolph's kappa", row.free_marginal))
        if given.value is not None
    ]
    return f"{told}. What can be said: {'; '.join(left)}." if left else f"{told}."


def estimate(given: Number) -> str:
    """ "0.62 [0.51, 0.71]", or why there is no number."""
    if given.value is None:
        return f"undefined ({given.undefined})"
    return f"{number(given.value)} {interval(given)}".strip()
