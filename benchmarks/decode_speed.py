"""Translation speed beside `transformers`' `generate`: same weights, same sentences, in one run.

    python benchmarks/decode_speed.py [--model DIRECTORY --source test.en]

Both go from token ids to token ids, greedy and with beam 5, one sentence and 32 at a time. Without
--model, which must have sinusoidal positions as the peer has, the weights are random; without --source
the sentences are random ids as long as captions.
The peer has its KV cache and fused attention, and stops as ours does, when nothing better can come
(early_stopping="never"): then both find the same texts, and how many were the same is printed.
"""

import argparse
import random

import torch
from rounds import compare, conditions
from twins import Twin, make_twin

from seq2seq.commands.lines import read_lines
from seq2seq.config import PAD, ModelConfig
from seq2seq.inference.translator import Translator
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.search import decode

NEW_TOKENS = 40


def random_model() -> Transformer:
    """Return a model of the shipped recipe's shape with fresh weights."""
    torch.manual_seed(1)
    return Transformer(ModelConfig(vocabulary_size=10000, max_length=128))


def random_sources(count: int, vocabulary_size: int) -> list[list[int]]:
    """Return sentences of 8 to 20 random tokens."""
    generator = random.Random(1)
    return [
        [generator.randrange(4, vocabulary_size) for _ in range(generator.randint(8, 20))]
        for _ in range(count)
    ]


def translate(model: Transformer, sources: list[list[int]], options: DecodeOptions) -> list[list[int]]:
    """Return the best translation of each sentence, all in one batch, by our search."""
    source = make_batch(sources).source
    with torch.inference_mode():
        state = model.start(model.encode(source), source != PAD, NEW_TOKENS + 1)
        found = decode(model.step, state, len(sources), [NEW_TOKENS] * len(sources), options)
    return [hypotheses[0].tokens for hypotheses in found]


def generate(twin: Twin, sources: list[list[int]], options: DecodeOptions) -> list[list[int]]:
    """Return the same by transformers' `generate`."""
    source = make_batch(sources).source
    with torch.inference_mode():
        found = twin.generate(
            input_ids=source,
            attention_mask=(source != PAD).long(),
            num_beams=options.beam_size,
            do_sample=False,
            length_penalty=options.length_penalty,
            early_stopping="never" if options.beam_size > 1 else None,
            max_new_tokens=NEW_TOKENS,
        )
    return [[token for token in row if token > 3] for row in found.tolist()]


def read_sources(translator: Translator, file: str, most: int) -> list[list[int]]:
    """Return the first sentences of a file as ids, with the target tag where the model has several."""
    return [translator.tokenizer.encode(line) + translator.tag for line in read_lines(file)[:most]]


def load(name: str | None) -> tuple[Transformer, Translator | None]:
    """Return a released model or model directory, or random weights."""
    if name is None:
        return random_model().eval(), None
    translator = Translator.from_pretrained(name, device="cpu")
    return translator.model, translator


def main() -> None:
    """Print a line for each of greedy and beam 5 at batch 1 and 32."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", help="a released model's name or a model directory (default: random weights)"
    )
    parser.add_argument("--source", help="one sentence a line (default: random ids)")
    parser.add_argument("--rounds", type=int, default=1, help="more for a steadier figure")
    parser.add_argument("--sentences", type=int, default=64, help="sentences a round")
    arguments = parser.parse_args()

    model, translator = load(arguments.model)
    if translator is not None and arguments.source is not None:
        sources = read_sources(translator, arguments.source, arguments.sentences)
    else:
        sources = random_sources(arguments.sentences, model.config.vocabulary_size)
    try:
        twin = make_twin(model)
    except ValueError as error:
        parser.error(str(error))
    print(conditions(), flush=True)
    for beam in (1, 5):
        for rows in (1, 32):
            options = DecodeOptions(beam_size=beam)
            print(race(model, twin, sources, options, rows, arguments.rounds), flush=True)


def race(
    model: Transformer,
    twin: Twin,
    sources: list[list[int]],
    options: DecodeOptions,
    rows: int,
    rounds: int,
) -> str:
    """Return one line: both contestants on the same sentences, `rows` at a time."""
    batches = [sources[first : first + rows] for first in range(0, len(sources), rows)]
    ours = [ids for batch in batches for ids in translate(model, batch, options)]
    theirs = [ids for batch in batches for ids in generate(twin, batch, options)]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    comparison = compare(
        f"beam {options.beam_size}, batch {rows}",
        batches,
        len,
        lambda batch: translate(model, batch, options),
        lambda batch: generate(twin, batch, options),
        rounds if rows == 1 else 8 * rounds,
    )
    return f"{comparison.line('sentences/s')}   same output: {same} of {len(ours)}"


if __name__ == "__main__":
    main()
