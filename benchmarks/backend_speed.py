"""Speed of the CTranslate2 back end, text to text, beside our search on torch and the bare engine.

    python benchmarks/backend_speed.py --source val.en [--model en-de --reference val.de]

The bare engine is `translate_batch` with SentencePiece by hand, on the same converted weights with the same
settings: what a user writes who takes CTranslate2 without us. It has no stages of fidelity, so that ours is
timed with them (as by default) and without. Greedy and with beam 5, one sentence at a time and all at once.
Each piece of work is done by both contestants in turns, by processor seconds on one thread.
With --reference BLEU (13a) of torch float32 and of both formats of CTranslate2 is printed, too.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ctranslate2
import sentencepiece
import torch
from rounds import processor_ratios
from sacrebleu.metrics.bleu import BLEU

from seq2seq.commands.lines import read_lines
from seq2seq.inference.backends.conversion import convert_to_ctranslate2
from seq2seq.inference.decoding import BUDGET
from seq2seq.inference.translator import Translator
from seq2seq.options import FIDELITY, DecodeOptions
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import TOKENIZER

PLAIN = DecodeOptions(**{name: False for name in FIDELITY})
Translate = Callable[[Sequence[str], int], list[str]]


def ours(translator: Translator, options: DecodeOptions | None = None) -> Translate:
    """Return a function from texts and a beam size to translations by a translator."""

    def translate(texts: Sequence[str], beam_size: int) -> list[str]:
        options_of_beam = replace(options or DecodeOptions(), beam_size=beam_size)
        return [each.text for each in translator.translate_batch(texts, options_of_beam)]

    return translate


def bare(translator: Translator, directory: Path, folder: Path) -> Translate:
    """Return the same by CTranslate2 and SentencePiece alone."""
    convert_to_ctranslate2(translator, folder, "int8")
    engine = ctranslate2.Translator(str(folder), compute_type="int8_float32", intra_threads=1)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(directory / TOKENIZER))
    tag = translator.tokenizer.pieces(translator.tag)

    def translate(texts: Sequence[str], beam_size: int) -> list[str]:
        sources = [[*tokens, *tag] for tokens in pieces.encode(list(texts), out_type=str)]
        results: list[Any] = engine.translate_batch(
            sources,
            beam_size=beam_size,
            max_batch_size=BUDGET,
            batch_type="tokens",
            max_decoding_length=2 * max(map(len, sources)) + 20,
        )
        return [pieces.decode(result.hypotheses[0]) for result in results]

    return translate


def race(name: str, pairs: dict[str, tuple[Translate, Translate]], work: list[list[str]]) -> None:
    """Print for each pair how many times as fast the first is as the other on these pieces of work."""
    for beam_size in (1, 5):
        for title, (fast, other) in pairs.items():
            spread = processor_ratios(
                lambda texts, beam=beam_size, run=other: run(texts, beam),
                lambda texts, beam=beam_size, run=fast: run(texts, beam),
                work,
            )
            print(f"{name}, beam {beam_size}, {title}: {spread}, {len(work)} pairs", flush=True)


def main() -> None:
    """Print the ratios, and with references the scores."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="en-de", help="a released model's name or a model directory")
    parser.add_argument("--source", required=True, help="one sentence a line")
    parser.add_argument("--reference", help="their translations, one a line, to print BLEU")
    parser.add_argument("--sentences", type=int, default=60, help="sentences one at a time")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all at once")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lines = list(read_lines(arguments.source))
    fast = Translator.from_pretrained(arguments.model, "cpu", "ctranslate2")
    slow = Translator.from_pretrained(arguments.model, "cpu", "torch")
    print(f"{fast.backend}, CTranslate2 {ctranslate2.__version__}, torch {torch.__version__}, one thread")
    with tempfile.TemporaryDirectory() as folder:
        engine = bare(slow, find_model(arguments.model), Path(folder))
        pairs = {
            "times torch": (ours(fast), ours(slow)),
            "times the bare engine": (ours(fast), engine),
            "without fidelity, times the bare engine": (ours(fast, PLAIN), engine),
        }
        race("one at a time", pairs, [[line] for line in lines[: arguments.sentences]])
        race(f"{len(lines)} at once", pairs, [lines] * arguments.rounds)
    if arguments.reference:
        exact = Translator.from_pretrained(arguments.model, "cpu", "ctranslate2", "float32")
        references = [list(read_lines(arguments.reference))]
        for beam_size in (1, 5):
            for translator in (slow, exact, fast):
                texts = ours(translator)(lines, beam_size)
                score = BLEU(tokenize="13a").corpus_score(texts, references).score
                print(f"BLEU, beam {beam_size}, {translator.backend}: {score:.2f}", flush=True)


if __name__ == "__main__":
    main()
