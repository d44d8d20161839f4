"""BERTScore: each token of a text with the likest token of the reference, and the other way round.

To the numbers of the package bert-score on the same weights. Each distinct text is encoded once, however many systems
share a reference, and neither padding nor the batch a text falls into changes its score: the package takes padded cells
for a likeness of 0, which shows where all likenesses lie below it.

Raw values lie close together (.85 to .95 with most encoders). Rescaling by a baseline, what texts that have nothing to
do with each other score, spreads them and changes no order: F' = (F - b) / (1 - b).

Reference: Zhang et al. (2020), BERTScore: Evaluating Text Generation with BERT; the baselines are the package's.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.metrics.encoder import Encoded, Encoder
from analysis.metrics.interface import MetricSignature, NotComputable, Text

Value = Literal["precision", "recall", "f1"]
VALUES: tuple[Value, ...] = ("precision", "recall", "f1")
BASELINES = {("roberta-large", 17): (0.83150584, 0.8314941, 0.83122575)}
"""Precision, recall and F1 of unrelated English texts, by model and layer: rescale_baseline/en of bert-score 0.3.13."""
TEXTS_AT_ONCE = 4096
"""Encoded texts kept at a time."""
PAIRS_AT_ONCE = 256

Pair = tuple[str, str]
"""Explanation and reference."""


class NoBaseline(NotComputable):
    """Nobody knows what unrelated texts score with this encoder, so its scores cannot be rescaled."""


class Matcher:
    """Precision, recall and F1 of pairs of texts under one encoder; metrics that share it share the work."""

    def __init__(self, encoder: Encoder, *, idf: bool = False) -> None:
        self.encoder, self.idf = encoder, idf
        self._known: dict[Pair, tuple[float, float, float]] = {}
        self._weights_of: tuple[str, ...] | None = None

    def match(self, pairs: Sequence[Pair], references: Sequence[str]) -> NDArray[np.float64]:
        """Shape (n_pairs, 3): precision, recall and F1.

        Args:
            references: the texts whose tokens say how rare a token is, one a case; read with `idf` alone.
        """
        if self.idf and tuple(references) != self._weights_of:
            self._known, self._weights_of = {}, tuple(references)
        weights = inverse_frequencies(map(self.encoder.tokens, references)) if self.idf else None
        new = sorted({pair for pair in pairs if pair not in self._known}, key=lambda pair: (pair[1], pair[0]))
        for block in _blocks(new):
            encoded = self.encoder.encode([text for pair in block for text in pair])
            self._known |= zip(block, self._matched(block, encoded, weights), strict=True)
        return np.array([self._known[pair] for pair in pairs], dtype=np.float64).reshape(-1, 3)

    def _matched(
        self, pairs: Sequence[Pair], encoded: Mapping[str, Encoded], weights: Mapping[int, float] | None
    ) -> list[tuple[float, float, float]]:
        """In the order of the pairs; those of like length are compared together."""
        ends = self.encoder.ends

        def weigh(one: Encoded) -> torch.Tensor:
            if weights is None:
                given = [0.0 if token in ends else 1.0 for token in one.ids]
            else:
                given = [weights.get(token, weights[UNSEEN]) for token in one.ids]
            return torch.tensor(given, device=one.vectors.device)

        weight = {text: weigh(one) for text, one in encoded.items()}
        order = sorted(
            range(len(pairs)), key=lambda at: [len(encoded[text].ids) for text in pairs[at]], reverse=True
        )
        found: list[tuple[float, float, float]] = [(math.nan,) * 3] * len(pairs)
        for start in range(0, len(order), PAIRS_AT_ONCE):
            places = order[start : start + PAIRS_AT_ONCE]
            written, wanted = ([encoded[pairs[at][side]].vectors for at in places] for side in (0, 1))
            scores = greedy(
                written,
                wanted,
                [weight[pairs[at][0]] for at in places],
                [weight[pairs[at][1]] for at in places],
            )
            for at, row in zip(places, scores.tolist(), strict=True):
                found[at] = (row[0], row[1], row[2])
        return found


UNSEEN = -1
"""Stands for every token that no reference has."""


def inverse_frequencies(references: Iterator[tuple[int, ...]]) -> dict[int, float]:
    """log((n + 1) / (n of references with the token + 1)), as the package has it; the special tokens come to 0."""
    seen: Counter[int] = Counter()
    n = 0
    for tokens in references:
        n += 1
        seen.update(set(tokens))
    found = {token: math.log((n + 1) / (count + 1)) for token, count in seen.items()}
    return found | {UNSEEN: math.log(n + 1)}


def greedy(
    written: Sequence[torch.Tensor],
    wanted: Sequence[torch.Tensor],
    weight_written: Sequence[torch.Tensor],
    weight_wanted: Sequence[torch.Tensor],
) -> torch.Tensor:
    """Precision, recall and F1 of pairs, (n, 3); NaN where all weights of a side are 0.

    Args:
        written, wanted: of each pair, vectors of length 1, (n_tokens, d).
        weight_written, weight_wanted: (n_tokens,) each.
    """
    pad = torch.nn.utils.rnn.pad_sequence
    one, other = (
        pad(list(written), batch_first=True),
        pad(list(wanted), batch_first=True),
    )  # (B, T, d), (B, S, d)
    left, right = (
        pad([torch.ones(len(row), dtype=torch.bool, device=row.device) for row in side], batch_first=True)
        for side in (written, wanted)
    )  # (B, T), (B, S)
    likeness = torch.bmm(one, other.transpose(1, 2))  # (B, T, S)
    likeness = likeness.masked_fill(~(left[:, :, None] & right[:, None, :]), -math.inf)
    sides = []
    for best, held, weights in (
        (likeness.amax(dim=2), left, weight_written),
        (likeness.amax(dim=1), right, weight_wanted),
    ):
        weighed = pad(list(weights), batch_first=True)  # (B, T)
        sides.append((best.masked_fill(~held, 0.0) * weighed).sum(dim=1) / weighed.sum(dim=1))
    precision, recall = sides
    return torch.stack([precision, recall, 2 * precision * recall / (precision + recall)], dim=1)


class BertScore:
    """Precision, recall or F1 of the tokens' greedy matching; NaN where the explanation or the reference is empty.

    Raw values are cosines, so in -1..1, and 1 for the reference itself; rescaled ones may lie below 0.
    """

    def __init__(
        self,
        value: Value = "f1",
        *,
        matcher: Matcher,
        rescale: bool = False,
        baseline: tuple[float, float, float] | None = None,
        references: str = "",
    ) -> None:
        """
        Args:
            baseline: of precision, recall and F1; by default what is known of the encoder's layer.

        Raises:
            NoBaseline: it is to be rescaled and nothing is known.
        """
        self._matcher, self._place = matcher, VALUES.index(value)
        about = matcher.encoder.description
        self._baseline: float | None = None
        if rescale:
            baseline = baseline or BASELINES.get((about["model"].split("/")[-1], about["layer"]))
            if baseline is None:
                raise NoBaseline(
                    f"no baseline of {about['model']}, layer {about['layer']}, is known: give the precision, recall "
                    "and F1 of unrelated texts, or use the raw score"
                )
            self._baseline = baseline[self._place]
        parts = {"value": value, "idf": matcher.idf, "baseline": self._baseline}
        name = "bertscore-rescaled" if rescale else "bertscore"
        self.signature = MetricSignature(name, "1", about | parts, references)

    def score(self, texts: Sequence[Text]) -> NDArray[np.float64]:
        rows = [at for at, text in enumerate(texts) if text.explanation.strip() and text.reference.strip()]
        pairs = [(texts[at].explanation.strip(), texts[at].reference.strip()) for at in rows]
        by_case = {texts[at].case: texts[at].reference.strip() for at in rows}
        scores = np.full(len(texts), np.nan)
        if pairs:
            found = self._matcher.match(pairs, list(by_case.values()))[:, self._place]
            scores[rows] = (
                found if self._baseline is None else (found - self._baseline) / (1 - self._baseline)
            )
        return scores


def precision(*, encoder: Matcher, references: str = "") -> BertScore:
    return BertScore("precision", matcher=encoder, references=references)


def recall(*, encoder: Matcher, references: str = "") -> BertScore:
    return BertScore("recall", matcher=encoder, references=references)


def f1(*, encoder: Matcher, references: str = "") -> BertScore:
    return BertScore(matcher=encoder, references=references)


def rescaled(*, encoder: Matcher, references: str = "") -> BertScore:
    return BertScore(matcher=encoder, rescale=True, references=references)


def _blocks(pairs: Sequence[Pair]) -> Iterator[list[Pair]]:
    """Runs of pairs with TEXTS_AT_ONCE distinct texts at most, where a pair alone has no more."""
    block: list[Pair] = []
    texts: set[str] = set()
    for pair in pairs:
        if block and len(texts | set(pair)) > TEXTS_AT_ONCE:
            yield block
            block, texts = [], set()
        block.append(pair)
        texts.update(pair)
    if block:
        yield block
