"""An object store behind a URL: two machines, writers that die, copies that rot, lines that go down."""

import errno
import threading
import uuid
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from generation.pipeline.artefacts import DamagedArtefact, read_manifest, write_folder
from generation.pipeline.stores import cache as caching
from generation.pipeline.stores import open_store, wire
from generation.pipeline.stores.cache import Cache, in_use
from generation.pipeline.stores.interface import StoreRefused, StoreUnreachable
from generation.pipeline.stores.remote import RemoteStore
from generation.pipeline.stores.wire import Wire


class Faulty(MemoryFileSystem):
    """An object store in memory that counts what it is asked and can be told to fail."""

    protocol = "faulty"
    store: dict = {}
    pseudo_dirs: list = [""]
    asked: list[str] = []
    troubles: list[Exception] = []

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.troubles:
            raise self.troubles.pop(0)

    def get_file(self, rpath, lpath, **kwargs):
        self._ask(f"get {Path(rpath).name}")
        super().get_file(rpath, lpath, **kwargs)

    def put_file(self, lpath, rpath, **kwargs):
        self._ask(f"put {Path(rpath).name}")
        super().put_file(lpath, rpath, **kwargs)


fsspec.register_implementation("faulty", Faulty, clobber=True)


@pytest.fixture(autouse=True)
def _at_rest(monkeypatch):
    Faulty.asked.clear()
    Faulty.troubles.clear()
    monkeypatch.setattr(wire.time, "sleep", lambda seconds: None)


@pytest.fixture
def url() -> str:
    return f"faulty://bucket-{uuid.uuid4().hex}/prism"


@pytest.fixture
def machines(tmp_path, url):
    """Two machines that share nothing but the store."""
    return open_store(tmp_path / "a", url=url), open_store(tmp_path / "b", url=url)


def fill(folder: Path) -> None:
    (folder / "items.parquet").write_bytes(b"i" * 1000)
    (folder / "deeper").mkdir()
    (folder / "deeper" / "users.json").write_text("[1]", encoding="utf-8")


def write(store, kind="corpus", size=1000, **facts):
    def some(folder: Path) -> None:
        (folder / "items.parquet").write_bytes(b"i" * size)

    return write_folder(store.root, kind, some if size != 1000 else fill, facts)


def gets() -> list[str]:
    return [one for one in Faulty.asked if one.startswith("get")]


def test_what_one_machine_publishes_another_one_opens_whole_and_fetches_once(machines):
    a, b = machines
    written = write(a, n=2)
    name = a.publish(written)
    assert name == f"corpus/{written.sha256[:24]}"
    for _ in range(3):
        folder = b.open(name)
    assert folder.is_relative_to(b.root)
    assert read_manifest(folder, verify=True).files == written.files
    assert sorted(gets()) == ["get items.parquet", "get users.json"]


def test_the_machine_that_wrote_it_fetches_nothing(machines):
    a, _ = machines
    name = a.publish(write(a))
    assert a.open(name) == a.root / name
    assert gets() == []


def test_the_manifest_travels_last_so_a_writer_that_dies_leaves_no_artefact(machines):
    a, b = machines
    written = write(a)
    calls = []

    def dies_at_the_second_file() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise InterruptedError("the lease went to another worker")

    with pytest.raises(InterruptedError):
        a.publish(written, before_file=dies_at_the_second_file)
    name = f"corpus/{written.sha256[:24]}"
    with pytest.raises(FileNotFoundError, match="run its stage again"):
        b.open(name)
    again = write(b)  # the other worker does the work anew, and the same bytes have the same name
    assert b.publish(again) == name
    assert read_manifest(a.open(name), verify=True).sha256 == again.sha256
    puts = [one for one in Faulty.asked if one.startswith("put")]
    assert puts[-1] == "put manifest.json"
    assert len(puts) == 3, "what the dead writer had carried is not carried again"


def test_publishing_twice_carries_nothing_twice(machines):
    a, _ = machines
    written = write(a)
    assert a.publish(written) == a.publish(written)
    assert len(Faulty.asked) == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "items.parquet").write_bytes(b"x" * 1000),
        lambda folder: (folder / "items.parquet").write_bytes(b"short"),
        lambda folder: (folder / "items.parquet").unlink(),
        lambda folder: (folder / "extra").write_text("?", encoding="utf-8"),
        lambda folder: (folder / "manifest.json").write_text("{", encoding="utf-8"),
    ],
    ids=["changed", "cut", "lost", "added to", "manifest"],
)
def test_a_copy_that_was_spoilt_by_hand_is_noticed_and_fetched_anew(machines, spoil):
    a, b = machines
    written = write(a)
    name = a.publish(written)
    spoil(b.open(name))
    assert read_manifest(b.open(name), verify=True).files == written.files
    assert len(gets()) == 4


def test_a_copy_that_was_only_touched_is_compared_and_kept(machines):
    a, b = machines
    name = a.publish(write(a))
    (b.open(name) / "items.parquet").touch()
    b.open(name)
    assert len(gets()) == 2


def test_damage_in_the_store_itself_is_told_with_its_place_and_leaves_no_copy(machines, url):
    a, b = machines
    name = a.publish(write(a))
    a.wire.write(f"{name}/items.parquet", b"x" * 1000)
    with pytest.raises(DamagedArtefact, match=f"{url}/{name}/items.parquet.*Remove it from the store"):
        b.open(name)
    assert not (b.root / name).exists()
    assert not list(b.root.glob(".writing-*"))


def test_a_store_that_is_away_for_a_while_is_asked_again(machines):
    a, b = machines
    name = a.publish(write(a))
    Faulty.troubles[:] = [TimeoutError("read timed out"), ConnectionResetError("reset"), OSError("busy")]
    assert read_manifest(b.open(name), verify=True)


def test_a_store_that_stays_away_is_a_passing_trouble_in_words(machines, url):
    a, b = machines
    name = a.publish(write(a))
    b.wire.patience = 0
    Faulty.troubles[:] = [ConnectionRefusedError("connection refused")] * 9
    with pytest.raises(StoreUnreachable, match=f"{url} could not fetch .*connection refused") as caught:
        b.open(name)
    assert isinstance(caught.value, ConnectionError)
    assert not list(b.root.glob(".writing-*"))


def test_a_store_that_refuses_is_not_asked_again(machines):
    a, b = machines
    name = a.publish(write(a))
    Faulty.troubles[:] = [PermissionError("Access Denied")]
    with pytest.raises(StoreRefused, match="Access Denied"):
        b.open(name)
    assert len(gets()) == 1


def test_a_full_disk_is_this_machine_s_trouble_and_leaves_nothing_half_fetched(machines):
    a, b = machines
    name = a.publish(write(a))
    Faulty.troubles[:] = [OSError(errno.ENOSPC, "No space left on device")]
    with pytest.raises(OSError, match="No space left") as caught:
        b.open(name)
    assert caught.value.errno == errno.ENOSPC
    assert not list(b.root.glob(".writing-*"))


def test_a_scheme_whose_package_is_not_installed_says_which_one():
    with pytest.raises(StoreRefused, match="not installed"):
        Wire("gs://bucket/prism").read("x")


def test_of_two_processes_that_want_the_same_one_fetches_and_both_have_it(machines, tmp_path, url):
    a, _ = machines
    name = a.publish(write(a))
    stores = [open_store(tmp_path / "b", url=url) for _ in range(4)]
    start, found = threading.Barrier(4), []

    def fetch(store):
        start.wait()
        found.append(read_manifest(store.open(name), verify=True).sha256)

    threads = [threading.Thread(target=fetch, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(gets()) == 2


def small_cache(machine, n_bytes: int) -> RemoteStore:
    return RemoteStore(machine.root, machine.wire, Cache(machine.root, max_bytes=n_bytes))


def test_what_was_used_longest_ago_goes_first_and_what_is_in_use_stays(machines, monkeypatch):
    a, b = machines
    names = [a.publish(write(a, size=10_000, n=n)) for n in range(4)]
    monkeypatch.setattr(caching, "GRACE_SECONDS", 0)
    b = small_cache(b, 35_000)  # three of them with their manifests
    with in_use():
        b.open(names[0])
        for name in names[1:]:
            b.open(name)
    assert all((b.root / name).exists() for name in names), "all four were in use by this thread"
    b.cache.make_room(0)
    assert [(b.root / name).exists() for name in names] == [False, True, True, True]
    b.open(names[1])
    b.open(names[0])
    assert [(b.root / name).exists() for name in names] == [True, True, False, True]


def test_what_was_opened_a_moment_ago_stays_even_beyond_the_bound(machines):
    a, b = machines
    names = [a.publish(write(a, size=10_000, n=n)) for n in range(3)]
    b = small_cache(b, 15_000)
    for name in names:
        b.open(name)
    assert all((b.root / name).exists() for name in names)


def test_what_grows_on_one_machine_is_pulled_by_another_and_never_shrinks_there(machines):
    a, b = machines
    segment = a.root / "distilling" / "x" / "shard-00101.jsonl"
    segment.parent.mkdir(parents=True)
    segment.write_text("one\n", encoding="utf-8")
    a.push(segment)
    assert (b.pull("distilling/x") / segment.name).read_text(encoding="utf-8") == "one\n"
    segment.write_text("one\ntwo\n", encoding="utf-8")
    a.push(segment)
    assert (b.pull("distilling/x") / segment.name).read_text(encoding="utf-8") == "one\ntwo\n"
    segment.write_text("one\ntwo\nthree\n", encoding="utf-8")
    assert (a.pull("distilling/x") / segment.name).read_text(encoding="utf-8") == "one\ntwo\nthree\n"
    assert b.pull("distilling/nothing") == b.root / "distilling/nothing"


def test_one_pushed_file_is_pulled_without_its_neighbours(machines):
    a, b = machines
    folder = a.root / "distilling" / "x"
    folder.mkdir(parents=True)
    for name in ("rows.jsonl", "part.parquet"):
        (folder / name).write_text(name, encoding="utf-8")
        a.push(folder / name)
    assert b.pull("distilling/x/part.parquet").read_text(encoding="utf-8") == "part.parquet"
    assert not (b.root / "distilling/x/rows.jsonl").exists()


def keep(store, text: str, **files: str):
    place = store.root / "training" / "run-7"
    for folder, content in {"state": text, "state-best": "b", **files}.items():
        (place / folder).mkdir(parents=True, exist_ok=True)
        (place / folder / "weights").write_text(content, encoding="utf-8")
    return ("state", "state-best")


def test_a_state_goes_on_where_another_machine_left_it(machines):
    a, b = machines
    for text in ("one", "two"):
        a.keep_state("training/run-7", folders=keep(a, text))
    place = b.restore_state("training/run-7")
    assert (place / "state" / "weights").read_text(encoding="utf-8") == "two"
    assert (place / "state-best" / "weights").read_text(encoding="utf-8") == "b"
    assert len([one for one in Faulty.asked if one.startswith("put")]) == 3, "the best did not change"
    assert len(a.wire.files("states")) == 3, "the state before it is gone"
    a.drop_state("training/run-7")
    assert a.wire.files("states") == {}


def test_a_state_that_was_half_kept_leaves_the_one_before_it_whole(machines):
    a, b = machines
    a.keep_state("training/run-7", folders=keep(a, "one"))

    def lost() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        a.keep_state("training/run-7", folders=keep(a, "two"), before_file=lost)
    assert (b.restore_state("training/run-7") / "state" / "weights").read_text(encoding="utf-8") == "one"


def test_a_state_whose_files_are_gone_begins_anew_and_says_so(machines, caplog):
    a, b = machines
    a.keep_state("training/run-7", folders=keep(a, "one"))
    a.wire.remove([name for name in a.wire.files("states") if not name.endswith("latest.json")])
    assert not (b.restore_state("training/run-7") / "state").exists()
    assert "begins anew" in caplog.text


def test_a_sweep_removes_what_dead_writers_left_on_both_ends_and_nothing_else(machines):
    a, _ = machines
    whole = a.publish(write(a, n=1))
    half = write(a, n=2)

    def dies() -> None:
        if any(one.startswith("put") for one in Faulty.asked[3:]):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        a.publish(half, before_file=dies)
    segment = a.root / "distilling" / ("0" * 24) / "shard-1.jsonl"
    segment.parent.mkdir(parents=True)
    segment.write_text("one\n", encoding="utf-8")
    a.push(segment)
    a.keep_state("training/run-7", folders=keep(a, "one"))
    before = set(a.wire.files(""))
    assert a.sweep(older_than_seconds=3600) == 0
    assert a.sweep(older_than_seconds=-5) == 2, "the half artefact there, and the copy of a pushed file here"
    assert a.pull("distilling") == a.root / "distilling"
    assert segment.read_text(encoding="utf-8") == "one\n"
    gone = before - set(a.wire.files(""))
    assert gone
    assert all(name.startswith(f"corpus/{half.sha256[:24]}/") for name in gone)
    assert a.open(whole)


@pytest.mark.parametrize("name", ["", "/etc", "../x", "corpus/../../x"])
def test_a_name_leads_nowhere_else(machines, tmp_path, name):
    for store in (machines[0], open_store(tmp_path / "c")):
        with pytest.raises(ValueError, match="is no name"):
            store.open(name)
