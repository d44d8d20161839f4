import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from generation.pipeline.records import Case, Decoding, Prompt, Signature
from generation.pipeline.teacher import distilling
from generation.pipeline.teacher.distilling import Cases, DistillingSummary, distil, shard_of
from generation.pipeline.teacher.interface import Draft
from generation.pipeline.teacher.rows import DamagedStore, Row, golden, read_rows
from tests.generation.pipeline.films import case, cases

DECODING = Decoding()


class CountingTeacher:
    """Names the item; refuses thrillers; remembers what it was asked."""

    prompt_version = "faithful-v1"
    budget: int | None = None
    reads_user = False

    def __init__(self, name: str = "counting") -> None:
        self.signature = Signature(name, "1", {"offline": True})
        self.asked: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def write(
        self, cases: Sequence[Case], prompts: Sequence[Prompt], *, decoding: Decoding, seed: int
    ) -> list[Draft]:
        self.asked += [one.id for one in cases]
        return [
            Draft("" if "Thriller" in one.item.genres else f"{one.item.label} is the film for you tonight.")
            for one in cases
        ]


def run(
    store: Path, some: Cases, teacher: CountingTeacher | None = None, **options: object
) -> DistillingSummary:
    settings: dict = {"decoding": DECODING, "seed": 0, "store": store, **options}
    return distil(teacher or CountingTeacher(), some, **settings)


def test_rejected_drafts_are_kept_with_their_reason_and_counted(tmp_path: Path) -> None:
    some = cases(50)
    n_thrillers = sum("Thriller" in one.item.genres for one in some)
    summary = run(tmp_path, some)
    assert 0 < n_thrillers < 50
    assert summary.rejected == {"empty": n_thrillers}
    assert (summary.n_ok, summary.n_done, summary.n_asked) == (50 - n_thrillers, 50, 50)
    assert len(list(read_rows(tmp_path))) == 50
    assert set(golden(tmp_path)) == {one.id for one in some if "Thriller" not in one.item.genres}


def test_a_second_run_asks_the_teacher_nothing(tmp_path: Path) -> None:
    some, again = cases(50), CountingTeacher()
    first = run(tmp_path, some)
    content = (tmp_path / "shard-00000.jsonl").read_bytes()
    second = run(tmp_path, some[::-1], again)
    assert again.asked == []
    assert (second.n_asked, second.n_ok, second.rejected) == (0, first.n_ok, first.rejected)
    assert (tmp_path / "shard-00000.jsonl").read_bytes() == content


@pytest.mark.parametrize("change", [{"seed": 1}, {"decoding": Decoding(num_beams=2)}])
def test_another_seed_or_decoding_is_other_work(tmp_path: Path, change: dict) -> None:
    some = cases(5)
    run(tmp_path, some)
    assert run(tmp_path, some, **change).n_asked == 5


def test_another_teacher_is_other_work(tmp_path: Path) -> None:
    some, other = cases(5), CountingTeacher("another")
    run(tmp_path, some)
    assert run(tmp_path, some, other).n_asked == 5
    assert len(list(read_rows(tmp_path))) == 10
    assert len(golden(tmp_path, teacher=str(other.signature))) <= 5


def test_a_kill_in_the_middle_of_a_line_costs_that_line_only(tmp_path: Path) -> None:
    some, teacher = cases(40), CountingTeacher()
    run(tmp_path, some)
    whole = {row.case_id: row for row in read_rows(tmp_path)}
    file = tmp_path / "shard-00000.jsonl"
    file.write_bytes(file.read_bytes()[:-30])
    assert len(list(read_rows(tmp_path))) == 39
    assert run(tmp_path, some, teacher).n_asked == 1
    assert {row.case_id: row for row in read_rows(tmp_path)} == whole


def test_a_line_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    run(tmp_path, cases(3))
    file = tmp_path / "shard-00000.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + "{}\n" + lines[2])
    with pytest.raises(DamagedStore, match=r"shard-00000\.jsonl, line 2"):
        list(read_rows(tmp_path))


def test_stopped_and_resumed_gives_the_rows_of_an_unbroken_run(tmp_path: Path) -> None:
    some = cases(200)
    run(tmp_path / "whole", some)
    answers = iter([False, False, True])
    stopped = run(tmp_path / "broken", some, should_stop=lambda: next(answers))
    assert stopped.stopped
    assert stopped.n_done == 128
    heard: list[tuple[int, int]] = []
    run(tmp_path / "broken", some, progress=lambda done, total, words: heard.append((done, total)))
    assert heard == [(128, 200), (192, 200), (200, 200)]
    rows = [(tmp_path / name / "shard-00000.jsonl").read_text() for name in ("whole", "broken")]
    assert rows[0] == rows[1]


def test_shards_divide_the_cases_and_change_no_row(tmp_path: Path) -> None:
    some = cases(100)
    run(tmp_path / "one", some)
    parts = [[one for one in some if shard_of(one.id, 3) == shard] for shard in range(3)]
    assert sorted(map(len, parts)) > [15, 15, 15]
    for shard, part in enumerate(parts):
        run(tmp_path / "three", part, shard=shard)
    one, three = ({row.case_id: row for row in read_rows(tmp_path / name)} for name in ("one", "three"))
    assert one == three


def test_equal_prompts_are_asked_once_unless_the_teacher_knows_its_users(tmp_path: Path) -> None:
    twins = [case("Alien (1979)", item="Solaris (1972)", user=user) for user in ("u1", "u2")]
    teacher = CountingTeacher()
    assert run(tmp_path / "a", twins, teacher).n_ok == 2
    assert teacher.asked == [twins[0].id]
    assert set(golden(tmp_path / "a")) == {twin.id for twin in twins}
    knowing = CountingTeacher()
    knowing.reads_user = True
    run(tmp_path / "b", twins, knowing)
    assert knowing.asked == [twin.id for twin in twins]


def test_rows_are_json_a_person_can_read(tmp_path: Path) -> None:
    one = case("Alien (1979)", item="Solaris (1972)")
    run(tmp_path, [one])
    row = json.loads((tmp_path / "shard-00000.jsonl").read_text())
    assert row["text"] == "Solaris (1972) is the film for you tonight."
    assert row["decoding"]["max_new_tokens"] == 64
    assert row["prompt_version"] == "faithful-v1"


class Streamed:
    """Cases that count how many were handed out."""

    def __init__(self, some: Sequence[Case]) -> None:
        self.some, self.n_read = some, 0

    def __len__(self) -> int:
        return len(self.some)

    def __iter__(self) -> Iterator[Case]:
        for one in self.some:
            self.n_read += 1
            yield one


def test_no_more_cases_are_read_than_a_window_beyond_those_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distilling, "WINDOW", 70)  # two chunks of 64 cover it
    some = Streamed(cases(400))
    ahead: list[int] = []
    run(tmp_path, some, progress=lambda done, total, words: ahead.append(some.n_read - done))
    assert max(ahead) <= 128
    assert len(list(read_rows(tmp_path))) == 400


def test_windows_resumed_give_every_row_in_the_order_of_the_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distilling, "WINDOW", 64)
    some = cases(300)
    answers = iter([False, False, True])
    run(tmp_path, some, should_stop=lambda: next(answers))
    kept: list[Row] = []
    again = CountingTeacher()
    summary = run(tmp_path, some, again, shard=1, kept=kept.extend)
    assert [row.case_id for row in kept] == [one.id for one in some]
    assert again.asked == [one.id for one in some[128:]]
    assert {row.case_id: row for row in kept} == {row.case_id: row for row in read_rows(tmp_path)}
    assert summary.n_ok + summary.n_rejected == 300


def test_other_stores_are_looked_into_only_for_what_is_missing(tmp_path: Path) -> None:
    some = cases(30)
    run(tmp_path / "mine", some[:20])
    run(tmp_path / "other", some)
    looked: list[str] = []

    def elsewhere() -> Iterator[Path]:
        looked.append("other")
        yield tmp_path / "other"

    assert run(tmp_path / "mine", some[:20], elsewhere=elsewhere()).n_asked == 0
    assert looked == []
    assert run(tmp_path / "mine", some, elsewhere=elsewhere()).n_asked == 0
    assert looked == ["other"]
    assert len(list(read_rows(tmp_path / "mine"))) == 30


def test_a_torn_line_longer_than_a_block_is_cut_off(tmp_path: Path) -> None:
    run(tmp_path, cases(3))
    file = tmp_path / "shard-00000.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"key": "' + b"x" * 200_000)
    run(tmp_path, cases(3))
    assert file.read_bytes() == whole
    file.write_bytes(b"x" * 200_000)
    run(tmp_path, cases(3))
    assert file.read_bytes() == whole
