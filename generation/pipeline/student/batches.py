"""Distilled pairs to tensors: rendered for this student, padded to the longest of the batch, pads
ignored by the loss."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from generation.pipeline import prompts
from generation.pipeline.records import Case, Prompt
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.model import UNKNOWN_USER
from generation.pipeline.student.pairs import DistilledPair
from generation.pipeline.student.tokenizer import StudentTokenizer

IGNORED = -100
"""What cross-entropy skips. BART's pad id is 1 and would be learned."""


@dataclass(frozen=True, slots=True)
class Batch:
    """B rows of S prompt tokens and T explanation tokens, all int64, padded on the right."""

    input_ids: torch.Tensor
    """(B, S)"""
    attention_mask: torch.Tensor
    """(B, S), 0 on padding."""
    user_rows: torch.Tensor
    """(B,)"""
    labels: torch.Tensor
    """(B, T), -100 on padding."""

    def to(self, device: torch.device) -> "Batch":
        return Batch(
            *(t.to(device) for t in (self.input_ids, self.attention_mask, self.user_rows, self.labels))
        )


def render(case: Case, config: StudentConfig, tokenizer: StudentTokenizer) -> Prompt:
    """The prompt this student reads for the case; the oldest titles are dropped until it fits."""
    return prompts.render(
        case,
        version=config.prompt_version,
        budget=config.max_prompt_tokens,
        count_tokens=tokenizer.count,
        max_titles=config.max_titles or None,
    )


def cut_to_shown(pair: DistilledPair, config: StudentConfig, tokenizer: StudentTokenizer) -> DistilledPair:
    """The pair with only the titles its prompt has room for, so that shuffling cannot bring back the
    oldest."""
    n_dropped = render(pair.case, config, tokenizer).n_dropped
    return replace(pair, case=replace(pair.case, history=pair.case.history[n_dropped:]))


def shuffled(case: Case, rng: np.random.Generator) -> Case:
    """The case with its history in another order; for training only, the id is the old one."""
    return replace(case, history=tuple(case.history[i] for i in rng.permutation(len(case.history))))


def noised(
    cases: Sequence[Case], rows: np.ndarray, config: StudentConfig, rng: np.random.Generator
) -> tuple[list[Case], np.ndarray]:
    """The cases and their users' rows (n,) with the training-time noise of the config, drawn from `rng`.

    Drawn for a whole batch, whoever learns which part of it: each row's noise is then the same for any number of
    processes.
    """
    hidden = rng.random(len(cases)) < config.user_dropout
    if config.shuffle_history:
        cases = [shuffled(case, rng) for case in cases]
    return list(cases), np.where(hidden, UNKNOWN_USER, rows)


def rows_of(cases: Sequence[Case], users: Mapping[str, int]) -> np.ndarray:
    """The users' rows of the table, (n,)."""
    return np.array([users.get(case.user, UNKNOWN_USER) for case in cases], dtype=np.int64)


def tensors(
    cases: Sequence[Case],
    texts: Sequence[str],
    rows: np.ndarray,
    *,
    config: StudentConfig,
    tokenizer: StudentTokenizer,
) -> Batch:
    """A batch of the cases in their order; `rows` are their users'."""
    prompt_ids = tokenizer.encode([render(case, config, tokenizer).text for case in cases])
    targets = [ids[1:] for ids in tokenizer.encode(list(texts))]  # BART's decoder starts with </s>
    input_ids, mask = pad(prompt_ids, tokenizer.pad)
    labels, _ = pad(targets, IGNORED)
    return Batch(input_ids, mask, torch.from_numpy(rows), labels)


def collate(
    pairs: Sequence[DistilledPair],
    *,
    users: Mapping[str, int],
    config: StudentConfig,
    tokenizer: StudentTokenizer,
    rng: np.random.Generator | None = None,
) -> Batch:
    """A batch of the pairs in their order; with `rng`, the training-time noise of the config is drawn
    from it."""
    cases = [pair.case for pair in pairs]
    rows = rows_of(cases, users)
    if rng is not None:
        cases, rows = noised(cases, rows, config, rng)
    return tensors(cases, [pair.text for pair in pairs], rows, config=config, tokenizer=tokenizer)


def parts(n_rows: int, n_parts: int) -> list[slice]:
    """The rows of a batch in `n_parts` or fewer, none empty."""
    size = -(-n_rows // n_parts)
    return [slice(start, start + size) for start in range(0, n_rows, size)]


def pad(rows: Sequence[Sequence[int]], value: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows as one (B, longest) tensor filled on the right with `value`, and its mask."""
    longest = max(map(len, rows))
    ids = torch.full((len(rows), longest), value, dtype=torch.int64)
    mask = torch.zeros((len(rows), longest), dtype=torch.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = torch.tensor(row, dtype=torch.int64)
        mask[index, : len(row)] = 1
    return ids, mask


def epoch(lengths: np.ndarray, *, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Indices of each batch of one epoch: every pair once, neighbours in length together, batches in
    random order.

    Args:
        lengths: (n_pairs,), tokens a pair; only their order matters.
    """
    shuffled_indices = rng.permutation(len(lengths))
    window = batch_size * 16  # sorting within windows keeps the batches random and the padding small
    batches: list[np.ndarray] = []
    for start in range(0, len(shuffled_indices), window):
        part = shuffled_indices[start : start + window]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def by_length(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Indices of length-sorted batches, longest first, so that memory runs out at once or never."""
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
