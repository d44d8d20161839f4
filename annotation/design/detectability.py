"""How well the systems could be told apart by the surface of their texts, without reading them.

Blinding hides names; it cannot hide that one system writes long sentences and another ends with an exclamation mark.
A classifier that sees nothing but such features says how much of that is left, and which features give it away.
"""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

FOLDS = 5
FEWEST_CASES = 10
"""Below these, a cross-validated accuracy says next to nothing."""
MOST_TOLD = 5
OPENINGS = 12
"""The commonest first words are features of their own."""
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_SENTENCE = re.compile(r"[.!?…。！？]+")


@dataclass(frozen=True, slots=True)
class Detectability:
    """What the classifier came to; no system is named."""

    accuracy: float
    """Share of texts whose writer it named, on cases it had not seen."""
    low: float
    high: float
    """Wilson's 95% interval of the accuracy."""
    chance: float
    """What guessing gives: each system wrote as many texts."""
    n_texts: int
    n_cases: int
    telling: tuple[str, ...]
    """The features that give most away, the most telling first; empty where the interval holds chance."""

    @property
    def above_chance(self) -> bool:
        return self.low > self.chance


def detectability(texts: Sequence[Mapping[str, str]], *, seed: int = 0) -> Detectability | None:
    """Train on some cases to name the writer by surface features, and try it on the others.

    A multinomial logistic regression over standardised features, five folds of whole cases. The accuracy is one number
    over all texts; its interval takes them as independent, which texts of one case are only roughly.

    Args:
        texts: of each case, system -> text; every case has every system.
        seed: draws the folds.

    Returns:
        None for fewer than two systems or ten cases.
    """
    systems = sorted(texts[0]) if texts else []
    if len(systems) < 2 or len(texts) < FEWEST_CASES:
        return None
    flat = [case[system] for case in texts for system in systems]
    writer = np.tile(np.arange(len(systems)), len(texts))
    case = np.repeat(np.arange(len(texts)), len(systems))
    names, values = features(flat)
    named, weight = _cross_validated(values, writer, case, seed)
    right = int((named == writer).sum())
    low, high = wilson(right, len(flat))
    chance = 1 / len(systems)
    order = np.argsort(-weight, kind="stable")[:MOST_TOLD]
    telling = tuple(names[i] for i in order if weight[i] > 0) if low > chance else ()
    return Detectability(right / len(flat), low, high, chance, len(flat), len(texts), telling)


def features(texts: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """Names of the features in words, and their values, shape (n_texts, n_features)."""
    words = [_WORD.findall(text) for text in texts]
    columns: dict[str, list[float]] = {
        "length in words": [len(each) for each in words],
        "length of words": [float(np.mean([len(word) for word in each] or [0])) for each in words],
        "number of sentences": [len(_SENTENCE.findall(text)) for text in texts],
        "share of different words": [len({w.lower() for w in each}) / max(len(each), 1) for each in words],
        "share of capital letters": [_share(text, str.isupper) for text in texts],
        "share of digits": [_share(text, str.isdigit) for text in texts],
    }
    signs = {
        "commas": ",，、",
        "exclamation marks": "!！",
        "question marks": "?？",
        "dashes": "–—",
        "hyphens": "-",
        "colons and semicolons": ":;：；",
        "brackets": "()（）[]",
        "quotation marks": "\"“”«»„'‘’",
    }
    for name, kept in signs.items():
        columns[name] = [sum(text.count(sign) for sign in kept) for text in texts]
    firsts = [each[0].lower() if each else "" for each in words]
    common = sorted(set(firsts), key=lambda word: (-firsts.count(word), word))[:OPENINGS]
    for word in common:
        columns[f"beginning with “{word}”"] = [float(first == word) for first in firsts]
    return list(columns), np.column_stack(list(columns.values())).astype(float)


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share. Reference: Wilson (1927), JASA 22, 209-212."""
    z = float(ndtri(0.975))
    share, spread = right / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / spread
    half = z / spread * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _cross_validated(
    values: np.ndarray, writer: np.ndarray, case: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The writer named for each text, and how much each feature weighs over all folds."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    named, weight = np.empty_like(writer), np.zeros(values.shape[1])
    shuffled = np.random.default_rng(seed).permutation(case.max() + 1)
    for held_out in np.array_split(shuffled, FOLDS):
        test = np.isin(case, held_out)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=1000))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(values[~test], writer[~test])
        named[test] = model.predict(values[test])
        weight += np.abs(model[-1].coef_).mean(axis=0)
    return named, weight


def _share(text: str, kind: Callable[[str], bool]) -> float:
    return sum(map(kind, text)) / max(len(text), 1)
