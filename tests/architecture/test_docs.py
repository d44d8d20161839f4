"""The documentation is true where a machine can tell: links lead somewhere, the tree it draws exists."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
PAGES = [page for page in TRACKED if page.endswith(".md")]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)\s]+)?\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_to_a_file(page: str) -> None:
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    targets = [
        target for target, _ in LINK.findall(text) if "://" not in target and not target.startswith("mailto:")
    ]
    broken = [target for target in targets if not (ROOT / page).parent.joinpath(target).exists()]
    assert not broken


@pytest.mark.parametrize("page", PAGES)
def test_every_anchor_names_a_heading(page: str) -> None:
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    for target, anchor in LINK.findall(text):
        if "://" in target or not anchor:
            continue
        headings = re.findall(
            r"^#+ (.+)$", (ROOT / page).parent.joinpath(target).read_text(encoding="utf-8"), re.MULTILINE
        )
        slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor[1:] in slugs, f"{page}: {target}{anchor}"


def test_the_tree_in_the_readme_names_only_what_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    tree = re.search(r"<!-- tree -->\n```\n(.*?)```", readme, re.DOTALL)
    assert tree, "README.md draws the tree between <!-- tree --> and the end of its block"
    names = [line.split()[0] for line in tree.group(1).splitlines() if line and not line.startswith(" ")]
    assert len(names) > 8
    missing = [name for name in names if not (ROOT / name).exists()]
    assert not missing
