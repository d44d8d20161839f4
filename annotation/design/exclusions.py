"""Why an annotator's marks may be left out: the rules a plan can name beforehand."""

RULES: dict[str, str] = {
    "speed": "Too fast to have read",
    "one-mark": "The same mark everywhere",
    "alike": "Every question answered alike",
    "disagreement": "Far from everybody else",
    "attention": "Failed attention checks",
    "gold": "Far from the reference marks of gold cards",
    "consistency": "Unlike their own marks on repeats",
    "instructions": "Did not follow the guidelines",
    "technical": "Something went wrong with the page or the device",
    "other": "Another reason, stated",
}
"""Key -> what it says. Flags of the monitor inform; only a person excludes, by one of these, with a reason."""
