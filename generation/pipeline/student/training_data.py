"""What a training learns from: the pairs that fit, in the order of each epoch."""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from generation.pipeline.records import Item
from generation.pipeline.student.batches import cut_to_shown, epoch, render
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.pairs import DistilledPair, PairTable, in_pieces, make_tokenizer, user_rows


class NothingToLearn(ValueError):
    """No pair is left to train or validate on."""


class TrainingData:
    """Pairs to learn and to validate on, as one training of this config and seed sees them."""

    def __init__(
        self,
        pairs_train: Iterable[DistilledPair],
        pairs_valid: Sequence[DistilledPair],
        config: StudentConfig,
        seed: int,
        *,
        catalogue: Iterable[Item],
        stream: int,
    ) -> None:
        """
        Args:
            catalogue: items whose titles get a token each, beside those of the pairs; with `title_tokens` only.
            stream: of the seed, for the order of pairs.

        Raises:
            NothingToLearn: no training or no validation pair is left.
        """
        self.config, self.seed, self._stream = config, seed, stream
        given = PairTable.of(pairs_train)
        self.tokenizer = make_tokenizer(config, given, catalogue)
        self.pairs, self.n_tokens = self._fitting(given)
        self.valid, self.n_tokens_valid = self._fitting(pairs_valid)
        if not self.pairs or not self.valid:
            raise NothingToLearn(
                f"{len(self.pairs)} training and {len(self.valid)} validation pairs fit into "
                f"max_target_tokens={config.max_target_tokens}: both need at least one"
            )
        self.n_too_long = len(given) + len(pairs_valid) - len(self.pairs) - len(self.valid)
        self.users = user_rows(self.pairs) if config.with_user else {}
        """User -> row of the table."""
        self.lengths = self._lengths(self.pairs)
        self.steps_an_epoch = math.ceil(len(self.pairs) / config.batch_size)
        self._batches: tuple[int, list[np.ndarray]] = (-1, [])

    def chosen(self, step: int) -> np.ndarray:
        """Which pairs the step learns, (batch,): the same for every process."""
        number, within = divmod(step, self.steps_an_epoch)
        if self._batches[0] != number:
            rng = np.random.default_rng([self.seed, self._stream, number])
            self._batches = number, epoch(self.lengths, batch_size=self.config.batch_size, rng=rng)
        return self._batches[1][within]

    def identity(self) -> str:
        """Changes with anything that would make a stored state the state of another training."""
        digest = hashlib.sha256(json.dumps([self.config.to_json(), self.seed], sort_keys=True).encode())
        for pair in chain(self.pairs, self.valid):
            digest.update(f"{pair.case.id}\0{pair.text}\0".encode())
        return digest.hexdigest()

    def _fitting(self, pairs: Iterable[DistilledPair]) -> tuple[PairTable, np.ndarray]:
        """The pairs whose explanation is short enough, each cut to the titles the student is shown, and how many
        tokens of explanation each has to be learned, (n_pairs,)."""
        n_tokens: list[int] = []

        def fitting() -> Iterator[DistilledPair]:
            for piece in in_pieces(pairs):
                encoded = self.tokenizer.encode([pair.text for pair in piece])
                for pair, ids in zip(piece, encoded, strict=True):
                    if len(ids) <= self.config.max_target_tokens:
                        n_tokens.append(len(ids) - 1)
                        yield cut_to_shown(pair, self.config, self.tokenizer)

        return PairTable(fitting()), np.array(n_tokens, dtype=np.int64)

    def _lengths(self, pairs: Iterable[DistilledPair]) -> np.ndarray:
        """Tokens of each prompt, (n_pairs,)."""
        lengths: list[int] = []
        for piece in in_pieces(pairs):
            texts = [render(pair.case, self.config, self.tokenizer).text for pair in piece]
            lengths += [len(ids) for ids in self.tokenizer.encode(texts)]
        return np.array(lengths)
