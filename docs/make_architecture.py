"""Generated tables of docs/architecture.md: folders, import rows, and files with their first docstring lines.

    python docs/make_architecture.py

The text between the tables is written by hand. Each table stands between two markers and is made from the
sources: a folder's line is the first line of its package docstring, a file's line that of its module
docstring (of a script of the page, its first comment), and the import rows are those that
tests/test_imports.py checks.
"""

import ast
import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "architecture.md"
PACKAGES = ("seq2seq", "train", "serve")
SCRIPTS = ("benchmarks", "experiments", "examples", "docs", "docs/figures")


def first_line(path: Path) -> str:
    """Return the first line of a Python file's docstring, or of the comment that opens a JavaScript file.

    Raises:
        ValueError: The file opens with neither.
    """
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".js":
        line = text.partition("\n")[0].removeprefix("//").strip() if text.startswith("//") else ""
        # A comment's first line may end within a sentence.
        line = line.rpartition(". ")[0] + "." if ". " in line and not line.endswith(".") else line
    else:
        line = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    if not line:
        raise ValueError(f"{path.relative_to(REPOSITORY)} opens with no docstring or comment; add one")
    return line.replace("|", "\\|")


def folders() -> list[Path]:
    """Return the packages and their subpackages, parents first."""
    return [
        folder
        for package in PACKAGES
        for folder in sorted({path.parent for path in (REPOSITORY / package).rglob("__init__.py")})
    ]


def name_of(path: Path) -> str:
    """Return a path as the page shows it, relative to the repository."""
    return path.relative_to(REPOSITORY).as_posix()


def folder_table() -> str:
    """Return a row per package: its name, its number of modules, the first line of its docstring."""
    lines = ["| folder | modules | subject |", "| --- | --- | --- |"]
    for folder in folders():
        modules = sum(path.name != "__init__.py" for path in folder.glob("*.py"))
        lines.append(f"| `{name_of(folder)}/` | {modules} | {first_line(folder / '__init__.py')} |")
    return "\n".join(lines)


def import_table() -> str:
    """Return the rows of tests/test_imports.py, lowest first."""
    tree = ast.parse((REPOSITORY / "tests" / "test_imports.py").read_text(encoding="utf-8"))
    (rows,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "ROWS" and node.value
    ]
    lines = ["| row | may import lower rows only |", "| --- | --- |"]
    for number, units in enumerate(rows):
        names = [unit if unit in PACKAGES else f"seq2seq.{unit}" for unit in sorted(units)]
        lines.append(f"| {number} | {', '.join(f'`{name}`' for name in names)} |")
    return "\n".join(lines)


def file_tables() -> str:
    """Return a section per folder with a row per file."""
    sections = []
    for folder in [*folders(), *(REPOSITORY / name for name in SCRIPTS)]:
        files = sorted(path for path in folder.iterdir() if path.suffix in (".py", ".js"))
        rows = [f"| `{path.name}` | {first_line(path)} |" for path in files if path.name != "__init__.py"]
        if rows:
            lines = [f"### `{name_of(folder)}/`", "", "| file | subject |", "| --- | --- |", *rows]
            sections.append("\n".join(lines))
    return "\n\n".join(sections)


def fill(page: str) -> str:
    """Return the page with its tables made anew."""
    for name, table in (("folders", folder_table()), ("imports", import_table()), ("files", file_tables())):
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        page, found = marked.subn(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", page)
        if found != 1:
            raise ValueError(f"the page has not one <!-- {name} --> and its end; add these two lines")
    return page


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
