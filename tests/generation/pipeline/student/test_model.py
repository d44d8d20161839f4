"""Equation 5 and what follows from it, on random weights: nothing here depends on training going well."""

import pytest
import torch

from generation.pipeline.student.model import Student, build, padded_right
from tests.generation.pipeline import tiny
from tests.generation.pipeline.student.small import config

IDS = torch.tensor([[0, 11, 12, 13, 2], [0, 21, 22, 2, 1]])
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
LABELS = torch.tensor([[31, 32, 2], [33, 2, -100]])


@pytest.fixture
def student() -> Student:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(config(copy_init=False), vocab_size=400, n_users=3).eval()
        with torch.no_grad():
            model.users.weight[1:].normal_(0, 1)  # type: ignore[union-attr]
    return model


def logits(
    model: Student, rows: list[int], ids: torch.Tensor = IDS, mask: torch.Tensor = MASK
) -> torch.Tensor:
    """For the last `len(ids)` rows of LABELS."""
    with torch.no_grad():
        out = model(
            input_ids=ids, attention_mask=mask, user_rows=torch.tensor(rows), labels=LABELS[-len(ids) :]
        )
    found: torch.Tensor = out.logits
    return found


def test_the_unknown_user_is_no_user_exactly(student: Student) -> None:
    plain = student.bart(input_ids=IDS, attention_mask=MASK, labels=LABELS, use_cache=False).logits
    assert torch.equal(logits(student, [0, 0]), plain)
    without = Student(student.bart, None)
    assert torch.equal(logits(without, [1, 2]), plain)
    assert without.users is None


def test_a_user_changes_the_words_and_only_their_own(student: Student) -> None:
    one, other = logits(student, [1, 2]), logits(student, [3, 2])
    assert (one[0] - other[0]).abs().max() > 1e-3
    assert torch.allclose(one[1], other[1], atol=1e-6)


def test_the_users_vector_is_added_to_every_token(student: Student) -> None:
    assert student.users is not None
    embedded = student.embed(IDS, torch.tensor([2, 0]))
    tokens = student.bart.get_input_embeddings()(IDS)
    assert torch.allclose(embedded[0] - tokens[0], student.users.weight[2].expand(5, -1), atol=1e-6)
    assert torch.equal(embedded[1], tokens[1])


def test_padding_on_either_side_changes_nothing(student: Student) -> None:
    alone = logits(student, [1], IDS[1:, :4], MASK[1:, :4])
    right = logits(student, [2, 1])[1:]
    left_ids = torch.tensor([[0, 11, 12, 13, 2], [1, 0, 21, 22, 2]])
    left_mask = torch.tensor([[1, 1, 1, 1, 1], [0, 1, 1, 1, 1]])
    left = logits(student, [2, 1], left_ids, left_mask)[1:]
    wide = torch.nn.functional.pad(IDS[1:], (3, 4), value=1), torch.nn.functional.pad(MASK[1:], (3, 4))
    assert torch.allclose(right, alone, atol=1e-5)
    assert torch.equal(left, right)
    assert torch.allclose(logits(student, [1], *wide), alone, atol=1e-5)


def test_moving_the_padding_keeps_the_order_of_the_tokens() -> None:
    ids, mask = padded_right(
        torch.tensor([[1, 1, 7, 8], [5, 1, 6, 1]]), torch.tensor([[0, 0, 1, 1], [1, 0, 1, 0]])
    )
    assert ids.tolist() == [[7, 8, 1, 1], [5, 6, 1, 1]]
    assert mask.tolist() == [[1, 1, 0, 0], [1, 1, 0, 0]]


def test_the_unknown_users_row_gets_no_gradient(student: Student) -> None:
    assert student.users is not None
    loss = student(input_ids=IDS, attention_mask=MASK, user_rows=torch.tensor([0, 2]), labels=LABELS).loss
    loss.backward()
    assert student.users.weight.grad is not None
    assert student.users.weight.grad[0].abs().sum() == 0
    assert student.users.weight.grad[2].abs().sum() > 0
    assert student.users.weight.grad[1].abs().sum() == 0


def test_fresh_user_vectors_are_as_quiet_as_barts_own() -> None:
    model = build(config(d_model=64), vocab_size=400, n_users=2000)
    assert model.users is not None
    assert model.users.weight[0].abs().sum() == 0
    assert 0.019 < float(model.users.weight[1:].detach().std()) < 0.021


def test_a_copying_start_passes_tokens_through_and_takes_said_ones_out() -> None:
    shape = config(say_once_init=True)
    layer = build(shape, vocab_size=400, n_users=1).bart.get_decoder().layers[-1]
    states = torch.randn(1, 1, shape.d_model, generator=torch.Generator().manual_seed(0))
    looked_at = layer.encoder_attn(states, key_value_states=states)[0]
    said = layer.self_attn(states)[0]
    assert torch.allclose(looked_at, states, atol=1e-5)
    assert torch.allclose(said, -states, atol=1e-5)


def test_a_pretrained_bart_starts_where_it_was_saved(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tiny.save_bart(tmp_path)
    shape = config(pretrained=str(path), title_tokens=False, copy_init=False, max_prompt_tokens=200)
    model = build(shape, vocab_size=500, n_users=2).eval()
    with torch.no_grad():
        plain = model.bart(input_ids=IDS, attention_mask=MASK, labels=LABELS, use_cache=False).logits
    assert torch.equal(logits(model, [0, 0]), plain)
    with pytest.raises(ValueError, match="501 tokens and"):
        build(shape, vocab_size=501, n_users=2)
