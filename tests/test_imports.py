"""Who may import whom: every file is parsed, and each import of ours must point to a lower layer.

The table is the architecture in one picture; a file that is not in it has not been thought about yet.
"""

import ast
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]

# Units (a module or a folder directly under seq2seq/, or a package beside it) by layer, lowest first.
LAYERS: list[set[str]] = [
    {"text", "device"},
    {"glossary"},
    {
        "figure",
        "counting",
        "segment",
        "config",
        "options",
        "positions",
        "dropout",
        "storage",
        "packing",
        "symmetry",
        "likeness",
    },
    {"facts", "slots"},
    {"batch", "settings", "seams"},
    {"tokenizer", "alignment", "scores", "attention", "released", "joint_links"},
    {"facts_tokenizer", "head_choice", "layers", "gold", "habits", "prefix", "sheet", "stand_ins"},
    {"transformer", "language_model", "search"},
    {"checkpoint", "decoding", "forced", "generation", "translation"},
    {"hub", "slot_ranking", "stops", "terms"},
    {"ensemble", "reranking", "wording"},
    {"pipeline"},
    {"aligner", "translator", "generator"},
    {"bitext"},
    {"commands", "train", "serve"},
    {"cli"},
]
LEVEL = {unit: level for level, units in enumerate(LAYERS) for unit in units}

# What heavy packages a layer may import while it is itself imported; the rest is imported on use.
LAZY_AT_START = {"torch", "sentencepiece", "lightning", "datasets", "gradio", "transformers", "sacrebleu"}
ENTRANCE = ["seq2seq/__init__.py", "seq2seq/__main__.py", "seq2seq/cli.py", "seq2seq/options.py"]

SOURCES = sorted(
    path for package in ("seq2seq", "train", "serve") for path in (REPOSITORY / package).rglob("*.py")
)


def unit_of(path: Path) -> str:
    """The unit a file belongs to: seq2seq/search/beam.py -> search, train/tasks/loss.py -> train."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return parts[1] if parts[0] == "seq2seq" else parts[0]


def absolute_name(node: ast.ImportFrom, path: Path) -> str:
    """The dotted name that an import statement means, relative ones resolved."""
    if not node.level:
        return node.module or ""
    parts = list(path.relative_to(REPOSITORY).with_suffix("").parts)
    base = parts[: len(parts) - node.level]
    return ".".join(base + ([node.module] if node.module else []))


def imported_names(tree: ast.AST, path: Path) -> list[str]:
    """Every dotted name imported anywhere in a file, functions included."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = absolute_name(node, path)
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def imported_units(path: Path) -> set[str]:
    """The units of ours that a file imports."""
    units = set()
    for name in imported_names(ast.parse(path.read_text(encoding="utf-8")), path):
        parts = name.split(".")
        if parts[0] in ("train", "serve"):
            units.add(parts[0])
        elif parts[0] == "seq2seq" and len(parts) > 1:
            units.add(parts[1])
    return units


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_imports_point_down(path: Path) -> None:
    """A lower layer would know a higher one, or two neighbours would know each other."""
    unit = unit_of(path)
    if unit in ("__init__", "__main__"):
        return  # the entrance: it reaches everything by name, on use
    assert unit in LEVEL, f"{unit} is in no layer of the table"
    for other in imported_units(path) - {unit}:
        if other not in LEVEL:
            assert LEVEL[unit] >= LEVEL["commands"], f"{unit} imports seq2seq.{other} from above itself"
            continue
        assert LEVEL[other] < LEVEL[unit], (
            f"{unit} (layer {LEVEL[unit]}) imports {other} (layer {LEVEL[other]})"
        )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_import_of_ours_is_a_file(path: Path) -> None:
    """The table could be passed by with a name that is no unit, and the import would fail on use."""
    for other in imported_units(path):
        known = other in LEVEL or other.startswith("__") or other in public_names()
        assert known, f"{path.name} imports seq2seq.{other}, which is neither in the table nor public"


def public_names() -> set[str]:
    """The names that `seq2seq` itself offers (its __all__), read without importing it."""
    tree = ast.parse((REPOSITORY / "seq2seq" / "__init__.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            return set(ast.literal_eval(node.value))
    return set()


@pytest.mark.parametrize("name", ENTRANCE)
def test_entrance_loads_nothing_heavy(name: str) -> None:
    """`seq2seq --help` would wait for torch: a module it needs imports a heavy package at its top."""
    tree = ast.parse((REPOSITORY / name).read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    packages = {
        n.split(".")[0] for node in top for n in imported_names(ast.Module([node], []), REPOSITORY / name)
    }
    assert not packages & LAZY_AT_START


@pytest.mark.parametrize("package", ["train", "serve"])
def test_siblings_are_imported_relatively(package: str) -> None:
    """`train` and `serve` are common names: an absolute import could find somebody else's package."""
    for path in (REPOSITORY / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert (node.module or "").split(".")[0] != package, f"{path.name}: from {node.module}"
            elif isinstance(node, ast.Import):
                assert all(alias.name.split(".")[0] != package for alias in node.names), path.name


def test_search_knows_no_model() -> None:
    """Search would stop being usable with any step function: it imports the network."""
    for path in (REPOSITORY / "seq2seq" / "search").rglob("*.py"):
        assert imported_units(path) <= {"search", "options", "config", "text"}, path.name
