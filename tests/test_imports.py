"""The import table: every file is parsed, and each import of ours points to a lower row.

The table is the architecture in one picture. A unit is a module or a folder directly under `seq2seq/`, or
one of the packages beside it; a unit of one row imports units of lower rows only. `seq2seq.storage.atomic`
is a unit of its own, since a tokenizer writes files, too. A name that `seq2seq` itself offers counts as the
unit that defines it: `from seq2seq import Translator` is an import of `inference`.
"""

import ast
from collections import defaultdict
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("seq2seq", "train", "serve")

# Units by row, lowest first.
ROWS: list[set[str]] = [
    {"config", "storage.atomic"},
    {"text"},
    {"options"},
    {"attention", "alignment", "search"},
    {"metrics", "model"},
    {"storage"},
    {"data_to_text", "inference"},
    {"documents"},
    {"commands", "train", "serve"},
    {"cli"},
]
ROW = {unit: row for row, units in enumerate(ROWS) for unit in units}

# Search is usable with any step function: it knows no model.
SEARCH_MAY_IMPORT = {"search", "options", "config", "text"}

# Heavy packages are imported on use, so that `seq2seq --help` does not wait for torch.
HEAVY = {"torch", "sentencepiece", "lightning", "datasets", "gradio", "transformers", "sacrebleu"}
ENTRANCE = ["seq2seq/__init__.py", "seq2seq/__main__.py", "seq2seq/cli.py", "seq2seq/options.py"]

SOURCES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def module_of(path: Path) -> str:
    """Return the dotted name of a file; a package's is that of its folder."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in SOURCES}


def public_names() -> dict[str, str]:
    """Return the names that `seq2seq` offers (its `_MODULES`), each with its module, without an import."""
    for node in ast.walk(TREES[REPOSITORY / "seq2seq" / "__init__.py"]):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_MODULES":
            return {name: f"seq2seq.{module}" for name, module in ast.literal_eval(node.value).items()}
    raise AssertionError("seq2seq/__init__.py has no _MODULES")


PUBLIC = public_names()


def absolute_base(node: ast.ImportFrom, path: Path) -> str:
    """Return the module that a `from` statement names, a relative one resolved."""
    if not node.level:
        return node.module or ""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    base = parts[: len(parts) - node.level]
    return ".".join([*base, *([node.module] if node.module else [])])


def imported_names(tree: ast.AST, path: Path) -> list[str]:
    """Return every dotted name that is imported anywhere in a tree, functions included."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{absolute_base(node, path)}.{alias.name}" for alias in node.names]
    return names


def module_named(name: str) -> str:
    """Return the module of ours that an imported name means, or "" for a name that is none."""
    package, _, public = name.rpartition(".")
    if package == "seq2seq" and public in PUBLIC:
        return PUBLIC[public]
    if name in MODULES:
        return name
    return package if package in MODULES else ""


def unit_of(module: str) -> str:
    """Return the unit of a module: seq2seq.search.beam -> search, train.tasks.loss -> train."""
    parts = module.split(".")
    if parts[0] != "seq2seq":
        return parts[0]
    unit = ".".join(parts[1:3])
    return unit if unit in ROW else ".".join(parts[1:2])


def imported_units(path: Path) -> set[str]:
    """Return the units of ours that a file imports; the bare `seq2seq` (its version) is none."""
    modules = {module_named(name) for name in imported_names(TREES[path], path)}
    return {unit_of(module) for module in modules} - {""}


def test_imports_point_down() -> None:
    """Each file is in the table and imports lower rows only, so that no cycle is possible."""
    wrong = []
    for path in SOURCES:
        unit = unit_of(module_of(path))
        if unit in ("", "__main__"):
            continue  # the entrance reaches everything by name, on use
        shown = path.relative_to(REPOSITORY)
        if unit not in ROW:
            wrong.append(f"{shown}: {unit} is in no row of the table")
            continue
        for other in sorted(imported_units(path) - {unit}):
            if ROW.get(other, len(ROWS)) >= ROW[unit]:
                wrong.append(f"{shown}: {unit} (row {ROW[unit]}) imports {other} (row {ROW.get(other)})")
    assert not wrong, "\n".join(wrong)


def test_every_import_of_ours_exists() -> None:
    """Each import of ours names a module, a name of a module, or a public name of `seq2seq`."""
    wrong = []
    for path in SOURCES:
        for name in imported_names(TREES[path], path):
            if name.split(".")[0] in PACKAGES and not module_named(name):
                wrong.append(f"{path.relative_to(REPOSITORY)} imports {name}, which is no module of ours")
    assert not wrong, "\n".join(wrong)
    undefined = {name: module for name, module in PUBLIC.items() if module not in MODULES}
    assert not undefined


def test_every_unit_of_the_table_exists() -> None:
    """The table names no unit that is gone."""
    units = {unit_of(module) for module in MODULES} - {"", "__main__"}
    assert units == set(ROW)


def test_the_public_names_are_the_offered_ones() -> None:
    """`__all__`, the lazy table and the imports for type checkers name the same things."""
    tree = TREES[REPOSITORY / "seq2seq" / "__init__.py"]
    offered: set[str] = set()
    typed: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            offered = set(ast.literal_eval(node.value))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("seq2seq."):
            typed |= {alias.name: node.module or "" for alias in node.names}
    assert offered == {*PUBLIC, "__version__"}
    assert typed == PUBLIC


def test_the_entrance_loads_nothing_heavy() -> None:
    """`import seq2seq` and `seq2seq --help` import no heavy package, neither do the modules they import."""
    wrong = []
    waiting, seen = [REPOSITORY / name for name in ENTRANCE], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        top = [node for node in TREES[path].body if isinstance(node, ast.Import | ast.ImportFrom)]
        for name in imported_names(ast.Module(list(top), []), path):
            if name.split(".")[0] in HEAVY:
                wrong.append(f"{path.relative_to(REPOSITORY)} imports {name} at its top")
            if name.split(".")[0] in PACKAGES and (module := module_named(name)):
                waiting += [other for other in SOURCES if module_of(other) == module]
    assert not wrong, "\n".join(wrong)


def test_siblings_are_imported_relatively() -> None:
    """Files of `train` and `serve`, which are common names, never find somebody else's package."""
    wrong = defaultdict(list)
    for path in SOURCES:
        package = path.relative_to(REPOSITORY).parts[0]
        if package == "seq2seq":
            continue
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                named = [node.module or ""]
            elif isinstance(node, ast.Import):
                named = [alias.name for alias in node.names]
            else:
                continue
            wrong[str(path.relative_to(REPOSITORY))] += [n for n in named if n.split(".")[0] == package]
    assert not {path: names for path, names in wrong.items() if names}


def test_search_knows_no_model() -> None:
    """Search imports neither the network nor what is made of it."""
    folder = REPOSITORY / "seq2seq" / "search"
    wrong = {
        path.name: imported_units(path) - SEARCH_MAY_IMPORT for path in SOURCES if folder in path.parents
    }
    assert wrong and not any(wrong.values()), wrong


def test_data_to_text_is_reached_by_name_only() -> None:
    """Outside `data_to_text`, its recipe and its release nothing of the library imports it."""
    wrong = [
        str(path.relative_to(REPOSITORY))
        for path in SOURCES
        if path.relative_to(REPOSITORY).parts[0] == "seq2seq"
        and unit_of(module_of(path)) != "data_to_text"
        and "data_to_text" in imported_units(path)
    ]
    assert not wrong


def test_no_two_classes_share_a_name() -> None:
    """One name, one thing: a class can be searched for by its name alone."""
    places: dict[str, set[str]] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, set()).add(str(path.relative_to(REPOSITORY)))
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
