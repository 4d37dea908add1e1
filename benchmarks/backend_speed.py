"""Speed of the CTranslate2 back end, text to text, beside our search on torch and the bare engine.

    python benchmarks/backend_speed.py --source val.en [--model en-de --reference val.de]

The bare engine is `translate_batch` with SentencePiece by hand, on the same converted weights with the same
settings: what a user writes who takes CTranslate2 without us. Greedy and with beam 5, one sentence at a time
and all at once. Each piece of work is done by both contestants in turns, by processor seconds on one thread.
With --reference BLEU (13a) of torch float32 and of both formats of CTranslate2 is printed, too.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
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
from seq2seq.options import DecodeOptions
from seq2seq.storage.registry import find_model
from seq2seq.storage.settings import TOKENIZER

Translate = Callable[[Sequence[str], int], list[str]]


def ours(translator: Translator) -> Translate:
    """Return a function from texts and a beam size to translations by a translator."""

    def translate(texts: Sequence[str], beam_size: int) -> list[str]:
        options = DecodeOptions(beam_size=beam_size)
        return [each.text for each in translator.translate_batch(texts, options)]

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


def race(name: str, fast: Translate, others: dict[str, Translate], work: list[list[str]]) -> None:
    """Print how many times as fast as each of the others the back end is on these pieces of work."""
    for beam_size in (1, 5):
        for other, translate in others.items():
            spread = processor_ratios(
                lambda texts, beam=beam_size, run=translate: run(texts, beam),
                lambda texts, beam=beam_size: fast(texts, beam),
                work,
            )
            print(f"{name}, beam {beam_size}: {spread} times {other}, {len(work)} pairs", flush=True)


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
        others = {
            "torch float32": ours(slow),
            "the bare engine": bare(slow, find_model(arguments.model), Path(folder)),
        }
        race("one at a time", ours(fast), others, [[line] for line in lines[: arguments.sentences]])
        race(f"{len(lines)} at once", ours(fast), others, [lines] * arguments.rounds)
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
