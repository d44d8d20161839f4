"""Tables and numbers that others published; facts typed from the sources named beside them."""

import numpy as np

FLEISS_1971 = np.array(
    [
        [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0],
        [2, 0, 4, 0, 0], [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6],
        [1, 0, 0, 5, 0], [1, 1, 0, 4, 0], [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1],
        [0, 0, 5, 0, 1], [3, 0, 0, 1, 2], [5, 1, 0, 0, 0], [0, 2, 0, 4, 0], [1, 0, 2, 0, 3],
        [0, 0, 0, 0, 6], [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0], [1, 0, 0, 4, 1],
        [0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0], [1, 0, 5, 0, 0], [0, 0, 0, 0, 6],
    ]
)  # fmt: skip
"""30 patients x 5 diagnoses, 6 psychiatrists each. Fleiss (1971), Psychological Bulletin 76, table 1."""

WIKIPEDIA = np.array(
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]
)  # fmt: skip
"""10 cards x 5 categories, 14 raters. Wikipedia, "Fleiss' kappa"; also statsmodels test_inter_rater.py."""

KRIPPENDORFF_C = np.array(
    [
        [1, 1, 0, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
        [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [0, 5, 5, 5], [0, 0, 1, 1], [0, 0, 3, 0],
    ]
)  # fmt: skip
"""12 units x 4 coders, 0 where missing. Krippendorff (2011), data C; R irrCAC cac.raw4raters."""

THREE_CODERS = np.array(
    [
        [0, 1, 0], [0, 0, 0], [0, 2, 2], [0, 1, 1], [0, 3, 3], [3, 3, 4], [4, 4, 4], [1, 3, 0],
        [2, 0, 2], [1, 0, 1], [1, 0, 1], [3, 0, 3], [3, 0, 3], [0, 0, 0], [3, 0, 4],
    ]
)  # fmt: skip
"""15 units x 3 coders with many gaps, 0 where missing. Wikipedia, "Krippendorff's alpha"."""

SHROUT_FLEISS_1979 = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)
"""6 targets x 4 judges. Shrout & Fleiss (1979), Psychological Bulletin 86, table 2."""


def counts(ratings: np.ndarray, n_levels: int) -> np.ndarray:
    """Ratings (n_cards, n_raters) of 1..n_levels, 0 for missing, as counts (n_cards, n_levels)."""
    return np.stack([(ratings == level).sum(axis=1) for level in range(1, n_levels + 1)], axis=1)
