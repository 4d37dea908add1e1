"""What a run of `seq2seq synthesize` has translated so far, beside its table, for the run that goes on.

    pairs.tsv.part    a line that says who translates and how, then a line a text, in the order they came

A run that is stopped or killed loses what it was at. A file by other models or flags is begun anew; of one
that is damaged what comes before the damage is kept.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from seq2seq.storage.atomic import replace_file


class SynthesizedPair(NamedTuple):
    """A text and its translation, and how sure the model was: log p a piece."""

    text: str
    translation: str
    score: float


class ResumableTable:
    """Translations by `maker`, a line that tells this way to translate from others; kept as they come.

    Attributes:
        found: of each text that was translated, the pair; None where the translation was of no use.
    """

    def __init__(self, table: Path, maker: str):
        self.path = table.with_name(f"{table.name}.part")
        self.found: dict[str, SynthesizedPair | None] = {}
        lines = _whole_lines(self.path)
        if lines and lines[0] == maker:
            self.found = dict(_pairs(lines[1:]))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kept = [maker, *(_line(text, pair) for text, pair in self.found.items())]
        replace_file(self.path, "".join(f"{line}\n" for line in kept).encode())

    def add(self, text: str, pair: SynthesizedPair | None) -> None:
        """Keep what became of a text; OSError where the disk refuses it."""
        self.found[text] = pair
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{_line(text, pair)}\n")

    def remove(self) -> None:
        """Take the file away, once the table is written."""
        self.path.unlink()


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file but for a last one without its end; none where it is missing or no text."""
    try:
        return path.read_text(encoding="utf-8").split("\n")[:-1]
    except (FileNotFoundError, UnicodeDecodeError):
        return []


def _line(text: str, pair: SynthesizedPair | None) -> str:
    return json.dumps([text, *pair[1:]] if pair else [text])


def _pairs(lines: Iterable[str]) -> Iterator[tuple[str, SynthesizedPair | None]]:
    """What was kept, up to a line that is broken."""
    for line in lines:
        try:
            text, *rest = json.loads(line)
            yield text, SynthesizedPair(text, *rest) if rest else None
        except (ValueError, TypeError):
            return
