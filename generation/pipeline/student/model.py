"""BART with a user embedding, whole: the paper's equation 5 and nothing else on top of transformers' BART."""

from typing import Any

import torch
from torch import nn
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig, LogitsProcessorList
from transformers.modeling_outputs import Seq2SeqLMOutput

from generation.pipeline.sampling import only, without_bars
from generation.pipeline.student.config import StudentConfig
from generation.pipeline.student.row_table import RowTable, is_large
from generation.pipeline.student.user_table import UNKNOWN_USER, MappedEmbedding, UserTable

__all__ = ["UNKNOWN_USER", "Student", "build"]


class Student(nn.Module):
    """B rows, S prompt tokens, T explanation tokens, D wide, V tokens in the vocabulary, U users with a
    row."""

    def __init__(
        self, bart: BartForConditionalGeneration, n_users: int | None, *, by_rows: bool = False
    ) -> None:
        """`n_users` is None for the ablation without a user table, else how many users have a row beside
        row 0; `by_rows` keeps them in a RowTable."""
        super().__init__()
        self.bart = bart
        self.users: nn.Embedding | RowTable | MappedEmbedding | None = None
        if n_users is not None:
            # padding_idx keeps row 0 out of the gradient. N(0, 1), the default, would drown the tokens.
            width = bart.config.d_model
            if by_rows:
                self.users = RowTable(n_users + 1, width)
            else:
                self.users = nn.Embedding(n_users + 1, width, padding_idx=UNKNOWN_USER)  # (U+1, D)
            with torch.no_grad():
                self.users.weight.normal_(0.0, bart.config.init_std)
                self.users.weight[UNKNOWN_USER].zero_()

    @classmethod
    def over(cls, bart: BartForConditionalGeneration, table: UserTable | None) -> "Student":
        """A trained student whose user table stays on the disk; None for the ablation."""
        student = cls(bart, None)
        student.users = None if table is None else MappedEmbedding(table)
        return student

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def embed(self, input_ids: torch.Tensor, user_rows: torch.Tensor) -> torch.Tensor:
        """Equation 5: the user's vector is added to every token of the prompt, <s> and </s> too.

        Args:
            input_ids: (B, S).
            user_rows: (B,), 0 for the unknown user; not read by a student without users.
        """
        tokens: torch.Tensor = self.bart.get_input_embeddings()(
            input_ids
        )  # (B, S, D), already scaled by BART
        if self.users is None:
            return tokens
        vectors: torch.Tensor = self.users(user_rows)  # (B, D)
        return tokens + vectors[:, None, :]  # (B, S, D)

    def forward(
        self,
        *,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        user_rows: torch.Tensor,
        labels: torch.Tensor | None = None,
        decoder_input_ids: torch.Tensor | None = None,
    ) -> Seq2SeqLMOutput:
        """Logits (B, T, V), and the mean cross-entropy of equation 6 where labels (B, T; -100 ignored)
        are given."""
        input_ids, attention_mask = padded_right(input_ids, attention_mask)
        return self.bart(
            inputs_embeds=self.embed(input_ids, user_rows),
            attention_mask=attention_mask,
            labels=labels,
            decoder_input_ids=decoder_input_ids,
            use_cache=False,
        )

    @torch.no_grad()
    def generate(
        self,
        *,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        user_rows: torch.Tensor,
        generation_config: GenerationConfig,
        logits_processor: LogitsProcessorList,
    ) -> torch.Tensor:
        """Token ids (B, <= 1 + max_new_tokens), the decoder's start token first."""
        input_ids, attention_mask = padded_right(input_ids, attention_mask)
        with only(self.bart, generation_config):
            ids: torch.Tensor = self.bart.generate(
                inputs_embeds=self.embed(input_ids, user_rows),
                attention_mask=attention_mask,
                generation_config=generation_config,
                logits_processor=logits_processor,
            )
        return ids


def padded_right(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Move the padding of each row behind its tokens: BART counts positions from the left edge, so padding
    on the left would otherwise shift every token. Both (B, S), and so the results."""
    if bool((attention_mask[:, :-1] >= attention_mask[:, 1:]).all()):
        return input_ids, attention_mask
    order = torch.argsort(1 - attention_mask, dim=1, stable=True)  # tokens first, in their own order
    return input_ids.gather(1, order), attention_mask.gather(1, order)


def build(config: StudentConfig, *, vocab_size: int, n_users: int) -> Student:
    """A student to train: a fresh BART of the configured size, or the pretrained one.

    Args:
        vocab_size: tokens the tokenizer knows; a pretrained BART must know as many or more.
        n_users: users with training pairs; not used by a student without users.
    """
    bart = _pretrained_bart(config, vocab_size) if config.pretrained else _fresh_bart(config, vocab_size)
    if config.copy_init:
        start_by_copying(bart)
    if config.say_once_init:
        start_by_saying_once(bart)
    by_rows = config.user_optimiser == "rows" or (
        config.user_optimiser == "auto" and is_large(n_users, bart.config.d_model)
    )
    return Student(bart, n_users if config.with_user else None, by_rows=by_rows)


def bart_config(config: StudentConfig, vocab_size: int) -> BartConfig:
    return BartConfig(
        vocab_size=vocab_size,
        d_model=config.d_model,
        encoder_layers=config.layers,
        decoder_layers=config.layers,
        encoder_attention_heads=config.heads,
        decoder_attention_heads=config.heads,
        encoder_ffn_dim=config.ffn_dim,
        decoder_ffn_dim=config.ffn_dim,
        max_position_embeddings=config.max_positions,
        dropout=config.dropout,
        attention_dropout=0.0,
        activation_dropout=0.0,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=None,
    )


def _fresh_bart(config: StudentConfig, vocab_size: int) -> BartForConditionalGeneration:
    return BartForConditionalGeneration._from_config(
        bart_config(config, vocab_size), attn_implementation=config.attention
    )


def _pretrained_bart(config: StudentConfig, vocab_size: int) -> BartForConditionalGeneration:
    with without_bars():
        bart = BartForConditionalGeneration.from_pretrained(
            config.pretrained, attn_implementation=config.attention, dtype=torch.float32
        )
    if vocab_size > bart.config.vocab_size:
        raise ValueError(
            f"the tokenizer has {vocab_size} tokens and {config.pretrained} embeds {bart.config.vocab_size}: "
            "give the tokenizer that belongs to this BART"
        )
    if config.max_prompt_tokens > bart.config.max_position_embeddings:
        raise ValueError(
            f"max_prompt_tokens={config.max_prompt_tokens}, but {config.pretrained} reaches only "
            f"{bart.config.max_position_embeddings} positions"
        )
    return bart


def start_by_copying(bart: BartForConditionalGeneration) -> None:
    """Value and output projections of the last cross-attention become the identity, in place.

    With tied embeddings the decoder then begins by naming the token it looks at. Without it a small student
    invents more titles than its teacher (docs/lab-notebook.md).
    """
    _pass_through(bart.get_decoder().layers[-1].encoder_attn, 1.0)


def start_by_saying_once(bart: BartForConditionalGeneration) -> None:
    """Value and output projections of the last self-attention become the identity and its negative, in place.

    The decoder then begins by taking what it has already said out of what it is about to say. Without it
    a small
    copying student names the same film twice in about half of its texts (docs/lab-notebook.md).
    """
    _pass_through(bart.get_decoder().layers[-1].self_attn, -1.0)


def _pass_through(attention: Any, sign: float) -> None:
    with torch.no_grad():
        for projection, factor in ((attention.v_proj, 1.0), (attention.out_proj, sign)):
            projection.weight.copy_(factor * torch.eye(projection.weight.shape[0]))
            projection.bias.zero_()
