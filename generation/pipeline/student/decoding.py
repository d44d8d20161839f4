"""From prompts to explanations with a trained student, every generation parameter explicit."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import LogitsProcessorList

from generation.pipeline.records import Decoding
from generation.pipeline.sampling import NoRepeatedTitle, check, generation_config, processors
from generation.pipeline.student.batches import by_length, pad
from generation.pipeline.student.model import Student
from generation.pipeline.student.tokenizer import StudentTokenizer


@dataclass(frozen=True, slots=True)
class Written:
    """One text as a network left it."""

    text: str
    finished: bool
    """False where the limit of new tokens cut it."""


def explain(
    model: Student,
    tokenizer: StudentTokenizer,
    prompts: Sequence[str],
    user_rows: Sequence[int],
    decoding: Decoding,
    *,
    seed: int = 0,
    batch_size: int = 32,
) -> list[str]:
    """The texts alone of `write`, in the order of the prompts."""
    written = write(model, tokenizer, prompts, user_rows, decoding, seed=seed, batch_size=batch_size)
    return [each.text for each in written]


def write(
    model: Student,
    tokenizer: StudentTokenizer,
    prompts: Sequence[str],
    user_rows: Sequence[int],
    decoding: Decoding,
    *,
    seed: int = 0,
    batch_size: int = 32,
) -> list[Written]:
    """One text a prompt, in the order of the prompts; batches are made of prompts of like length.

    Args:
        prompts: n texts, rendered for this student and within its positions.
        user_rows: n rows of the user table, 0 for the unknown user; a student without users reads none.
        seed: of the draws, where `decoding` samples.

    Raises:
        UnsupportedDecoding: `no_repeat_titles` with a tokenizer that spells titles.
        ValueError: lengths differ, or a row is outside the table.
    """
    check(decoding, title_tokens=bool(tokenizer.title_ids))
    check_rows(len(prompts), user_rows, None if model.users is None else model.users.num_embeddings)
    ids = tokenizer.encode(prompts)
    config = generation_config(
        decoding,
        bos=tokenizer.bos,
        pad=tokenizer.pad,
        eos=tokenizer.eos,
        start=model.bart.config.decoder_start_token_id,
    )
    texts: dict[int, Written] = {}
    was_training = model.training
    model.eval()
    for batch in by_length([len(row) for row in ids], batch_size):
        input_ids, mask = pad([ids[i] for i in batch], tokenizer.pad)
        steps = processors(decoding, [f"{user_rows[i]}:{prompts[i]}" for i in batch], seed=seed)
        if decoding.no_repeat_titles:
            ban = NoRepeatedTitle(list(tokenizer.title_ids), model.bart.config.vocab_size)
            steps = LogitsProcessorList([ban, *steps])
        out = model.generate(
            input_ids=input_ids.to(model.device),
            attention_mask=mask.to(model.device),
            user_rows=torch.tensor([user_rows[i] for i in batch], device=model.device),
            generation_config=config,
            logits_processor=steps,
        )
        for index, row in zip(batch, out[:, 1:].tolist(), strict=True):
            texts[index] = Written(tokenizer.decode(row), tokenizer.eos in row)
    model.train(was_training)
    return [texts[i] for i in range(len(prompts))]


def check_rows(n_prompts: int, user_rows: Sequence[int], n_rows: int | None) -> None:
    """Refuse rows that are not one a prompt, or outside a table of `n_rows`; None where there is no table."""
    if n_prompts != len(user_rows):
        raise ValueError(f"{n_prompts} prompts and {len(user_rows)} user rows: give one row a prompt")
    if n_rows is None:
        return
    beyond = [row for row in user_rows if not 0 <= row < n_rows]
    if beyond:
        raise ValueError(f"user row {beyond[0]} is outside the table of {n_rows} rows")
