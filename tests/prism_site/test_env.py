from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from prism_site import env


@pytest.fixture
def setenv(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KNOB", raising=False)
    monkeypatch.delenv("KNOB_FILE", raising=False)
    return monkeypatch.setenv


@pytest.mark.parametrize(("text", "value"), [("True", True), ("False", False), ("", True), (" True ", True)])
def test_a_switch_is_true_or_false(setenv, text: str, value: bool) -> None:
    setenv("KNOB", text)
    assert env.env_bool("KNOB", True) is value


@pytest.mark.parametrize("text", ["true", "1", "yes", "on"])
def test_a_switch_that_is_neither_stops_the_boot_and_names_itself(setenv, text: str) -> None:
    setenv("KNOB", text)
    with pytest.raises(ImproperlyConfigured, match=f"KNOB must be True or False, not '{text}'"):
        env.env_bool("KNOB", False)


def test_a_number_that_is_none_stops_the_boot_and_names_itself(setenv) -> None:
    setenv("KNOB", "ten")
    with pytest.raises(ImproperlyConfigured, match="KNOB must be a whole number, not 'ten'"):
        env.env_int("KNOB", 1)


def test_a_number(setenv) -> None:
    assert env.env_int("KNOB", 7) == 7
    setenv("KNOB", "-3")
    assert env.env_int("KNOB", 7) == -3


def test_a_list_forgives_spaces_and_stray_commas(setenv) -> None:
    assert env.env_list("KNOB", ["a"]) == ["a"]
    setenv("KNOB", " a.example , b.example,,")
    assert env.env_list("KNOB", []) == ["a.example", "b.example"]


def test_a_path_may_start_at_home(setenv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    setenv("KNOB", "~/data")
    assert env.env_path("KNOB", Path("/nowhere")) == tmp_path / "data"


def test_a_secret_may_lie_in_a_file(setenv, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("swordfish\n", encoding="utf-8")
    setenv("KNOB_FILE", str(tmp_path / "secret"))
    assert env.env_secret("KNOB") == "swordfish"


def test_a_secret_given_twice_is_refused(setenv, tmp_path: Path) -> None:
    setenv("KNOB", "a")
    setenv("KNOB_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match="Set KNOB or KNOB_FILE, not both"):
        env.env_secret("KNOB")


def test_a_secret_file_that_cannot_be_read_is_named(setenv, tmp_path: Path) -> None:
    setenv("KNOB_FILE", str(tmp_path / "missing"))
    with pytest.raises(
        ImproperlyConfigured, match=r"KNOB_FILE names '.*missing', which cannot be read: No such file"
    ):
        env.env_secret("KNOB")


def test_the_local_secret_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    first = env.local_secret(tmp_path / "home")
    assert len(first) >= 50
    assert env.local_secret(tmp_path / "home") == first
    assert (tmp_path / "home/secret_key").stat().st_mode & 0o777 == 0o600


def test_an_empty_secret_stops_the_boot(tmp_path: Path) -> None:
    """As a disk that was full at the first start leaves it; every page would fail instead."""
    (tmp_path / "secret_key").touch()
    with pytest.raises(ImproperlyConfigured, match="secret_key is empty: delete it"):
        env.local_secret(tmp_path)


def test_a_home_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match=r"PRISM_HOME is .*file"):
        env.local_secret(tmp_path / "file")


def test_processes_that_start_together_share_one_whole_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: env.local_secret(tmp_path / "home"), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 50
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["secret_key"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ("/prism/artefacts", "")),
        ("/mnt/shared", ("/mnt/shared", "")),
        ("file:///mnt/nfs", ("/mnt/nfs", "")),
        ("s3://bucket/prism/one/", ("/prism/cache", "s3://bucket/prism/one")),
        ("memory://bucket", ("/prism/cache", "memory://bucket")),
    ],
)
def test_a_store_is_a_folder_or_a_url_with_a_cache(setenv, text: str, found: tuple[str, str]) -> None:
    setenv("KNOB", text)
    folder, url = env.env_store("KNOB", Path("/prism/artefacts"), Path("/prism/cache"))
    assert (str(folder), url) == found


@pytest.mark.parametrize(
    "text",
    [
        "s3://",
        "s4://bucket",
        "file://relative",
        "s3://key:secret@bucket/x",
        "s3://bucket/../other",
        "s3://bucket?endpoint=x",
    ],
)
def test_a_store_that_is_no_place_stops_the_boot_and_tells_no_secret(setenv, text: str) -> None:
    setenv("KNOB", text)
    with pytest.raises(ImproperlyConfigured, match="KNOB must be a folder") as refused:
        env.env_store("KNOB", Path("/a"), Path("/b"))
    assert "secret" not in str(refused.value)
