import pytest
import torch

from generation.pipeline.records import Decoding
from generation.pipeline.sampling import UnsupportedDecoding, generation_config, processors
from generation.pipeline.student.decoding import explain, write
from generation.pipeline.student.model import Student, build
from generation.pipeline.student.pairs import make_tokenizer
from generation.pipeline.student.tokenizer import StudentTokenizer, train_tokenizer
from tests.generation.pipeline.films import FILMS, cases
from tests.generation.pipeline.student.small import config, pairs

PROMPTS = [
    f"Explain: {one.item.label} | Watched: {one.history[0].label}" + " and" * (i % 5)
    for i, one in enumerate(cases(9))
]
ROWS = [0, 1, 2] * 3
GREEDY = Decoding(max_new_tokens=10)


@pytest.fixture(scope="module")
def tokenizer() -> StudentTokenizer:
    return make_tokenizer(config(), pairs(60), FILMS)


@pytest.fixture(scope="module")
def student(tokenizer: StudentTokenizer) -> Student:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build(config(), vocab_size=len(tokenizer), n_users=2)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.3)
    with torch.no_grad():
        model.users.weight[0].zero_()  # type: ignore[union-attr]
    return model


@pytest.mark.parametrize(
    "decoding",
    [
        GREEDY,
        Decoding(max_new_tokens=10, num_beams=3),
        Decoding(max_new_tokens=10, do_sample=True, top_p=0.9),
    ],
    ids=["greedy", "beams", "sampled"],
)
def test_order_and_batch_size_change_no_text(
    student: Student, tokenizer: StudentTokenizer, decoding: Decoding
) -> None:
    whole = explain(student, tokenizer, PROMPTS, ROWS, decoding, batch_size=9)
    backwards = explain(student, tokenizer, PROMPTS[::-1], ROWS[::-1], decoding, batch_size=2)
    assert whole == backwards[::-1]
    assert len(set(whole)) > 2


def test_sampling_is_the_distribution_it_says(student: Student, tokenizer: StudentTokenizer) -> None:
    """First tokens of many draws, against the softmax the network gives."""
    ids = torch.tensor(tokenizer.encode(PROMPTS[:1]))
    with torch.no_grad():
        logits = student.eval()(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            user_rows=torch.tensor([1]),
            decoder_input_ids=torch.tensor([[2]]),
        ).logits[0, -1]
    hot = Decoding(max_new_tokens=1, do_sample=True, temperature=4.0)
    likely = int((logits / 4.0).softmax(0).argmax())
    wanted = float((logits / 4.0).softmax(0)[likely])
    n = 600
    draw = processors(hot, [str(i) for i in range(n)], seed=0)
    first = draw(torch.full((n, 1), 2), logits.expand(n, -1)).argmax(dim=1)
    share = float((first == likely).float().mean())
    assert abs(share - wanted) < 4 * (wanted * (1 - wanted) / n) ** 0.5


def test_no_film_is_named_twice_where_that_is_asked(student: Student, tokenizer: StudentTokenizer) -> None:
    title = next(iter(tokenizer.title_ids))
    with torch.no_grad():
        student.bart.final_logits_bias[0, list(tokenizer.title_ids)] += 50.0
        student.bart.final_logits_bias[0, title] += 50.0
    try:
        free = explain(student, tokenizer, PROMPTS, ROWS, GREEDY)
        once = explain(student, tokenizer, PROMPTS, ROWS, Decoding(max_new_tokens=10, no_repeat_titles=True))
    finally:
        with torch.no_grad():
            student.bart.final_logits_bias.zero_()
    label = tokenizer.title_ids[title]
    assert all(text.count(label) > 1 for text in free)
    for text in once:
        named = [tokenizer.title_ids[i] for i in tokenizer.encode([text])[0] if i in tokenizer.title_ids]
        assert len(named) == len(set(named)) == 10


def test_nothing_is_inherited_from_a_checkpoints_own_defaults(
    student: Student, tokenizer: StudentTokenizer
) -> None:
    plain = explain(student, tokenizer, PROMPTS, ROWS, GREEDY)
    own = student.bart.generation_config
    before = own.to_dict()
    own.num_beams, own.no_repeat_ngram_size, own.max_length = 4, 3, 20
    own.forced_bos_token_id, own.forced_eos_token_id, own.repetition_penalty = 0, 2, 3.0
    try:
        assert explain(student, tokenizer, PROMPTS, ROWS, GREEDY) == plain
    finally:
        student.bart.generation_config = type(own).from_dict(before)
    config = generation_config(GREEDY, bos=0, pad=1, eos=2, start=2)
    assert (config.num_beams, config.do_sample, config.max_new_tokens) == (1, False, 10)


def test_a_text_cut_at_the_limit_says_so(student: Student, tokenizer: StudentTokenizer) -> None:
    cut = write(student, tokenizer, PROMPTS, ROWS, Decoding(max_new_tokens=4, min_new_tokens=4))
    assert {one.finished for one in cut} == {False}


def test_what_cannot_be_promised_is_refused(student: Student, tokenizer: StudentTokenizer) -> None:
    spelling = train_tokenizer(PROMPTS, vocab_size=400)
    with pytest.raises(UnsupportedDecoding, match="token a title"):
        explain(student, spelling, PROMPTS, ROWS, Decoding(no_repeat_titles=True))
    with pytest.raises(UnsupportedDecoding, match="use 1 beam"):
        explain(student, tokenizer, PROMPTS, ROWS, Decoding(do_sample=True, num_beams=2))
    with pytest.raises(ValueError, match="row 7 is outside the table of 3 rows"):
        explain(student, tokenizer, PROMPTS[:1], [7], GREEDY)
    with pytest.raises(ValueError, match="one row a prompt"):
        explain(student, tokenizer, PROMPTS, [0], GREEDY)
