"""`seq2seq synthesize`: texts translated by a model, or by several, as training pairs for another.

    texts -> translations with scores -> the best-scored share of them -> a table for data.synthetic

    sequence-level distillation   the source texts of a recipe, by an ensemble          --config
    forward-translation           other texts of the source language                    --text
    back-translation              texts of the target language, by the reverse model    --text

The table has a column for each language, so it serves both directions. Its third column is the score: the
log-probability per token, which is low where the model was unsure. The same command continues a stopped run.
"""

import argparse
import dataclasses
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from seq2seq.inference.backends.selection import add_backend
from seq2seq.inference.reranking import WEIGHT, NoisyChannel
from seq2seq.model.device import add_device
from seq2seq.options import DecodeOptions
from seq2seq.storage.atomic import replace_file
from seq2seq.storage.registry import each_name, find_model
from seq2seq.storage.settings import CONFIG
from seq2seq.text.tables import read_lines

# torch, lightning and datasets take seconds to import: --help and a mistyped flag do without them.
if TYPE_CHECKING:
    from seq2seq.inference.results import Translation
    from seq2seq.inference.translator import Translator


class SynthesizedPair(NamedTuple):
    """A text, its translation and its score: the log-probability per token."""

    text: str
    translation: str
    score: float


class ResumableTable:
    """The translations so far, beside the table, for the run that goes on.

        pairs.tsv.part    a line with the fingerprint of models and flags, then a line a text, in order

    A run that is stopped or killed loses the text it was at. A file of other models or flags is begun anew;
    of one that is damaged what comes before the damage is used.

    Attributes:
        pairs: of each text that was translated, the pair; None where the translation was of no use.
    """

    def __init__(self, table: Path, fingerprint: str):
        self.path = table.with_name(f"{table.name}.part")
        self.pairs: dict[str, SynthesizedPair | None] = {}
        lines = _whole_lines(self.path)
        if lines and lines[0] == fingerprint:
            self.pairs = dict(_read_pairs(lines[1:]))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [fingerprint, *(_line(text, pair) for text, pair in self.pairs.items())]
        replace_file(self.path, "".join(f"{line}\n" for line in lines).encode())

    def add(self, text: str, pair: SynthesizedPair | None) -> None:
        """Append the pair of a text, or that it has none; OSError where the disk refuses it."""
        self.pairs[text] = pair
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{_line(text, pair)}\n")

    def remove(self) -> None:
        """Remove the file, once the table is written."""
        self.path.unlink()


def _whole_lines(path: Path) -> list[str]:
    """Return the lines of a file that are complete; none where it is missing or not text."""
    try:
        return path.read_text(encoding="utf-8").split("\n")[:-1]
    except (FileNotFoundError, UnicodeDecodeError):
        return []


def _line(text: str, pair: SynthesizedPair | None) -> str:
    return json.dumps([text, *pair[1:]] if pair else [text])


def _read_pairs(lines: Iterable[str]) -> Iterator[tuple[str, SynthesizedPair | None]]:
    """Yield the pairs up to a line that is broken."""
    for line in lines:
        try:
            text, *rest = json.loads(line)
            yield text, SynthesizedPair(text, *rest) if rest else None
        except (ValueError, TypeError):
            return


class SynthesisParser(argparse.ArgumentParser):
    """An argument parser that raises its errors (ValueError) as one sentence."""

    def error(self, message: str) -> NoReturn:
        """Raise the error."""
        raise ValueError(f"{message}; see {self.prog} --help")


def make_parser() -> SynthesisParser:
    """Return the parser of the command's flags."""
    parser = SynthesisParser(
        "seq2seq synthesize",
        description="Translate texts with a model and write them as training pairs (distillation, forward- "
        "and back-translation).",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--model",
        metavar="M",
        required=True,
        help="a released name, a model directory or a hub id; several, separated by commas, form an ensemble",
    )
    texts = parser.add_mutually_exclusive_group(required=True)
    texts.add_argument(
        "--text", metavar="FILE", action="append", help="texts to translate, one a line; may be repeated"
    )
    texts.add_argument("--config", metavar="NAME", help="a recipe whose training texts are translated")
    parser.add_argument(
        "--to", metavar="FILE", type=Path, required=True, help="the table to write, its name ending in .tsv"
    )
    parser.add_argument(
        "--keep",
        metavar="X",
        type=float,
        default=1.0,
        help="share of the pairs to keep, those with the highest scores (default 1: all)",
    )
    parser.add_argument(
        "--source-language", metavar="L", help="language of the texts, if the model has several"
    )
    parser.add_argument(
        "--target-language",
        metavar="L",
        help="language of the translations, if the model has several",
    )
    size = DecodeOptions.beam_size
    parser.add_argument(
        "--beam-size", metavar="N", type=int, default=size, help=f"beam size of the search (default {size})"
    )
    parser.add_argument(
        "--rerank", metavar="M", help="a model of the reverse direction, which re-ranks the beam's hypotheses"
    )
    parser.add_argument(
        "--rerank-weight",
        metavar="X",
        type=float,
        default=WEIGHT,
        help=f"weight of that model's score (default {WEIGHT})",
    )
    add_device(parser)
    add_backend(parser, "torch")
    return parser


def main(argv: Sequence[str]) -> int:
    """Translate texts, keep the best pairs and write the table; report the counts on standard error."""
    arguments = make_parser().parse_args(argv)
    if not 0 < arguments.keep <= 1:
        raise ValueError(f"--keep is {arguments.keep:g}; give a share above 0 up to 1")
    if arguments.to.suffix != ".tsv":
        raise ValueError(f"--to is {arguments.to}; give a name that ends in .tsv")
    translator, languages = load(arguments)
    texts = unique_texts(
        texts_of_recipe(arguments.config, languages[0])
        if arguments.config
        else [line for name in arguments.text for line in read_lines(name)]
    )
    progress = ResumableTable(arguments.to, fingerprint(arguments, languages))
    pairs = translate(texts, translator, DecodeOptions(beam_size=arguments.beam_size), progress)
    if not pairs:
        raise ValueError(
            f"none of {len(texts)} texts gave a pair, all were unfinished or copied; check that they are "
            f"{languages[0]} and whole sentences"
        )
    kept = best(pairs, arguments.keep)
    write_table(arguments.to, languages, kept)
    progress.remove()
    print(
        f"{len(kept)} pairs of {len(texts)} texts written to {arguments.to}; {len(texts) - len(pairs)} were "
        f"unfinished or copied, {len(pairs) - len(kept)} scored lowest",
        file=sys.stderr,
    )
    return 0


def load(arguments: argparse.Namespace) -> "tuple[Translator, tuple[str, str]]":
    """Return the translator that the flags name, and its source and target language.

    Raises:
        ValueError: the model has several languages and the flags do not choose two.
    """
    from seq2seq.inference.translator import Translator

    translator = Translator.from_pretrained(
        each_name(arguments.model), arguments.device, arguments.backend, arguments.compute_type
    )
    translator = translator.directed(arguments.source_language, arguments.target_language)
    source, target = translator.source_language, translator.target_language
    if source is None or target is None:
        raise ValueError(
            "the model has several languages; choose two with --source-language and --target-language"
        )
    if arguments.rerank:
        reverse = Translator.from_pretrained(arguments.rerank, arguments.device, "torch")
        reverse = reverse.directed(target, source)
        translator.reranker = NoisyChannel(reverse, arguments.rerank_weight)
    return translator, (source, target)


def fingerprint(arguments: argparse.Namespace, languages: tuple[str, str]) -> str:
    """Return a hash of all that decides a translation: the models' configs, with checksums, and the flags."""
    reverse = [arguments.rerank] if arguments.rerank else []
    flags: tuple[object, ...] = languages, arguments.beam_size, arguments.rerank_weight, len(reverse)
    if arguments.backend != "torch":
        flags += arguments.backend, arguments.compute_type
    digest = hashlib.sha256(repr(flags).encode())
    for name in [*each_name(arguments.model), *reverse]:
        digest.update((find_model(name) / CONFIG).read_bytes())
    return digest.hexdigest()


def texts_of_recipe(named: str, language: str) -> list[str]:
    """Return the training texts of a recipe in one of its languages, cleaned as for a training.

    Raises:
        ValueError: the recipe is of a language model, names no data, or has not that language.
    """
    import yaml

    from .data.corpus import Corpus
    from .data.examples import load_examples
    from .run import check_config, find_config, model_kind

    path = find_config(named)
    check_config(path)
    if model_kind(["--config", str(path)]) == "decoder":
        raise ValueError(f"{path} is of a language model and names no pairs; give texts with --text")
    section = yaml.safe_load(path.read_text(encoding="utf-8")).get("data") or {}
    if not section.get("name") and not section.get("files"):
        raise ValueError(f"{path} names no data of its own; give texts with --text")
    fields = {field.name for field in dataclasses.fields(Corpus)} - {"synthetic"}
    corpora = [
        Corpus(**{name: value for name, value in corpus.items() if name in fields})
        for corpus in (section, *(section.get("also") or []))
    ]
    languages = sorted({name for corpus in corpora for name in corpus.spoken})
    if language not in languages:
        raise ValueError(
            f"the model reads {language}, but {path} has {' and '.join(languages)}; choose another"
        )
    training, _, _ = load_examples(corpora, section.get("held_out") or [])
    # The source goes last: a summary is of one language on both sides, and its source is what is translated.
    sides = [{pair.target_language: pair.target, pair.source_language: pair.source} for pair in training]
    return [texts[language] for texts in sides if language in texts]


def translate(
    texts: Sequence[str], translator: "Translator", options: DecodeOptions, progress: ResumableTable
) -> list[SynthesizedPair]:
    """Return the pairs of the texts, in their order; only texts not translated before are translated."""
    left = [text for text in texts if text not in progress.pairs]
    if len(left) < len(texts):
        print(f"{len(texts) - len(left)} texts were translated before, {len(left)} are left", file=sys.stderr)
    try:
        for text, result in zip(left, counted(translator.translate(left, options), len(left)), strict=True):
            progress.add(text, usable(result))
    except KeyboardInterrupt:
        print("\nseq2seq: stopped; the same command continues from here", file=sys.stderr)
        raise
    return [pair for text in texts if (pair := progress.pairs[text])]


def unique_texts(texts: Iterable[str]) -> list[str]:
    """Return each text once, its blanks collapsed, without empty ones; ValueError where there is none."""
    unique = list(dict.fromkeys(line for text in texts if (line := " ".join(text.split()))))
    if not unique:
        raise ValueError("there are no texts to translate; check the file")
    return unique


def counted(results: "Iterable[Translation]", total: int) -> "Iterator[Translation]":
    """Yield the results and, on a terminal, show how many there are so far."""
    shown = sys.stderr.isatty()
    for number, result in enumerate(results, 1):
        yield result
        if shown:
            print(f"\r{number} of {total} texts translated", end="\n" * (number == total), file=sys.stderr)


def usable(result: "Translation") -> SynthesizedPair | None:
    """Return the pair, or None where the translation is unfinished or a copy of its source."""
    translation = " ".join(result.text.split())
    if result.finish != "end" or not translation or translation == result.source or not result.tokens:
        return None
    return SynthesizedPair(result.source, translation, result.log_probability / (len(result.tokens) + 1))


def best(pairs: Sequence[SynthesizedPair], share: float) -> list[SynthesizedPair]:
    """Return the share of pairs with the highest scores, at least one, in their order."""
    ranked = sorted(range(len(pairs)), key=lambda place: (-pairs[place].score, place))
    return [pairs[place] for place in sorted(ranked[: max(1, round(share * len(pairs)))])]


def write_table(path: Path, languages: tuple[str, str], pairs: Iterable[SynthesizedPair]) -> None:
    """Write a TSV of text, translation and score, its columns named by `columns_of`."""
    from .data.corpus import columns_of

    rows = ["\t".join([*columns_of(*languages), "score"])]
    rows += [f"{pair.text}\t{pair.translation}\t{pair.score:.4f}" for pair in pairs]
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, ("\n".join(rows) + "\n").encode())
