"""From a case to the text a network reads, within its budget of tokens."""

from collections.abc import Callable

from generation.pipeline.records import Case, Prompt

LIKELY_CHARACTERS = 8
"""A token: a text of more is likely to have more tokens than the budget."""


class PromptTooLong(ValueError):
    """Even without any history the prompt does not fit: the budget is too small."""

    def __init__(self, case: Case, version: str, *, budget: int, needed: int) -> None:
        self.case_id, self.version, self.budget, self.needed = case.id, version, budget, needed
        super().__init__(
            f"case {case.id}: prompt {version} with {case.item.label!r} and no history "
            f"takes {needed} tokens, and the budget is {budget}. Give a larger budget or a shorter version."
        )


def render(
    case: Case,
    version: str = "faithful-v1",
    *,
    budget: int | None = None,
    count_tokens: Callable[[str], int] | None = None,
    max_titles: int | None = None,
) -> Prompt:
    """Write `case` into the template `version`, dropping the oldest titles first until the whole fits.

    The template, the item and the newest titles are never cut: a tokenizer that truncates from the right
    would lose the item and the instructions, since the history comes before them.

    Args:
        budget: tokens the whole prompt may take, special tokens included; None means no limit.
        count_tokens: how many tokens a text takes, special tokens included; needed with `budget`.
        max_titles: show at most this many titles, the newest.

    Raises:
        PromptTooLong: the template and the item alone exceed the budget.
        UnknownName: there is no such version.
        ValueError: a budget without a way to count, or a negative limit.
    """
    from generation.pipeline.prompts import load

    if max_titles is not None and max_titles < 0:
        raise ValueError(f"max_titles is a number of titles, 0 or more, not {max_titles}")
    template = load(version)
    labels = [past.label for past in case.history]

    def write(n_titles: int) -> str:
        return template.fill(labels[len(labels) - n_titles :], case.item.label)

    n_titles = len(labels) if max_titles is None else min(max_titles, len(labels))
    if budget is not None:
        if count_tokens is None:
            raise ValueError("a budget needs count_tokens: the tokenizer that will read the prompt")
        short = len(write(n_titles)) <= LIKELY_CHARACTERS * budget
        n_titles = _most_that_fit(lambda n: count_tokens(write(n)) <= budget, n_titles, likely=short)
        if n_titles < 0:
            raise PromptTooLong(case, version, budget=budget, needed=count_tokens(write(0)))
    return Prompt(write(n_titles), version, n_dropped=len(labels) - n_titles)


def _most_that_fit(fits: Callable[[int], bool], at_most: int, *, likely: bool) -> int:
    """The largest n in 0..at_most that fits, or -1; with few tokens counted, since tokenising is what costs.

    Where all of them are likely to fit they are tried first. Otherwise a few are, and twice as many, so that a
    history of a thousand titles costs no more than the budget does.
    """
    if likely and fits(at_most):
        return at_most
    low, high = (
        -1,
        at_most if likely else at_most + 1,
    )  # `low` fits (or is -1), `high` does not (or is too many)
    tried = 0
    while not likely and tried < high:
        if not fits(tried):
            high = tried
            break
        low, tried = tried, max(1, 2 * tried)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
