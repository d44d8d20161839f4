"""The user table of a training with millions of users: a step reads, and moves, the rows of its own users alone.

AdamW over an nn.Embedding holds weight, gradient and two moments of every user: 25 GB for two million users of 768.
Here the weights stay in the processor's memory, a batch's rows go to the network as a leaf of their own, and the
optimiser keeps two numbers a user: how often it was met, and the mean square of its gradient. That is Adam without
the first moment and with one second moment a row, each corrected by the row's own count.

It is not AdamW to the digit, which goes on moving a row for steps in which its user is not met;
docs/decisions/user-rows.md has the difference.
"""

import torch
from torch import nn

UNKNOWN = 0
DENSE_LIMIT = 2 << 30
"""Bytes of weight, gradient and moments up to which AdamW over the whole table is the better choice."""
_DECAY, _EPSILON = 0.98, 1e-8


def is_large(n_users: int, width: int) -> bool:
    """Whether AdamW over the whole table would hold more than DENSE_LIMIT."""
    return 16 * n_users * width > DENSE_LIMIT


class RowTable(nn.Module):
    """Stands where an nn.Embedding would; its weight is no parameter and follows no move to a device."""

    def __init__(self, n_rows: int, width: int) -> None:
        super().__init__()
        self.weight = torch.zeros(n_rows, width)
        self.n_met = torch.zeros(n_rows, dtype=torch.int64)
        self.square = torch.zeros(n_rows)
        self._lent: list[tuple[torch.Tensor, torch.Tensor]] = []

    @property
    def num_embeddings(self) -> int:
        return len(self.weight)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """(B,) rows to (B, D) vectors on the rows' device; in training their gradients are kept for `step`."""
        on_host = rows.cpu()
        vectors = self.weight[on_host].to(rows.device)
        if self.training and torch.is_grad_enabled():
            vectors.requires_grad_()
            self._lent.append((on_host, vectors))
        return vectors

    def gradients(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The rows met since the last call, each once and without the unknown user, and their gradients (n, D)."""
        lent, self._lent = self._lent, []
        met = [(rows, vectors.grad.cpu()) for rows, vectors in lent if vectors.grad is not None]
        if not met:
            return torch.zeros(0, dtype=torch.int64), torch.zeros(0, self.weight.shape[1])
        rows, place = torch.cat([rows for rows, _ in met]).unique(return_inverse=True)
        found = torch.zeros(len(rows), self.weight.shape[1])
        found.index_add_(0, place, torch.cat([gradients for _, gradients in met]))
        known = rows != UNKNOWN
        return rows[known], found[known]

    @torch.no_grad()
    def step(self, rows: torch.Tensor, gradients: torch.Tensor, rate: float) -> None:
        """Move the rows against their gradients, each by about `rate` a number."""
        n_met = self.n_met[rows] + 1
        square = _DECAY * self.square[rows] + (1 - _DECAY) * gradients.square().mean(dim=1)
        self.n_met[rows], self.square[rows] = n_met, square
        unbiased = square / (1 - _DECAY ** n_met.to(torch.float32))
        self.weight[rows] -= rate * gradients / (unbiased.sqrt() + _EPSILON)[:, None]
