"""Which random stream serves which purpose: `default_rng([seed, STREAM, …])`, so that no draw disturbs
another."""

STREAM_CASES = 1
"""Which cases are used, which of them calibrate, and in which order they are numbered."""
STREAM_ASSIGNMENT = 2
"""Which case goes to which seat."""
STREAM_SIBLINGS = 3
"""In which order each seat meets the cards of a case; followed by the seat's index."""
STREAM_ORDER = 4
"""In which order cases come; followed by the annotator's index."""
STREAM_CRITERIA = 5
"""In which order the criteria stand; followed by the annotator's index."""
STREAM_GUESS = 9
"""Of which cards the writer is guessed; followed by the annotator's index."""
STREAM_CHECKS = 10
"""Where repeats, attention checks and reference cards stand among the others; followed by the annotator's index."""
STREAM_CHECK_CASES = 11
"""Beside which cases the texts of attention checks stand."""
