"""The student's tokenizer: a byte BPE trained on the corpus, or the one a pretrained BART came with."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
SPECIAL = (BOS, PAD, EOS, UNK, MASK)
"""In BART's own order, so that a fresh student has BART's ids 0 to 3."""


class StudentTokenizer:
    """Text to ids and back. A whole-title token swallows the space before it and gives it back."""

    def __init__(self, backend: Tokenizer, titles: Sequence[str] = ()) -> None:
        self.backend = backend
        self.backend.no_padding()
        self.backend.no_truncation()
        self.bos, self.pad, self.eos = (self._id(token) for token in (BOS, PAD, EOS))
        self.title_ids = {self._id(title): title for title in titles}
        """Token id -> title, for the titles that are one token."""

    def __len__(self) -> int:
        return int(self.backend.get_vocab_size(with_added_tokens=True))

    def _id(self, token: str) -> int:
        number = self.backend.token_to_id(token)
        if number is None:
            raise ValueError(
                f"the tokenizer has no token {token!r}; a BART tokenizer has {', '.join(SPECIAL)}"
            )
        return int(number)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """`<s> text </s>` as ids, one list a text, nothing cut."""
        encodings = self.backend.encode_batch(list(texts), add_special_tokens=False)
        return [[self.bos, *encoding.ids, self.eos] for encoding in encodings]

    def count(self, text: str) -> int:
        """Tokens of `<s> text </s>`."""
        return len(self.backend.encode(text, add_special_tokens=False).ids) + 2

    def decode(self, ids: Iterable[int]) -> str:
        """Text up to the first </s>, special tokens left out."""
        text, run = "", list[int]()
        for number in ids:
            if number in (self.bos, self.pad):
                continue
            if number == self.eos:
                if text or run:
                    break
                continue  # BART's decoder starts with </s>
            if number in self.title_ids:
                text += self._plain(run)
                run = []
                text += self.title_ids[number] if _opens(text) else " " + self.title_ids[number]
            else:
                run.append(number)
        return (text + self._plain(run)).strip()

    def _plain(self, run: list[int]) -> str:
        return str(self.backend.decode(run, skip_special_tokens=True)) if run else ""

    def save(self, path: Path) -> None:
        self.backend.save(str(path))

    @classmethod
    def load(cls, path: Path, titles: Sequence[str] = ()) -> "StudentTokenizer":
        return cls(Tokenizer.from_file(str(path)), titles)


def train_tokenizer(texts: Iterable[str], *, vocab_size: int, titles: Sequence[str] = ()) -> StudentTokenizer:
    """A byte BPE of at most `vocab_size` tokens plus one for each of `titles`; the same texts give the
    same ids."""
    backend = Tokenizer(models.BPE(unk_token=UNK))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    known = sorted({title for title in titles if title.strip()})
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        min_frequency=2,
    )
    backend.train_from_iterator(without_titles(texts, known), trainer)
    # single_word keeps "Alien" out of "Aliens"; the matcher prefers the longest title that fits.
    backend.add_tokens([AddedToken(t, single_word=True, lstrip=True, normalized=False) for t in known])
    return StudentTokenizer(backend, [t for t in known if backend.token_to_id(t) is not None])


def pretrained_tokenizer(path: str) -> StudentTokenizer:
    """The fast tokenizer beside a pretrained BART."""
    from transformers import AutoTokenizer

    return StudentTokenizer(AutoTokenizer.from_pretrained(path, use_fast=True).backend_tokenizer)


def without_titles(texts: Iterable[str], titles: list[str]) -> Iterable[str]:
    """The texts with whole titles cut out: merges are for the words between them."""
    known = [title for title in titles if title]
    if not known:
        return texts
    length = min(PREFIX, *map(len, known))
    starting: dict[str, list[str]] = {}
    for title in sorted(known, key=len, reverse=True):
        starting.setdefault(title[:length], []).append(title)
    return (_cut(text, starting, length) for text in texts)


PREFIX = 8
"""Letters by which titles are looked up: an alternation of ten thousand titles would be tried at each letter."""


def _cut(text: str, starting: dict[str, list[str]], length: int) -> str:
    kept, begin, place = [], 0, 0
    while place < len(text):
        for title in starting.get(text[place : place + length], ()):
            if text.startswith(title, place):
                kept.append(text[begin:place])
                place += len(title)
                begin = place
                break
        else:
            place += 1
    return " ".join([*kept, text[begin:]])


def _opens(text: str) -> bool:
    """Whether what follows `text` needs no space before it."""
    return not text or text[-1].isspace() or text[-1] in "(“‘[\"'"
