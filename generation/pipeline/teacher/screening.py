"""Which drafts are not explanations. The paper keeps whatever is "not an error"; here each rejection has
a name."""

import re

from generation.pipeline.records import Case, Prompt

EMPTY, TOO_SHORT, REFUSAL = "empty", "too short", "refusal"
PROMPT_ECHO, REPETITION_LOOP, CUT = "prompt echo", "repetition loop", "cut at the limit"
REASONS = (EMPTY, TOO_SHORT, REFUSAL, PROMPT_ECHO, REPETITION_LOOP, CUT)

FEWEST_WORDS = 5
ECHO_WORDS = 5
"""So many words of the template in a row are an echo; titles do not count, an explanation has to name
them."""
LONGEST_LOOP = 12
"""Words in the longest phrase whose repetition is looked for."""

_REFUSALS = re.compile(
    r"^\W*(?:i['’]?m sorry|i am sorry|sorry,|unable to|i['’]m unable"
    r"|i (?:can['’]?t|cannot|can not|am unable|won['’]t)\b)"
    r"|\bas an? (?:ai|artificial intelligence|language model)\b|\bi (?:do not|don['’]t) have enough\b",
    re.IGNORECASE,
)
_HINTS = re.compile(r"sorry|unable|can['’]?t|cannot|can not|won['’]t|\bas an?\b|enough", re.IGNORECASE)
"""Without one of these no refusal is possible, and looking for them costs nothing."""


def screen(text: str, prompt: Prompt, case: Case, *, finished: bool = True) -> str | None:
    """Why the text is no explanation, one of REASONS; None where it is one.

    Args:
        finished: False where the writer stopped at its limit of tokens.
    """
    words = text.split()
    if not words:
        return EMPTY
    if _HINTS.search(text) and _REFUSALS.search(_without_titles(text, case)):
        return REFUSAL
    if _echoes(text, prompt, case):
        return PROMPT_ECHO
    if loops(words):
        return REPETITION_LOOP
    if len(words) < FEWEST_WORDS:
        return TOO_SHORT
    if not finished:
        return CUT
    return None


def strip_echo(text: str, prompt: Prompt) -> str:
    """The text without what it repeats of the prompt at its beginning, however spaces and case changed.

    That is the whole prompt, its first words up to where the text goes its own way, or its last lines; at
    least ECHO_WORDS words, or a whole last line, are an echo. What stands further behind is for `screen` to
    reject, since nobody can say where the text begins.
    """
    text = text.strip()
    said = list(re.finditer(r"\S+", text))
    words = [word.group().casefold() for word in said]
    while words and (n := _echoed(words, prompt)):
        rest = text[said[n - 1].end() :].strip()
        text, said, words = rest, list(re.finditer(r"\S+", rest)), words[n:]
    return text


def _echoed(words: list[str], prompt: Prompt) -> int:
    """How many of the first words repeat the prompt: its beginning, or its last lines."""
    shown = prompt.text.casefold().split()
    n = 0
    while n < min(len(words), len(shown)) and words[n] == shown[n]:
        n += 1
    if n >= min(ECHO_WORDS, len(shown)):
        return n
    lines = [line.split() for line in prompt.text.casefold().splitlines()]
    if len(lines) > 1:
        for first in range(1, len(lines)):  # the longest tail first
            tail = [word for line in lines[first:] for word in line]
            if tail and words[: len(tail)] == tail:
                return len(tail)
    return 0


def loops(words: list[str]) -> bool:
    """Whether a word comes four times in a row, or a longer phrase three times."""
    words = [word.lower() for word in words]
    for size in range(1, LONGEST_LOOP + 1):
        wanted = size * (3 if size == 1 else 2)  # words in a row that equal the one `size` before
        run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            if run >= wanted:
                return True
    return False


def _without_titles(text: str, case: Case) -> str:
    """Titles refuse nothing: "Sorry, Wrong Number (1948)", "I Can't Sleep"."""
    items = (*case.history, case.item)
    names = {item.label for item in items} | {item.title for item in items if " " in item.title}
    return _replaced(text, names, "\0")


def _echoes(text: str, prompt: Prompt, case: Case) -> bool:
    """Whether the text repeats the template, leaving the titles aside."""
    labels = {item.label for item in (*case.history, case.item)}
    said = _plain(text, labels)
    return (_may_echo(said, prompt) and _repeats(said, prompt, labels)) or (
        ":" in text and _names_fields(text, prompt, labels)
    )


def _may_echo(said: str, prompt: Prompt) -> bool:
    """Whether three words in a row, as stand inside any echo, are in the prompt: quick, and no for nearly all."""
    words, asked = said.split(), " ".join(prompt.text.lower().split())
    return any(" ".join(words[i : i + ECHO_WORDS - 2]) in asked for i in range(len(words) - ECHO_WORDS + 3))


def _repeats(said: str, prompt: Prompt, labels: set[str]) -> bool:
    for piece in _plain(prompt.text, labels).split("\0"):
        words = piece.split()
        for start in range(len(words) - ECHO_WORDS + 1):
            if " ".join(words[start : start + ECHO_WORDS]) in said:
                return True
    return False


def _names_fields(text: str, prompt: Prompt, labels: set[str]) -> bool:
    """A compact prompt has fewer words than that in a row; its field names still give it away."""
    fields = re.findall(r"\b[A-Z][a-z]+(?: [a-z]+)?:", _replaced(prompt.text, labels, "\0"))
    return len([name for name in dict.fromkeys(fields) if name in text]) >= 2


def _plain(text: str, labels: set[str]) -> str:
    return " ".join(_replaced(text, labels, " \0 ").lower().split())


def _replaced(text: str, labels: set[str], sign: str) -> str:
    """The text with each label replaced, from left to right, the longest where several begin.

    A pattern of all labels would do the same, and compiling one for each case cost ten times the rest.
    """
    found = []
    for label in filter(None, labels):
        start = text.find(label)
        while start >= 0:
            found.append((start, -len(label)))
            start = text.find(label, start + 1)
    pieces, here = [], 0
    for start, minus_length in sorted(found):
        if start >= here:
            pieces += [text[here:start], sign]
            here = start - minus_length
    return "".join(pieces) + text[here:]
