"""`seq2seq synthesize`: texts translated by a model, or by several, as training pairs for another.

    texts -> translations with scores -> the best-scored share of them -> a table for data.synthetic

    sequence-level distillation   the source texts of a recipe, by an ensemble          --config
    forward-translation           other texts of the source language                    --text
    back-translation              texts of the target language, by the reverse model    --text

The table has a column a language, so it serves both directions: what a person wrote may be the source or the
target. Score is the log-probability a piece; where it is low, the model was guessing. The same command goes
on where a run was stopped.
"""

import argparse
import dataclasses
import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import yaml

from seq2seq.inference.reranking import WEIGHT, NoisyChannel
from seq2seq.inference.results import Translation
from seq2seq.inference.translator import Translator
from seq2seq.model.device import add_device
from seq2seq.options import DecodeOptions
from seq2seq.storage.atomic import replace_file
from seq2seq.storage.registry import each_name, find_model
from seq2seq.storage.settings import CONFIG

from .data.corpus import Corpus, columns_of
from .data.examples import load_examples
from .data.files import read_lines
from .run import check_config, find_config, model_kind
from .unfinished import ResumableTable, SynthesizedPair


class SynthesisParser(argparse.ArgumentParser):
    """An argument parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def make_parser() -> SynthesisParser:
    """The command's flags."""
    parser = SynthesisParser(
        "seq2seq synthesize", description="Translate texts into training pairs.", allow_abbrev=False
    )
    parser.add_argument(
        "--model", metavar="M", required=True, help="several, joined by commas, are an ensemble"
    )
    texts = parser.add_mutually_exclusive_group(required=True)
    texts.add_argument("--text", metavar="FILE", action="append", help="texts, one a line; given again: more")
    texts.add_argument("--config", metavar="NAME", help="a recipe, whose training texts are taken")
    parser.add_argument("--to", metavar="FILE", type=Path, required=True, help="the table to write, a .tsv")
    parser.add_argument(
        "--keep", metavar="X", type=float, default=1.0, help="share to keep, best scores first"
    )
    parser.add_argument("--source-language", metavar="L", help="language of the texts, if the model has more")
    parser.add_argument("--target-language", metavar="L", help="language to write, if the model has more")
    parser.add_argument("--beam-size", metavar="N", type=int, default=DecodeOptions.beam_size)
    parser.add_argument("--rerank", metavar="M", help="a model of the other direction, to choose in the beam")
    parser.add_argument("--rerank-weight", metavar="X", type=float, default=WEIGHT)
    add_device(parser)
    return parser


def main(argv: Sequence[str]) -> int:
    """Translate, choose and write; says on standard error what became of the texts."""
    arguments = make_parser().parse_args(argv)
    if not 0 < arguments.keep <= 1:
        raise ValueError(f"--keep is {arguments.keep:g}; give a share above 0 up to 1")
    if arguments.to.suffix != ".tsv":
        raise ValueError(f"--to is {arguments.to}; give a name that ends in .tsv")
    translator, languages = load(arguments)
    texts = worth_translating(
        texts_of_recipe(arguments.config, languages[0])
        if arguments.config
        else [line for name in arguments.text for line in read_lines(name)]
    )
    unfinished = ResumableTable(arguments.to, maker(arguments, languages))
    made = translated(texts, translator, DecodeOptions(beam_size=arguments.beam_size), unfinished)
    if not made:
        raise ValueError(
            f"none of {len(texts)} texts gave a pair, all were unfinished or copied; check that they are "
            f"{languages[0]} and whole sentences"
        )
    kept = best(made, arguments.keep)
    write_table(arguments.to, languages, kept)
    unfinished.remove()
    print(
        f"{len(kept)} pairs of {len(texts)} texts written to {arguments.to}; {len(texts) - len(made)} were "
        f"unfinished or copied, {len(made) - len(kept)} scored lowest",
        file=sys.stderr,
    )
    return 0


def load(arguments: argparse.Namespace) -> tuple[Translator, tuple[str, str]]:
    """The translator that the flags ask for, and the languages it is to translate between."""
    translator = Translator.from_pretrained(each_name(arguments.model), arguments.device)
    translator = translator.directed(arguments.source_language, arguments.target_language)
    source, target = translator.source_language, translator.target_language
    if source is None or target is None:
        raise ValueError(
            "the model speaks several languages; choose two with --source-language and --target-language"
        )
    if arguments.rerank:
        reverse = Translator.from_pretrained(arguments.rerank, arguments.device).directed(target, source)
        translator.reranker = NoisyChannel(reverse, arguments.rerank_weight)
    return translator, (source, target)


def maker(arguments: argparse.Namespace, languages: tuple[str, str]) -> str:
    """What decides a translation, in a line: the models, by the checksums in their configs, and the flags."""
    reverse = [arguments.rerank] if arguments.rerank else []
    flags = languages, arguments.beam_size, arguments.rerank_weight, len(reverse)
    digest = hashlib.sha256(repr(flags).encode())
    for name in [*each_name(arguments.model), *reverse]:
        digest.update((find_model(name) / CONFIG).read_bytes())
    return digest.hexdigest()


def texts_of_recipe(named: str, language: str) -> list[str]:
    """The training texts of a recipe in one of its languages, cleaned as a training cleans them."""
    path = find_config(named)
    check_config(path)
    if model_kind(["--config", str(path)]) == "decoder":
        raise ValueError(f"{path} is of a language model and names no pairs; give texts with --text")
    section = yaml.safe_load(path.read_text(encoding="utf-8")).get("data") or {}
    if not section.get("name") and not section.get("files"):
        raise ValueError(f"{path} names no data of its own; give texts with --text")
    known = {field.name for field in dataclasses.fields(Corpus)} - {"synthetic"}
    corpora = [
        Corpus(**{name: value for name, value in each.items() if name in known})
        for each in (section, *(section.get("also") or []))
    ]
    spoken = sorted({name for corpus in corpora for name in corpus.spoken})
    if language not in spoken:
        raise ValueError(f"the model reads {language}, but {path} has {' and '.join(spoken)}; choose another")
    training, _, _ = load_examples(corpora, section.get("held_out") or [])
    # The source goes last: a summary is of one language on both sides, and its target is not asked for.
    sides = [{each.target_language: each.target, each.source_language: each.source} for each in training]
    return [texts[language] for texts in sides if language in texts]


def translated(
    texts: Sequence[str], translator: Translator, options: DecodeOptions, unfinished: ResumableTable
) -> list[SynthesizedPair]:
    """The pairs that the texts gave, in their order; only what was not translated before is translated."""
    left = [text for text in texts if text not in unfinished.found]
    if len(left) < len(texts):
        print(f"{len(texts) - len(left)} texts were translated before, {len(left)} are left", file=sys.stderr)
    try:
        for text, result in zip(left, counted(translator.translate(left, options), len(left)), strict=True):
            unfinished.add(text, usable(result))
    except KeyboardInterrupt:
        print("\nseq2seq: stopped; the same command goes on from here", file=sys.stderr)
        raise
    return [pair for text in texts if (pair := unfinished.found[text])]


def worth_translating(texts: Iterable[str]) -> list[str]:
    """Each text once, in one line; ValueError where there is none."""
    found = list(dict.fromkeys(line for text in texts if (line := " ".join(text.split()))))
    if not found:
        raise ValueError("there are no texts to translate; check the file")
    return found


def counted(results: Iterable[Translation], total: int) -> Iterator[Translation]:
    """The results as they come, counted on a terminal."""
    shown = sys.stderr.isatty()
    for number, result in enumerate(results, 1):
        yield result
        if shown:
            print(f"\r{number} of {total} texts translated", end="\n" * (number == total), file=sys.stderr)


def usable(result: Translation) -> SynthesizedPair | None:
    """The pair, if the translation came to its end and says something else than its source."""
    translation = " ".join(result.text.split())
    if result.finish != "end" or not translation or translation == result.source or not result.tokens:
        return None
    return SynthesizedPair(result.source, translation, result.log_probability / (len(result.tokens) + 1))


def best(made: Sequence[SynthesizedPair], share: float) -> list[SynthesizedPair]:
    """The share with the highest scores, at least one, in the order they came."""
    ranked = sorted(range(len(made)), key=lambda place: (-made[place].score, place))
    return [made[place] for place in sorted(ranked[: max(1, round(share * len(made)))])]


def write_table(path: Path, languages: tuple[str, str], pairs: Iterable[SynthesizedPair]) -> None:
    """A TSV whose columns are the languages, or source and target where they are one, and the score."""
    rows = ["\t".join([*columns_of(*languages), "score"])]
    rows += [f"{pair.text}\t{pair.translation}\t{pair.score:.4f}" for pair in pairs]
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, ("\n".join(rows) + "\n").encode())
