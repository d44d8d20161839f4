import numpy as np
import torch

from generation.pipeline.student.batches import (
    IGNORED,
    by_length,
    collate,
    cut_to_shown,
    epoch,
)
from generation.pipeline.student.pairs import DistilledPair, make_tokenizer
from tests.generation.pipeline.films import case
from tests.generation.pipeline.student.small import config, pairs

PAIRS = pairs(40)
TOKENIZER = make_tokenizer(config(), PAIRS)


def test_padding_is_masked_in_the_prompt_and_ignored_in_the_loss() -> None:
    some = [
        DistilledPair(case("Alien (1979)"), "Short text."),
        DistilledPair(case("Alien (1979)", "Heat (1995)"), "A longer text about Heat (1995)."),
    ]
    batch = collate(some, users={"u1": 1}, config=config(), tokenizer=TOKENIZER)
    n_pad = int((batch.input_ids[0] == TOKENIZER.pad).sum())
    assert n_pad > 0
    assert batch.attention_mask[0].tolist() == [1] * (batch.input_ids.shape[1] - n_pad) + [0] * n_pad
    assert batch.labels[0].tolist().count(IGNORED) > 0
    assert TOKENIZER.pad not in batch.labels
    kept = [number for number in batch.labels[0].tolist() if number != IGNORED]
    assert kept[-1] == TOKENIZER.eos
    assert TOKENIZER.decode(kept) == "Short text."


def test_a_user_without_a_row_is_the_unknown_user() -> None:
    batch = collate(PAIRS[:4], users={"u1": 1, "u3": 2}, config=config(), tokenizer=TOKENIZER)
    assert batch.user_rows.tolist() == [1, 0, 2, 0]


def test_noise_hides_users_and_turns_histories_around_only_in_training() -> None:
    noisy = config(user_dropout=0.5, shuffle_history=True)
    users = {f"u{i}": i for i in range(1, 5)}
    plain = collate(PAIRS, users=users, config=noisy, tokenizer=TOKENIZER)
    noise = collate(PAIRS, users=users, config=noisy, tokenizer=TOKENIZER, rng=np.random.default_rng(0))
    assert (plain.user_rows > 0).all()
    assert 8 <= int((noise.user_rows == 0).sum()) <= 32
    assert not torch.equal(plain.input_ids, noise.input_ids)
    assert torch.equal(plain.input_ids.sort(dim=1).values, noise.input_ids.sort(dim=1).values)


def test_shuffling_cannot_bring_back_a_title_that_was_not_shown() -> None:
    pair = DistilledPair(case("Alien (1979)", "Heat (1995)", "Fargo (1996)"), "A text.")
    cut = cut_to_shown(pair, config(max_titles=2), TOKENIZER)
    assert [past.title for past in cut.case.history] == ["Heat", "Fargo"]
    assert cut.case.id == pair.case.id


def test_an_epoch_has_every_pair_once_and_neighbours_in_length_together() -> None:
    lengths = np.random.default_rng(0).integers(10, 200, 1000)
    batches = epoch(lengths, batch_size=32, rng=np.random.default_rng(1))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    assert max(map(len, batches)) == 32
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < np.ptp(lengths) / 4
    other = epoch(lengths, batch_size=32, rng=np.random.default_rng(2))
    assert [b.tolist() for b in batches] != [b.tolist() for b in other]


def test_the_longest_come_first() -> None:
    assert list(by_length([3, 9, 5, 9], 2)) == [[1, 3], [2, 0]]
