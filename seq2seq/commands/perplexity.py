"""`seq2seq evaluate --text`: how well a language model foretells a text.

Nats a character compare models with different vocabularies, perplexity a token those with the same. The
text is read in windows of the model's context that carry nothing over, as nanoGPT's published losses are.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from seq2seq.commands.lines import read_lines
from seq2seq.commands.reverse import FOUND
from seq2seq.options import option_fields
from seq2seq.storage.registry import find_model

if TYPE_CHECKING:
    from seq2seq.inference.generator import LikelihoodMeasure

OF_TRANSLATIONS = (
    "source", "reference", "pairs", "columns", "lowercase", "moses", "csv", "gold", "report", "rerank",
    "rerank_weight", "source_language", "target_language",
)  # fmt: skip


def measure_text(arguments: argparse.Namespace) -> int:
    """Measure each model on the text and print; gives back the exit code."""
    _check(arguments)
    text = "".join(f"{line}\n" for line in read_lines(arguments.text))
    from seq2seq.inference.generator import Generator

    found = {}
    for name in arguments.model:
        found[name] = Generator.from_pretrained(find_model(name), arguments.device).measure(text)
    if arguments.json:
        models = [{"model": name, **measure._asdict()} for name, measure in found.items()]
        sys.stdout.write(json.dumps({"models": models}, ensure_ascii=False) + "\n")
    else:
        for name, measure in found.items():
            sys.stdout.write(_line(name, measure))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse (ValueError) a flag that says something of translations; of a search, those that were given."""
    given = vars(arguments)
    asked = [name for name in OF_TRANSLATIONS if given[name] is not None and given[name] is not False]
    asked += ["reverse"] if arguments.reverse != FOUND else []
    asked += [option.name for option in option_fields() if option.name in given]
    for name in asked:
        flag = "--" + name.replace("_", "-")
        raise ValueError(f"--text measures language models, and {flag} is for translations; choose one")


def _line(name: str, measure: "LikelihoodMeasure") -> str:
    return (
        f"{name}: {measure.nats:.4f} nats a character, perplexity {measure.perplexity:.2f} a token "
        f"({measure.characters:,} characters, {measure.tokens:,} tokens)\n"
    )
