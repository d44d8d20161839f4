"""Everything that shapes a student and its training, in one frozen record that travels with the
checkpoint."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal


class BadConfig(ValueError):
    """Parameters that contradict each other, or that no training can follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentConfig:
    """The paper's student unless told otherwise: BART with a user vector added to every encoder token."""

    pretrained: str = ""
    """Path or hub name of a BART to start from; empty builds a fresh one of the sizes below."""
    d_model: int = 128
    """Width of token and user vectors (fresh BART only)."""
    layers: int = 2
    """Layers of the encoder, and as many of the decoder (fresh BART only)."""
    heads: int = 4
    """Attention heads a layer; must divide `d_model` (fresh BART only)."""
    ffn_dim: int = 512
    """Width of the feed-forward layers (fresh BART only)."""
    max_positions: int = 512
    """Longest prompt or explanation the positions reach, in tokens (fresh BART only)."""
    vocab_size: int = 2000
    """Size of the byte BPE trained on the corpus, whole titles not counted (fresh BART only)."""
    title_tokens: bool = False
    """Give every known title one token of its own: a small student then copies films instead of spelling
    them."""
    copy_init: bool = False
    """Start the last cross-attention as the identity, so that a fresh decoder begins by copying what it
    looks at."""
    say_once_init: bool = False
    """Start the last self-attention as the negative identity: a fresh decoder begins by not repeating
    itself."""
    dropout: float = 0.0
    """Dropout inside a fresh BART; a pretrained one keeps its own."""
    attention: Literal["eager", "sdpa"] = "eager"
    """Attention kernel; eager is the faster one for short sequences under bf16 on a CPU."""

    with_user: bool = True
    """False trains the ablation: a student that never had a user table."""
    user_dropout: float = 0.0
    """Share of training rows whose user is hidden, so that the unknown user is no stranger; 0 is the
    paper."""
    shuffle_history: bool = False
    """Show each history in a new order at every step, so that position says nothing; False is the paper."""

    prompt_version: str = "compact-v1"
    """Which prompt the student reads, in training and ever after."""
    max_titles: int = 0
    """Newest titles shown at most; 0 shows all that fit."""
    max_prompt_tokens: int = 400
    """Oldest titles are dropped until a prompt fits; the template is never cut."""
    max_target_tokens: int = 96
    """Explanations longer than this are left out of training, and counted."""

    learning_rate: float = 3e-5
    """Peak AdamW rate of the backbone."""
    user_learning_rate: float = 1e-3
    """Peak AdamW rate of the user table, which sees each row far less often."""
    weight_decay: float = 0.01
    """For the backbone's matrices; the user table has none, so that quiet users are not pulled to the
    unknown one."""
    user_optimiser: Literal["auto", "dense", "rows"] = "auto"
    """dense is AdamW, with two moments a number; rows keeps two numbers a user and touches a batch's users alone
    (row_table.py). auto takes rows where dense would hold more than two gigabytes."""
    batch_size: int = 32
    """Distilled pairs a step."""
    accumulate: int = 1
    """Parts a batch is learned in, one after the other, where it does not fit into memory whole. The step is that of
    the whole batch, since parts weigh by their tokens."""
    max_epochs: int = 3
    """Times the training pairs are gone through at most."""
    max_steps: int = 0
    """Steps at most; 0 leaves it to `max_epochs`."""
    warmup: float = 0.05
    """Share of the steps over which the rates climb; they then fall in a line to a twentieth of the peak."""
    clip_norm: float = 1.0
    """Longest gradient allowed (global norm); 0 does not clip."""
    valid_every: int = 0
    """Steps between looks at the validation loss; 0 looks once an epoch."""
    patience: int = 3
    """Stop after this many looks without a better validation loss; 0 never stops early."""
    checkpoint_every: int = 0
    """Steps between resumable states; 0 writes one at each look at the validation loss."""
    max_seconds: float = 0.0
    """Stop, and keep the best weights, after this many seconds of processor time; 0 sets no limit."""
    precision: Literal["auto", "fp32", "bf16"] = "fp32"
    """bf16 runs the matrix products in bfloat16; weights and optimiser stay fp32. auto takes bf16 where the
    processor multiplies in it, and fp32 where it would have to pretend, ten times slower."""

    def __post_init__(self) -> None:
        refusals = [words for broken, words in self._contradictions() if broken]
        if refusals:
            raise BadConfig("; ".join(refusals))

    def _contradictions(self) -> list[tuple[bool, str]]:
        whole = (
            "d_model",
            "layers",
            "heads",
            "ffn_dim",
            "max_positions",
            "batch_size",
            "accumulate",
            "max_epochs",
        )
        sizes: list[tuple[bool, str]] = [
            (getattr(self, name) < 1, f"{name} must be at least 1, not {getattr(self, name)}")
            for name in whole
        ]
        return [
            *sizes,
            (
                self.heads > 0 and self.d_model % self.heads != 0,
                f"heads={self.heads} does not divide d_model={self.d_model}",
            ),
            (self.vocab_size < 300, f"a byte BPE needs vocab_size of at least 300, not {self.vocab_size}"),
            (
                bool(self.pretrained) and (self.title_tokens or self.copy_init or self.say_once_init),
                "title_tokens, copy_init, say_once_init belong to a fresh BART; leave them off with pretrained",
            ),
            (
                not self.with_user and self.user_dropout > 0,
                "user_dropout without a user table: set with_user or drop it",
            ),
            (not 0 <= self.user_dropout < 1, f"user_dropout is a share below 1, not {self.user_dropout}"),
            (not 0 <= self.dropout < 1, f"dropout is a share below 1, not {self.dropout}"),
            (not 0 <= self.warmup < 1, f"warmup is a share below 1, not {self.warmup}"),
            (self.learning_rate <= 0 or self.user_learning_rate <= 0, "learning rates must be above 0"),
            (
                self.accumulate > self.batch_size,
                f"accumulate={self.accumulate} makes more parts than batch_size={self.batch_size} has pairs",
            ),
            (
                not self.pretrained and self.max_prompt_tokens > self.max_positions,
                f"max_prompt_tokens={self.max_prompt_tokens} is beyond max_positions={self.max_positions}",
            ),
            (
                not self.pretrained and self.max_target_tokens > self.max_positions,
                f"max_target_tokens={self.max_target_tokens} is beyond max_positions={self.max_positions}",
            ),
        ]

    @classmethod
    def demo(cls, **changes: Any) -> "StudentConfig":
        """About a minute of one core on the built-in corpus; what was tried is in docs/lab-notebook.md."""
        from generation.pipeline.student.recipe import DEMO

        return cls(**{**DEMO, **changes})

    @classmethod
    def paper(cls, path: str, **changes: Any) -> "StudentConfig":
        """BART-base from `path`; the paper publishes no rates, these are the design's defaults."""
        return cls(**{"pretrained": path, "max_prompt_tokens": 1000, "max_positions": 1024, **changes})

    @classmethod
    def base(cls, **changes: Any) -> "StudentConfig":
        """A BART of base's size from random weights: what a machine can do at real size, without a download."""
        from generation.pipeline.student.recipe import FRESH_BASE

        return cls(**{**FRESH_BASE, **changes})

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "StudentConfig":
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise BadConfig(f"unknown student parameters {unknown}; known are {sorted(known)}")
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
