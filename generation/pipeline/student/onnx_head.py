"""The likeliest next token in fp32, mostly without the output weights.

At BART-base's size they are 44 % of what a step reads. So a step first multiplies them as int8, a quarter of the bytes,
which tells each logit up to a bound that is proved and not hoped for:

    logit = (w + e) . (x + f), with w and x as int8 has them:   |logit - w . x| <= |e| |x + f| + |w| |f|

by Cauchy and Schwarz, where |f| is at most half a step of x in each of its numbers. Whatever could be the largest
within its bound is multiplied again in fp32, some hundred rows of 50,265. The token is the one that the whole
product would have given.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import onnxruntime as ort

SLACK = 1.01, 1e-4
"""Times and plus: what rounding in fp32 may add to a bound, many times over."""
MOST = 1 / 8
"""Share of the tokens beyond which the whole product costs less than the rows of those that are in question."""
_ROWS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Rough:
    """The output weights (V, D) in whole numbers, each row by its own scale."""

    int8: np.ndarray
    """(D, V)"""
    scale: np.ndarray
    """(V,)"""
    size: np.ndarray
    """Length of each row as it is here, (V,)."""
    error: np.ndarray
    """Length of what it leaves out of the row, (V,)."""

    @classmethod
    def of(cls, weight: np.ndarray, *, most: int = 127) -> "Rough":
        """
        Args:
            weight: (V, D) float32, mapped or not; read once, in blocks.
            most: the largest whole number; 63 where sums of two products of bytes must fit into 16 bits.
        """
        n, width = weight.shape
        made = cls(np.empty((width, n), np.int8), *(np.empty(n, np.float32) for _ in range(3)))
        for start in range(0, n, _ROWS):
            block = slice(start, start + _ROWS)
            rows = np.asarray(weight[block])
            scale = np.abs(rows).max(axis=1) / most
            with np.errstate(invalid="ignore"):  # no numbers have no bound, and go to the whole product
                whole = np.rint(rows / np.where(scale, scale, 1)[:, None])  # a row of zeros stays zeros
                made.int8[:, block], made.scale[block] = whole.T, scale
            whole *= scale[:, None]
            made.size[block] = np.linalg.norm(whole, axis=1)
            made.error[block] = np.linalg.norm(rows - whole, axis=1)
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """The output layer in whole numbers, by one kernel."""

    session: ort.InferenceSession
    """"hidden" to "logits"."""
    block: int = 0
    """How many numbers of a row share a step; 0 where all numbers of all rows share one."""

    def logits(self, hidden: np.ndarray) -> np.ndarray:
        """Each within its bound, (B, V) float32."""
        found: np.ndarray = self.session.run(["logits"], {"hidden": hidden})[0]
        return found

    def rounding(self, hidden: np.ndarray) -> np.ndarray:
        """How long the difference between each row of (B, D) and its int8 can be, (B,): a number is off by half a
        step at most. One step for all is 1/255 of the way from the least to the largest number, 0 included; a
        block's own is 1/127 of its largest size."""
        if not self.block:
            step = (max(float(hidden.max()), 0.0) - min(float(hidden.min()), 0.0)) / 255
            return np.full(len(hidden), step / 2 * math.sqrt(hidden.shape[1]))
        blocks = np.abs(hidden).reshape(len(hidden), -1, self.block)
        off: np.ndarray = np.linalg.norm(blocks.max(axis=2) / 127 / 2, axis=1) * math.sqrt(self.block)
        return off


class Head:
    """From the decoder's last state (B, D) to the next tokens."""

    def __init__(
        self,
        weight: np.ndarray,
        bias: np.ndarray,
        rough: Rough,
        *,
        sketch: Callable[[int], Sketch],
        whole: Callable[[], ort.InferenceSession],
    ) -> None:
        """
        Args:
            weight: (V, D) float32, mapped or not; bias: (V,).
            rough: what the sketch multiplies with.
            sketch: the one for so many rows.
            whole: opens the same product in fp32; called when it is first wanted.
        """
        self.weight = np.asarray(weight)  # a mapped file as plain memory: numpy picks rows of that sooner
        self.bias, self.sketch, self._open_whole = bias, sketch, whole
        self.rough = rough

    @cached_property
    def whole(self) -> ort.InferenceSession:
        return self._open_whole()

    def logits(self, hidden: np.ndarray) -> np.ndarray:
        """All of them, (B, V) float32."""
        found: np.ndarray = self.whole.run(["logits"], {"hidden": hidden})[0]
        return found

    def likeliest(self, hidden: np.ndarray, ban: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The token of the largest logit of each row, (B,) int64; the first of equals.

        Args:
            ban: given logits (B, V), returns them with -inf where a token may not come.
        """
        sketch = self.sketch(len(hidden))
        about = ban(sketch.logits(hidden))
        first = about.argmax(axis=1)
        token = np.empty(len(hidden), dtype=np.int64)
        for row, reach in enumerate(self.reach(hidden, sketch)):
            least = about[row, first[row]] - reach(first[row])
            # Nothing may come, or something is no number: let the whole product say.
            if not np.isfinite(least - reach.most):
                return self._whole(hidden, ban)
            some = np.flatnonzero(about[row] >= least - reach.most)
            some = some[about[row, some] + reach(some) >= least]
            if len(some) > MOST * len(self.weight):
                return self._whole(hidden, ban)
            token[row] = some[0]
            if len(some) > 1:
                # Row by row, so that equal rows stay equal; a matrix product adds up by blocks of rows.
                again = np.vecdot(self.weight.take(some, axis=0), hidden[row]) + self.bias[some]
                token[row] = some[again.argmax()]
        return token

    def _whole(self, hidden: np.ndarray, ban: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        found: np.ndarray = ban(self.logits(hidden)).argmax(axis=1)
        return found

    def reach(self, hidden: np.ndarray, sketch: Sketch) -> list["Reach"]:
        """How far a sketched logit may be from its logit, a row of the last states each."""
        sizes = zip(np.linalg.norm(hidden, axis=1), sketch.rounding(hidden), strict=True)
        return [Reach(float(length), float(off), self.rough) for length, off in sizes]


class Reach:
    """The bound for one last state: asked for any tokens, it gives theirs; `most` is the largest of all."""

    def __init__(self, length: float, off: float, rough: Rough) -> None:
        self.length, self.off, self.rough = length, off, rough
        self.most = self._of(float(rough.error.max()), float(rough.size.max()))

    def __call__(self, tokens: Any) -> Any:
        return self._of(self.rough.error[tokens], self.rough.size[tokens])

    def _of(self, error: Any, size: Any) -> Any:
        times, plus = SLACK
        return (self.length * error + self.off * size) * times + plus
