"""Links, pictures, anchors and paths of every page lead somewhere."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), REPOSITORY / "configs" / "README.md"],
    key=lambda page: page.relative_to(REPOSITORY).as_posix(),
)
MODULES = ("seq2seq", "train", "serve", "benchmarks", "experiments", "examples", "docs", "tests", "configs")


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page: lower case, no punctuation, hyphens."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path) -> list[str]:
    """Return the links and pictures of a page that lead to no file, or to no heading of it."""
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        place = page.parent / target if target else page
        if target.startswith(("https://", "http://")):
            continue
        if not place.exists() or (anchor and anchor not in anchors(place)):
            wrong.append(link)
    return wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and every anchor a heading."""
    assert broken(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_paths_are_those_of_files(page: Path) -> None:
    """Every path of the repository that a page names exists, scripts in commands among them."""
    if page.name == "CHANGELOG.md":
        pytest.skip("the changelog names files that have moved")
    named = re.findall(rf"(?<![\w/.\-])(?:{'|'.join(MODULES)})/[\w./\-]+\w", page.read_text(encoding="utf-8"))
    wrong = {path for path in named if "NAME" not in path and not (REPOSITORY / path).exists()}
    assert wrong == set()


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    """A missing file, a missing picture and a missing heading are reported, and nothing else."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading, here\n[a](gone.md) ![b](gone.png) [c](page.md#a-heading-here) [d](#none) [e](https://x.org)\n"
    )
    assert broken(page) == ["gone.md", "gone.png", "#none"]


def test_every_page_is_linked(repository: Path) -> None:
    """Each page of docs/ can be reached from the README by links."""
    reached, todo = set(), [repository / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for link in re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8")):
            if not link.startswith("http") and (page.parent / link).exists():
                todo.append((page.parent / link).resolve())
    tracked = subprocess.run(
        ["git", "ls-files", "docs/*.md"], cwd=repository, capture_output=True, text=True, check=False
    )
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    missing = {repository / name for name in tracked.stdout.split()} - reached
    assert {path.name for path in missing if path.exists()} == set()
