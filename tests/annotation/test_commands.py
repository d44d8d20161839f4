from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from annotation.models.study import Study
from tests.annotation import studies


def test_a_file_becomes_a_draft(olga: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "texts.csv"
    path.write_text(
        "case,system,text\n" + "".join(f"c{i},{s},Text {i}{s}.\n" for i in range(6) for s in "ab")
    )
    call_command(
        "build_study", "Films", "--owner=olga", f"--file={path}", "--calibration=1", "--k=2", "--annotators=3"
    )
    assert "5 cases, 10 cards, 1 calibration cards, 0 cases dropped" in capsys.readouterr().out
    assert Study.objects.get().title == "Films"
    assert "guess" not in Study.objects.get().plan
    beside = ("--design=side_by_side", "--calibration=0", "--guess=2")
    call_command("build_study", "More", "--owner=olga", f"--file={path}", *beside)
    more = Study.objects.get(title="More")
    assert more.side_by_side
    assert more.plan["guess"]["n_cards"] == 2
    call_command(
        "build_study", "Zh", "--owner=olga", f"--file={path}", "--language=zh-Hans", "--calibration=0"
    )
    assert Study.objects.get(title="Zh").consent.startswith("诚邀您参加一项研究")
    with pytest.raises(CommandError, match="a tag such as en or zh-Hans, not 'Chinese, please'"):
        call_command("build_study", "No", "--owner=olga", f"--file={path}", "--language=Chinese, please")
    call_command("build_study", "Unsaid", "--owner=olga", f"--file={path}", "--k=2", "--annotators=3")
    assert "1 calibration cards" in capsys.readouterr().out  # a quarter of six
    with pytest.raises(CommandError, match="1 to 10 cards, not 0"):
        call_command("build_study", "Less", "--owner=olga", f"--file={path}", "--calibration=0", "--guess=0")


def test_a_bad_file_is_refused_with_its_lines(olga: User, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"case": "c"}\n')
    with pytest.raises(CommandError, match="Line 1, system: is empty"):
        call_command("build_study", "Films", "--owner=olga", f"--file={path}")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("build_study", "Films", "--owner=olga", f"--file={tmp_path / 'none.csv'}")
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("build_study", "Films", "--owner=nobody", f"--file={path}")


def test_a_study_is_led_from_the_command_line(olga: User, capsys: pytest.CaptureFixture[str]) -> None:
    study = studies.draft(owner=olga)
    with pytest.raises(CommandError, match="Say who does it"):
        call_command("study", "open", study.pk)
    call_command("study", "open", study.pk, by="olga")
    with pytest.raises(CommandError, match="was opened before"):
        call_command("study", "open", study.pk, by="olga")
    call_command("study", "close", study.pk, by="olga")
    with pytest.raises(CommandError, match="Say why"):
        call_command("study", "unblind", study.pk, by="olga")
    call_command("study", "unblind", study.pk, by="olga", reason="All is rated.")
    call_command("study", "status", study.pk)
    assert capsys.readouterr().out.strip().splitlines()[-2] == "Evening films: unblinded"
    with pytest.raises(CommandError, match="no study 999"):
        call_command("study", "status", 999)
