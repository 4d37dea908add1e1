"""Recipes by name, and the folder of a run: runs/<config name>.

config.yaml  tokenizer.model  links.gz  *.tokens  logs/  checkpoints/  model/
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml
from filelock import FileLock, Timeout

from .callbacks.checkpoint_io import BEST, LAST, PREVIOUS, newest_checkpoint, remove_unfinished

ROOT = Path("runs")


def find_config(named: str) -> Path:
    """Return the file that --config names: a path, or the bare name of a shipped recipe.

    Raises:
        ValueError: neither exists; the sentence lists the recipes.
    """
    path = Path(named)
    if path.is_file():
        return path
    places = [folder / f"{named.removesuffix('.yaml')}.yaml" for folder in recipe_folders()]
    for place in places:
        if place.is_file():
            return place
    recipes = sorted({file.stem for folder in recipe_folders() for file in folder.glob("*.yaml")})
    raise ValueError(
        f"--config {named} is neither a file nor a shipped recipe; the recipes are {', '.join(recipes)}"
    )


def check_config(path: Path) -> None:
    """Check that a config file holds sections of settings; their values are checked later.

    Raises:
        ValueError: it is not YAML, or not a mapping.
    """
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, UnicodeError) as error:
        raise ValueError(f"{path} cannot be read as YAML ({error}); mend it") from error
    if not isinstance(config, dict) or any(isinstance(section, list) for section in config.values()):
        raise ValueError(f"{path} holds {str(config)[:40]!r}, not sections of settings: data: {{name: ...}}")


def resolve_configs(argv: list[str]) -> tuple[list[str], str]:
    """Return the arguments with each --config as a path, and the name of the first.

    Configs come first: a flag wins over all of them, wherever it stands.
    """
    args: list[str] = []
    paths: list[Path] = []
    rest = iter(argv)
    for arg in rest:
        if arg in ("-c", "--config") or arg.startswith("--config="):
            named = arg.partition("=")[2] if "=" in arg else next(rest, "")
            paths.append(find_config(named))
            check_config(paths[-1])
        else:
            args.append(arg)
    if not paths and not {"-h", "--help"} & set(argv):
        raise ValueError("--config is missing; name a recipe or a YAML file, such as --config quickstart")
    configs = [word for path in paths for word in ("--config", str(path))]
    return [*configs, *args], paths[0].stem if paths else ""


def model_kind(args: Sequence[str]) -> str:
    """Return the kind of model that configs and flags set; the last one counts.

    The sections of a recipe depend on it, so it is needed before they are parsed.
    """
    kind = "encoder_decoder"
    for position, arg in enumerate(args):
        flag, equals, value = arg.partition("=")
        value = value if equals else next(iter(args[position + 1 : position + 2]), "")
        if flag in ("-c", "--config") and Path(value).is_file():
            model = yaml.safe_load(Path(value).read_text(encoding="utf-8")).get("model") or {}
            kind = model.get("kind", kind)
        elif flag == "--model.kind":
            kind = value
    return kind


def recipe_naming(file: str, configs: Iterable[Path]) -> Path | None:
    """Return the shipped recipe among some configs that names a file; its first lines say how to get it."""
    shipped = (path for path in configs if path.parent in recipe_folders())
    return next((path for path in shipped if file in path.read_text(encoding="utf-8")), None)


def recipe_folders() -> list[Path]:
    """Return the folders of recipes: beside the packages in a checkout, inside seq2seq once installed."""
    here = Path(__file__).resolve().parent.parent
    return [folder for folder in (here / "configs", here / "seq2seq" / "configs") if folder.is_dir()]


class RunFolder:
    """The files of one run."""

    def __init__(self, path: Path):
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.tokenizer = path / "tokenizer.model"
        self.links = path / "links.gz"
        self.model = path / "model"
        self.logs = path / "logs"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Lock the folder: another process that trains in it would overwrite checkpoints.

        Raises:
            ValueError: another process trains in it.
        """
        if "LOCAL_RANK" in os.environ:  # one of several processes of a run; the first has claimed it
            yield
            return
        self.path.mkdir(parents=True, exist_ok=True)
        lock = self.path / ".lock"
        try:
            with FileLock(lock, timeout=0):  # the system releases it, however the process ends
                try:
                    yield
                finally:
                    lock.unlink(missing_ok=True)
                    if not any(self.path.iterdir()):  # the training did not begin
                        self.path.rmdir()
        except Timeout as error:
            raise ValueError(
                f"{self.path} is in use by another training; wait for it, or choose another folder with "
                "--run_dir"
            ) from error

    def prepare(self, ckpt_path: str | None) -> tuple[Path | None, list[str]]:
        """Return the checkpoint to resume from (None: start anew), and what was wrong with others.

        Raises:
            ValueError: there is nothing to resume, or a run would be overwritten.
        """
        if "LOCAL_RANK" not in os.environ:
            remove_unfinished(self.checkpoints)
        if ckpt_path == "last":
            return newest_checkpoint(self.checkpoints)
        if ckpt_path is not None:
            raise ValueError(f"--ckpt_path is {ckpt_path!r}; only last is possible, the run's own checkpoint")
        # Of several processes the first has checked this and begun; the others find its files.
        started = any((self.checkpoints / name).is_file() for name in (LAST, PREVIOUS, BEST))
        if started and "LOCAL_RANK" not in os.environ:
            raise ValueError(
                f"{self.path} holds a run already; resume it with --ckpt_path last, or move it away, or "
                "choose another folder with --run_dir"
            )
        return None, []

    def next_log(self) -> str:
        """Return a new name for this process's CSV log; earlier logs of the run stay."""
        return f"part_{len(list(self.logs.glob('csv/part_*'))) + 1}"
