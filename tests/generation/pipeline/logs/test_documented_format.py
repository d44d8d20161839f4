"""The example of docs/add-a-log-format.md is run as it stands there."""

import re
from pathlib import Path

import pytest

from generation.pipeline.logs.corpus import read_corpus, write_corpus
from generation.pipeline.logs.rejected import ImportRefused

PAGE = Path(__file__).resolve().parents[4] / "docs" / "add-a-log-format.md"


@pytest.fixture
def load():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    namespace = {"__name__": "tsv"}
    exec(compile(code, str(PAGE), "exec"), namespace)  # noqa: S102  our own page
    return namespace["load"]


def test_the_documented_format_reads_its_files_and_names_bad_rows(tmp_path, load):
    (tmp_path / "titles.tsv").write_text("a\tMatrix, The (1999)\nb\tAlien (1979)\n")
    (tmp_path / "visits.tsv").write_text("u\ta\t10\nu\tb\tlate\nu\n\tb\t20\nv\tb\t5\n")
    log = load(folder=tmp_path)
    summary = write_corpus(log, tmp_path / "corpus", max_rejected_share=0.6)
    assert [(row.line, row.field) for row in summary.rejected] == [(2, "time"), (3, "row"), (4, "user")]
    corpus = read_corpus(tmp_path / "corpus")
    assert [item.label for item in corpus.items] == ["The Matrix (1999)", "Alien (1979)"]
    assert list(corpus.users) == ["u", "v"]


def test_the_documented_format_refuses_a_missing_file(tmp_path, load):
    with pytest.raises(ImportRefused, match=r"titles\.tsv: the file is missing"):
        write_corpus(load(folder=tmp_path), tmp_path / "corpus")
