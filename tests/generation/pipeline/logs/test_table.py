import gzip
import json
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.pipeline import logs
from generation.pipeline.logs import tabular
from generation.pipeline.logs.corpus import read_corpus, write_corpus
from generation.pipeline.logs.facts import describe
from generation.pipeline.logs.rejected import ImportRefused, Rejected
from generation.pipeline.logs.table import guess_columns
from generation.pipeline.logs.tabular import Table, tables_in
from generation.pipeline.records import Interaction, Item
from generation.pipeline.storable import fault_in

ROOT = Path(__file__).resolve().parents[4]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_FILE = {"user": "who", "item": "what", "timestamp": "when", "title": "called"}


def table(tmp_path, text, name="log.csv", **options):
    (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    return logs.load("table", folder=tmp_path, columns=ONE_FILE, **options)


def read(log):
    return [item for _, item in log.items()], [visit for _, visit in log.interactions()]


def test_one_csv_holds_interactions_and_what_their_items_are_called(tmp_path):
    rows = [
        "\ufeffwho;what;when;called;stars",
        'u;a;0;"Matrix, The (1999)";4',
        "v;a;60;;",
        "u;b;2020-01-31T10:00:00+01:00;Up;5",
    ]
    log = table(tmp_path, "\r\n".join(rows))
    log.choice.columns["rating"] = "stars"
    items, visits = read(log)
    assert items == [Item("a", "The Matrix", 1999), Item("b", "Up")]
    assert visits[:2] == [
        Interaction("u", "a", EPOCH, 4.0),
        Interaction("v", "a", EPOCH.replace(minute=1), None),
    ]
    assert visits[2].at.isoformat() == "2020-01-31T09:00:00+00:00"
    assert log.rejected.count() == 0


def test_milliseconds_are_known_by_their_size(tmp_path):
    _, visits = read(table(tmp_path, "who,what,when,called\nu,a,1580461200000,A\nu,a,1580461200.5,A\n"))
    assert [visit.at.isoformat() for visit in visits] == [
        "2020-01-31T09:00:00+00:00",
        "2020-01-31T09:00:00.500000+00:00",
    ]


def test_a_quoted_line_end_belongs_to_its_field_and_lines_are_counted_on(tmp_path):
    log = table(tmp_path, 'who,what,when,called\nu,a,0,"A\nB"\nu,a,late,A\nu,a\n')
    items, visits = read(log)
    assert items == [Item("a", "A B")]
    assert len(visits) == 1
    assert [(row.line, row.field, row.reason) for row in log.rejected.rows] == [
        (4, "when", "is no time"),
        (5, "row", "has 2 fields, not 4"),
    ]


def test_lines_that_an_open_quote_swallows_are_all_told(tmp_path):
    rows = "".join(f"u,a,{second},A\n" for second in range(50))
    log = table(tmp_path, f'who,what,when,called\nu,a,0,"A\n{rows}')
    assert list(log.interactions()) == []
    assert log.rejected.count() == 51


@pytest.mark.parametrize("kind", ["csv.gz", "jsonl", "parquet"])
def test_every_kind_of_file_reads_the_same(tmp_path, kind):
    frame = pd.DataFrame(
        {
            "who": ["u", "v"],
            "what": [1, 2],
            "when": pd.to_datetime(["2020-01-01", "2020-01-02"], utc=True),
            "called": ["Alien (1979)", "Up"],
        }
    )
    if kind == "csv.gz":
        with gzip.open(tmp_path / "log.csv.gz", "wt") as stream:
            frame.to_csv(stream, index=False)
    elif kind == "jsonl":
        whole = frame.assign(when=[1577836800, 1577923200])
        whole.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
    else:
        frame.to_parquet(tmp_path / "log.parquet")
    items, visits = read(logs.load("table", folder=tmp_path, columns=ONE_FILE))
    assert items == [Item("1", "Alien", 1979), Item("2", "Up")]
    assert [(visit.user, visit.item, visit.at.isoformat()[:10]) for visit in visits] == [
        ("u", "1", "2020-01-01"),
        ("v", "2", "2020-01-02"),
    ]


def test_two_files_are_told_apart_by_their_columns(tmp_path):
    (tmp_path / "a-films.csv").write_text(
        "movieId,title,genres,director,year\n7,M,Crime|Drama,Fritz Lang,1931\n"
    )
    (tmp_path / "visits.csv").write_text("userId,movieId,timestamp,text\n1,7,5,Fine.\n")
    columns = guess_columns(
        ["userId", "movieId", "timestamp", "text"], ["movieId", "title", "genres", "director", "year"]
    )
    log = logs.load("table", folder=tmp_path, columns=columns)
    assert (log.interactions_file, log.items_file) == ("visits.csv", "a-films.csv")
    items, visits = read(log)
    assert items == [Item("7", "M", 1931, ("Crime", "Drama"), ("Fritz Lang",))]
    assert visits == [Interaction("1", "7", EPOCH.replace(second=5), None, "Fine.")]
    assert write_corpus(log, tmp_path / "corpus").n_interactions == 1
    assert list(read_corpus(tmp_path / "corpus").users) == ["1"]


def test_ids_that_pandas_made_floats_are_whole_again(tmp_path):
    pd.DataFrame({"who": [1.0, 2.0], "what": ["a", "a"], "when": [0, 1], "called": ["A", "A"]}).to_parquet(
        tmp_path / "log.parquet"
    )
    _, visits = read(logs.load("table", folder=tmp_path, columns=ONE_FILE))
    assert [visit.user for visit in visits] == ["1", "2"]


@pytest.mark.parametrize(
    ("genres", "expected"),
    [
        ("Drama|War", ("Drama", "War")),
        ("Drama; War", ("Drama", "War")),
        ("Drama, War, Drama", ("Drama", "War")),
        ('["Drama", "War"]', ("Drama", "War")),
        ("[Drama]", ("[Drama]",)),
        ("", ()),
    ],
)
def test_names_may_stand_in_one_field_in_many_ways(tmp_path, genres, expected):
    quoted = genres.replace('"', '""')
    (tmp_path / "log.csv").write_text(f'who,what,when,called,kinds\nu,a,0,A,"{quoted}"\n')
    log = logs.load("table", folder=tmp_path, columns={**ONE_FILE, "genres": "kinds"})
    assert read(log)[0][0].genres == expected


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({**ONE_FILE, "user": "whom"}, "log.csv has no column 'whom', only who, what, when, called"),
        ({**ONE_FILE, "user": "what"}, "the column 'what' is used twice"),
        ({**ONE_FILE, "usr": "who"}, "a column cannot mean 'usr'"),
        ({"user": "who"}, "say which column of log.csv holds it: who, what, when, called"),
        ({**ONE_FILE, "catalogue_item": "what"}, "there is no file of items"),
    ],
)
def test_a_mapping_that_does_not_fit_names_the_columns_there_are(tmp_path, columns, message):
    (tmp_path / "log.csv").write_text("who,what,when,called\nu,a,0,A\n")
    with pytest.raises(ImportRefused, match=message):
        logs.load("table", folder=tmp_path, columns=columns)


def look_at_all(folder):
    for each in tables_in(folder):
        each.columns()
        list(each.rows(Rejected()))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("log.csv", b"", "it has no header"),
        ("log.csv", b"a,b,a\n1,2,3\n", "two columns are called 'a'"),
        ("log.csv", b"a,,b\n1,2,3\n", "a column of the header has no name"),
        ("log.csv", "name\nCafé\n".encode("latin-1"), "line 2 is not utf-8"),
        ("log.parquet", b"PAR1 and no more", "is no Parquet file"),
        ("log.parquet.gz", b"", "there is no table here"),
        ("log.jsonl", b"", "there is no row in it"),
        ("log.xlsx", b"", "there is no table here"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_reason(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImportRefused, match=message):
        look_at_all(tmp_path)


CELLS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), delimiter=st.sampled_from(",;\t|"))
def test_whatever_pandas_writes_is_read_back(tmp_path_factory, rows, delimiter):
    path = tmp_path_factory.mktemp("table") / "log.csv"
    pd.DataFrame(rows, columns=["user id", "item id"]).to_csv(path, sep=delimiter, index=False)
    read_back = [tuple(row.values()) for _, row in Table(path).rows(Rejected())]
    assert read_back == rows


def test_columns_are_guessed_by_their_names():
    assert guess_columns(
        ["reviewerID", "asin", "overall", "unixReviewTime", "reviewText", "title"], None
    ) == {
        "user": "reviewerID",
        "item": "asin",
        "timestamp": "unixReviewTime",
        "rating": "overall",
        "text": "reviewText",
        "title": "title",
    }
    assert guess_columns(["a", "b"], None) == {}


def test_what_is_wrong_with_an_item_is_told_by_its_row_in_one_file(tmp_path):
    text = "who,what,when,called,y\nu,a,0,A,nineteen\nu,b,1,,\nu,c,2,C,2001\n"
    (tmp_path / "log.csv").write_text(text)
    log = logs.load("table", folder=tmp_path, columns={**ONE_FILE, "year": "y"})
    items, visits = read(log)
    assert ([item.id for item in items], [visit.item for visit in visits]) == (["c"], ["c"])
    assert [(row.line, row.field, row.reason) for row in log.rejected.rows] == [
        (2, "y", "is no year"),
        (3, "called", "is missing"),
    ]


def test_a_file_without_a_good_row_says_why(tmp_path):
    log = table(tmp_path, 'who,what,when,called\nu,a,0,"A\nv,b,0,B\n')
    with pytest.raises(
        ImportRefused, match=r"no good row among 2; the first is log\.csv, line 2, row: cannot be read"
    ):
        write_corpus(log, tmp_path / "corpus")


def test_numbers_and_times_beyond_all_bounds_are_rejected_rows(tmp_path):
    rows = [{"who": "u", "what": "a", "when": when, "called": "A"} for when in (1, 10**400, -5)]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    log = logs.load("table", folder=tmp_path, columns=ONE_FILE)
    assert len(read(log)[1]) == 1
    assert [(row.line, row.field) for row in log.rejected.rows] == [(2, "when"), (3, "when")]
    far = pd.DataFrame({"who": ["u", "v"], "what": ["a", "a"], "called": ["A", "A"]})
    far["when"] = pd.Series([2**62, 5], dtype="int64").astype("datetime64[us]")
    (tmp_path / "far").mkdir()
    far.to_parquet(tmp_path / "far" / "log.parquet")
    log = logs.load("table", folder=tmp_path / "far", columns=ONE_FILE)
    assert [visit.user for visit in read(log)[1]] == ["v"]
    assert [row.line for row in log.rejected.rows] == [1]


@pytest.mark.parametrize("encoding", ["rot13", "utf-99", "utf-16", "undefined", "a\0b", "\ud800"])
def test_what_is_no_encoding_of_lines_is_refused(tmp_path, encoding):
    with pytest.raises(ImportRefused, match=r"cannot be read\. Save them as one of utf-8"):
        table(tmp_path, "who,what,when,called\nu,a,0,A\n", encoding=encoding)


def test_a_header_after_empty_lines_is_found_and_one_of_too_many_columns_is_not_read(tmp_path):
    log = table(tmp_path, "\n\nwho,what,when,called\n\nu,a,0,A\nu,a\n")
    assert len(read(log)[1]) == 1
    assert [row.line for row in log.rejected.rows] == [6]
    with pytest.raises(ImportRefused, match="100,004 columns, more than 1,000"):
        table(tmp_path, ",".join(["who", "what", "when", "called", *map(str, range(100_000))]) + "\n")


HOSTILE = [
    {"who": "a\0b"},
    {"who": "\ud800"},
    {"who": "u" * 201},
    {"stars": 1e39},
    {"called": "\ud83d"},
]


@pytest.mark.parametrize("bad", HOSTILE)
def test_one_hostile_row_is_rejected_in_words_that_can_be_kept_and_the_rest_is_read(tmp_path, bad):
    good = {"who": "u", "what": "a", "when": 1, "called": "A", "stars": 3}
    rows = [{**good, "what": "b", **bad}, *({**good, "when": n} for n in range(199))]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    log = logs.load("table", folder=tmp_path, columns={**ONE_FILE, "rating": "stars"})
    summary = write_corpus(log, tmp_path / "corpus")
    assert (summary.n_interactions, summary.n_rejected) == (199, 1)
    assert not fault_in([row.text for row in summary.rejected])
    assert not fault_in(json.loads(json.dumps(asdict(describe(read_corpus(tmp_path / "corpus"))))))


def test_a_cell_of_brackets_is_a_name_and_not_the_end(tmp_path):
    (tmp_path / "log.csv").write_text(f"who,what,when,called,kinds\nu,a,0,A,{'[' * 100_000}\n")
    log = logs.load("table", folder=tmp_path, columns={**ONE_FILE, "genres": "kinds"})
    assert len(read(log)[1]) == 1


def test_titles_lose_what_screens_cannot_show_or_turn_around(tmp_path):
    (tmp_path / "log.jsonl").write_text(
        json.dumps({"who": "u", "what": "a", "when": 0, "called": "Al\u001bien\u202e 3\u0007"})
    )
    [item], _ = read(logs.load("table", folder=tmp_path, columns=ONE_FILE))
    assert item.title == "Al ien 3"


def test_a_look_at_a_file_reads_no_more_than_a_page_can_wait_for(tmp_path, monkeypatch):
    monkeypatch.setattr(tabular, "BYTES_LOOKED_AT", 2**21)
    with gzip.open(tmp_path / "log.CSV.GZ", "wb") as packed:
        for _ in range(64):
            packed.write(b"x" * 2**20)
    [one] = tables_in(tmp_path)
    with pytest.raises(ImportRefused, match="it has no header"):
        one.columns()
    for n in range(101):
        (tmp_path / f"{n}.csv").write_text("a\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "1.csv")
    with pytest.raises(ImportRefused, match="102 tables are here, more than 100"):
        tables_in(tmp_path)


def test_a_column_is_named_with_letters(tmp_path):
    (tmp_path / "log.jsonl").write_text(json.dumps({"a\0": 1, "\ud800": 2}))
    [one] = tables_in(tmp_path)
    with pytest.raises(ImportRefused, match="a column's name holds a control character"):
        one.columns()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_binary()], ids=str)
def test_a_small_parquet_that_repeats_a_large_text_takes_no_more_memory_than_the_text(tmp_path, kind):
    file, n = tmp_path / "large.parquet", 8192
    large = pa.array(["x" * 1_000_000]).cast(kind)
    item = pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), large)
    schema = pa.schema({"user": pa.string(), "item": item.type})
    pq.write_table(pa.table({"user": ["a"] * n, "item": item}, schema=schema), file, compression="zstd")
    assert file.stat().st_size < 100_000
    script = """
import re, resource, sys
from pathlib import Path
from generation.pipeline.logs.rejected import Rejected
from generation.pipeline.logs.tabular import Table
table = Table(Path(sys.argv[1]))
print(sum(1 for _ in table.rows(Rejected())), sum(1 for _ in table.glance().rows(Rejected())))
status = Path("/proc/self/status")  # Linux: ru_maxrss would be that of whoever started this, if it is larger
peak = re.search(r"VmHWM:\\s+(\\d+)", status.read_text()) if status.exists() else None
print(int(peak[1]) // 1024 if peak else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    rows, most = done.stdout.splitlines()
    assert rows.split()[0] == str(n)
    assert int(rows.split()[1]) < 20  # 2**24 characters are looked at
    assert int(most) < 500  # MiB, where all rows at once would be 8,000


@pytest.mark.parametrize(
    ("item", "options"),
    [
        (pa.array(["x" * 1_000_000] * 20), {"use_dictionary": False}),
        (pa.array([b"x" * 1_000_000] * 20, pa.binary(1_000_000)), {}),
    ],
    ids=["plain", "fixed"],
)
def test_a_small_parquet_of_huge_rows_is_refused_before_one_is_unpacked(tmp_path, item, options):
    file = tmp_path / "huge.parquet"
    pq.write_table(pa.table({"user": ["a"] * 20, "item": item}), file, compression="zstd", **options)
    assert file.stat().st_size < 100_000
    with pytest.raises(ImportRefused, match=r"its rows have [\d,]+ KiB each, unpacked. Keep the columns"):
        next(Table(file).rows(Rejected()))


def test_parquet_texts_of_every_kind_are_read(tmp_path):
    kinds = [pa.string(), pa.large_string(), pa.string_view()]
    columns = {f"c{place}": pa.array(["a", None, "b"] * 5).cast(kind) for place, kind in enumerate(kinds)}
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    rows = [row for _, row in Table(tmp_path / "log.parquet").rows(Rejected())]
    assert rows[:3] == [dict.fromkeys(columns, value) for value in ("a", None, "b")]
