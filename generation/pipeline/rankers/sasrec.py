"""SASRec: what comes next, by causal self-attention over what came before, with the softmax over the whole catalogue.

B histories, L positions, D wide, I items. Item 0 of the network is padding, so codes are one higher in here.

Reference: Kang and McAuley (2018), Self-Attentive Sequential Recommendation; full softmax after Klenitskiy and
Vasilev (2023), Turning Dross Into Gold Loss, and Petrov and Macdonald (2023), gSASRec.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from generation.pipeline.logs.corpus import CorpusData
from generation.pipeline.rankers.interface import NotFitted
from generation.pipeline.rankers.scoring import evaluate, pick_best

STREAM_HELD_OUT, STREAM_ORDER = 41, 42


@dataclass(frozen=True, slots=True, kw_only=True)
class SasRecConfig:
    """Sizes and rates; the defaults suit some thousand users and items on a few cores."""

    d_model: int = 64
    layers: int = 2
    heads: int = 2
    length: int = 50
    """Newest items of a history that are read."""
    dropout: float = 0.2
    learning_rate: float = 1e-3
    batch_size: int = 128
    max_epochs: int = 60
    patience: int = 5
    """Epochs without a better validation NDCG@10 after which the training ends."""
    n_valid: int = 1000
    """Users whose last learnable item is held out to tell when."""

    def __post_init__(self) -> None:
        if self.d_model % self.heads or min(self.d_model, self.layers, self.length, self.batch_size) < 1:
            raise ValueError(f"impossible SASRec: {self}")


class Network(nn.Module):
    """Item and position embeddings, pre-norm causal blocks, scores by the item embeddings themselves."""

    def __init__(self, n_items: int, config: SasRecConfig) -> None:
        super().__init__()
        self.items = nn.Embedding(n_items + 1, config.d_model, padding_idx=0)
        self.positions = nn.Embedding(config.length, config.d_model)
        block = nn.TransformerEncoderLayer(
            config.d_model, config.heads, config.d_model * 4, config.dropout, "gelu", batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.blocks = nn.TransformerEncoder(block, config.layers, nn.LayerNorm(config.d_model), False)
        self.dropout = nn.Dropout(config.dropout)
        for table in (self.items, self.positions):
            nn.init.normal_(table.weight, std=config.d_model**-0.5)
        with torch.no_grad():
            self.items.weight[0].zero_()

    def forward(self, sequences: torch.Tensor) -> torch.Tensor:
        """(B, L) items, padded on the right with 0, to (B, L, D): what each position expects next."""
        length = sequences.shape[1]
        x = self.dropout(self.items(sequences) + self.positions.weight[:length])  # (B, L, D)
        causal = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
        found: torch.Tensor = self.blocks(x, mask=causal)  # padding stands behind, where nobody looks
        return found

    def logits(self, expected: torch.Tensor) -> torch.Tensor:
        """(..., D) to (..., I): padding is no candidate."""
        return expected @ self.items.weight[1:].T


class SasRec:
    def __init__(self, config: SasRecConfig, *, seed: int, device: str) -> None:
        self.config, self.seed, self.device = config, seed, device
        self.signature: dict[str, Any] = {"ranker": "sasrec", **asdict(config), "seed": seed}
        self.history: list[tuple[int, float, float]] = []
        """(epoch, training loss, validation NDCG@10), for whoever wonders how the training went."""
        self._network: Network | None = None

    def fit(self, corpus: CorpusData, learnable: np.ndarray) -> None:
        sequences, held_out = self._sequences(corpus, learnable)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = Network(len(corpus.items), self.config).to(self.device)
            self._train(network, sequences, corpus, held_out)

    def _sequences(self, corpus: CorpusData, learnable: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Each user's learnable items, and the rows of the last ones that are held out to tell when to stop."""
        rng = np.random.default_rng([self.seed, STREAM_HELD_OUT])
        rows_of = [
            rows[learnable[rows]]
            for rows in (np.arange(a, b) for a, b in zip(corpus.starts[:-1], corpus.starts[1:], strict=True))
        ]
        long_enough = [u for u, rows in enumerate(rows_of) if len(rows) >= 3]
        n_valid = min(self.config.n_valid, len(long_enough) // 5)
        chosen = set(rng.permutation(long_enough)[:n_valid].tolist())
        held_out = np.array([rows_of[u][-1] for u in sorted(chosen)], dtype=np.int64)
        kept = [rows[:-1] if u in chosen else rows for u, rows in enumerate(rows_of)]
        return [corpus.item[rows].astype(np.int64) + 1 for rows in kept if len(rows) >= 2], held_out

    def _train(
        self, network: Network, sequences: list[np.ndarray], corpus: CorpusData, held_out: np.ndarray
    ) -> None:
        config = self.config
        optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=0.01)
        best, since = -1.0, 0
        kept = {name: value.clone() for name, value in network.state_dict().items()}
        for epoch in range(config.max_epochs):
            rng = np.random.default_rng([self.seed, STREAM_ORDER, epoch])
            network.train()
            total, n = 0.0, 0
            order = rng.permutation(len(sequences))
            for start in range(0, len(order), config.batch_size):
                batch = [self._window(sequences[i], rng) for i in order[start : start + config.batch_size]]
                given = _padded([one[:-1] for one in batch]).to(self.device)  # (B, L)
                wanted = _padded([one[1:] for one in batch]).to(self.device)  # (B, L)
                real = wanted > 0
                logits = network.logits(network(given)[real])  # (n real positions, I)
                loss = nn.functional.cross_entropy(logits, wanted[real] - 1)
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), 5.0)
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
                total, n = total + float(loss.detach()), n + 1
            self._network = network.eval()
            if not len(held_out):
                continue
            found = evaluate(self, corpus, held_out, rng=rng, cuts=(10,))["NDCG@10"] or 0.0
            self.history.append((epoch, total / max(n, 1), found))
            if found > best:
                best, since = found, 0
                kept = {name: value.clone() for name, value in network.state_dict().items()}
            else:
                since += 1
                if config.patience and since >= config.patience:
                    break
        if len(held_out):
            network.load_state_dict(kept)
        self._network = network.eval()

    def _window(self, sequence: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """At most length + 1 items in a row: the newest, or in a longer history any stretch of it."""
        longest = self.config.length + 1
        if len(sequence) <= longest:
            return sequence
        end = int(rng.integers(longest, len(sequence) + 1))
        return sequence[end - longest : end]

    @torch.no_grad()
    def scores(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        if self._network is None:
            raise NotFitted("sasrec")
        firsts = np.maximum(corpus.starts[corpus.user[rows]], rows - self.config.length)
        pasts = [
            corpus.item[a:b].astype(np.int64) + 1 for a, b in zip(firsts.tolist(), rows.tolist(), strict=True)
        ]
        given = _padded(pasts).to(self.device)
        last = torch.tensor([max(len(past) - 1, 0) for past in pasts], device=given.device)
        expected = self._network(given)[torch.arange(len(pasts), device=given.device), last]  # (B, D)
        found: np.ndarray = self._network.logits(expected).double().cpu().numpy()
        found[[not len(past) for past in pasts]] = -np.inf  # without a past there is nothing to go by
        return found

    def pick(self, corpus: CorpusData, rows: np.ndarray) -> np.ndarray:
        return pick_best(self.scores, corpus, rows)


def _padded(sequences: list[np.ndarray]) -> torch.Tensor:
    """(B, longest, at least 1), zeros behind."""
    padded = np.zeros((len(sequences), max(1, *map(len, sequences), 1)), dtype=np.int64)
    for index, sequence in enumerate(sequences):
        padded[index, : len(sequence)] = sequence
    return torch.from_numpy(padded)


def load(*, seed: int = 0, device: str = "cpu", **config: Any) -> SasRec:
    """`config` are the fields of SasRecConfig."""
    return SasRec(SasRecConfig(**config), seed=seed, device=device)
