"""The wheel holds packages, recipes, models and the command; the pins fit the requirements."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


@pytest.fixture(scope="module")
def project(repository: Path) -> dict:
    """pyproject.toml, parsed."""
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pins(repository: Path) -> dict[str, str]:
    """Package -> version of constraints.txt."""
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The built wheel, opened."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def tracked(repository: Path, *patterns: str) -> list[str]:
    """Return the files that git tracks and that exist, as paths from the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=repository, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [path for path in listed.stdout.splitlines() if (repository / path).is_file()]


def test_wheel_holds_every_tracked_file_of_the_packages(repository: Path, wheel: zipfile.ZipFile) -> None:
    """The wheel has every tracked file of the three packages."""
    packaged = tracked(repository, "seq2seq", "train", "serve")
    assert set(packaged) <= set(wheel.namelist())


def test_wheel_holds_every_recipe(repository: Path, wheel: zipfile.ZipFile) -> None:
    """The wheel has every recipe, inside the package."""
    recipes = {f"seq2seq/{path}" for path in tracked(repository, "configs")}
    assert recipes <= set(wheel.namelist())


def test_wheel_ships_the_types(wheel: zipfile.ZipFile) -> None:
    """The wheel marks the library as typed, so that a user's checker reads its annotations."""
    assert "seq2seq/py.typed" in wheel.namelist()


def test_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    """The wheel installs the three packages and nothing beside them."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"seq2seq", "train", "serve"}


def test_released_models_are_whole_in_the_wheel(repository: Path, wheel: zipfile.ZipFile) -> None:
    """The wheel has all files of every released model."""
    names = set(wheel.namelist())
    for folder in (path for path in (repository / "seq2seq" / "models").iterdir() if path.is_dir()):
        for file in ("config.json", "model.safetensors", "tokenizer.model", "README.md"):
            assert f"seq2seq/models/{folder.name}/{file}" in names


def third_party(folder: Path) -> set[str]:
    """Return the distributions that the files of a package import, ours and the standard library left out."""
    modules = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules.add(node.module.split(".")[0])
    foreign = modules - sys.stdlib_module_names - {"seq2seq", "train", "serve"}
    known = packages_distributions()
    return {canonicalize_name(known.get(module, [module])[0]) for module in foreign}


@pytest.mark.parametrize("package", ["seq2seq", "train", "serve"])
def test_imported_packages_are_required(repository: Path, project: dict, package: str) -> None:
    """Every distribution that a package imports is required; the library imports those of some extras on use.

    Requirements of a required package count, too: gradio brings fastapi, pydantic and uvicorn.
    """
    lines = list(project["project"]["dependencies"])
    extras = project["project"]["optional-dependencies"]
    for extra in ("fast", "onnx", "transformers") if package == "seq2seq" else (package,):
        lines += extras[extra]
    named = {canonicalize_name(Requirement(line).name) for line in lines}
    brought = {Requirement(line) for name in named for line in distribution(name).requires or []}
    given = named | {canonicalize_name(requirement.name) for requirement in brought}
    assert third_party(repository / package) <= given


def test_console_command_starts_the_command_line(project: dict) -> None:
    """The command `seq2seq` starts the command line."""
    assert project["project"]["scripts"] == {"seq2seq": "seq2seq.cli:main"}


def test_every_requirement_is_pinned(project: dict, pins: dict[str, str]) -> None:
    """Every direct dependency has a pin."""
    extras = project["project"]["optional-dependencies"]
    wanted = [line for lines in extras.values() for line in lines] + project["project"]["dependencies"]
    names = {canonicalize_name(Requirement(line).name) for line in wanted} - {"seq2seq"}
    assert names <= pins.keys()


def test_pins_fit_the_requirements(project: dict, pins: dict[str, str]) -> None:
    """Every pin lies in the range of its requirement."""
    extras = project["project"]["optional-dependencies"]
    wanted = [line for lines in extras.values() for line in lines] + project["project"]["dependencies"]
    for requirement in map(Requirement, wanted):
        if requirement.name != "seq2seq":
            assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_pins_are_what_runs_here(pins: dict[str, str]) -> None:
    """The tests run with the pinned versions of the packages that figures depend on."""
    for name in ("torch", "lightning", "datasets", "gradio", "sentencepiece", "sacrebleu", "transformers"):
        assert distribution(name).version.split("+")[0] == pins[name]


def test_no_file_names_a_package_index(repository: Path) -> None:
    """No file names a package index, so that users get the builds for their own machine."""
    for name in ("pyproject.toml", "constraints.txt", "README.md", "README.zh.md", ".ci/run"):
        assert not re.search(r"index-url|find-links|download\.pytorch\.org", (repository / name).read_text())


def test_lightning_is_kept_off_the_malicious_releases(project: dict) -> None:
    """Lightning's malicious releases are excluded, and older ones, which run code from a checkpoint."""
    lines = project["project"]["optional-dependencies"]["train"]
    lightning = next(Requirement(line) for line in lines if line.startswith("lightning"))
    allowed = [version for version in ("2.5.0", "2.6.2", "2.6.3", "2.6.5") if version in lightning.specifier]
    assert allowed == []
