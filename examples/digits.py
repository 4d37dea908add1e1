"""Handwriting recognition: cross-attention over an image, and over an image and a question together.

    strip --convolutions, columns, self-attention--> [B, W / 4, X]      the image
    question --embed, self-attention--> [B, Q, X]                       appended, if there is one
    both --`Transformer.start`, `step`--> "three one four", or the one word that answers

The decoder is that of translation; only its memory differs. The model is never told where a digit stands: the
columns that a word attends to are learned from the words alone.

    python examples/digits.py
    python examples/digits.py --look docs/figures/strip.json        data for docs/figures/draw_strip.py
"""

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from interactions import natural
from progress import show_progress
from strips import DIGIT, HEIGHT, MOST, NONE, WORDS, Digits, Strips, load_digits, make_strips
from torch import Tensor, nn
from torch.nn import functional

from seq2seq import DecodeOptions
from seq2seq.attention import AttentionConfig, padding_mask
from seq2seq.attention.positions import SinusoidalPositions
from seq2seq.config import PAD, ModelConfig
from seq2seq.model.batch import make_batch, pad
from seq2seq.model.layers import Embedding, EncoderLayer, Stack
from seq2seq.model.transformer import Transformer
from seq2seq.search import decode

STRIDE = 4  # pixels of a column of the memory, which sees four more on either side
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "last")
VOCABULARY = ("<pad>", "<unk>", "<s>", "</s>", *WORDS, "which", "digit", "is", *ORDINALS)
IDS = {word: number for number, word in enumerate(VOCABULARY)}


class Memory(NamedTuple):
    """Input of a decoder: states [B, S, X], and a mask of the real ones [B, S]."""

    states: Tensor
    mask: Tensor


def convolution(channels: int, wider: int, stride: int = 2) -> list[nn.Module]:
    """Return a convolution with normalization over neighbours, so that blank paper does not hide ink."""
    size = 3 if stride == 1 else 4  # so that a patch is centred on the pixels it stands for
    conv = nn.Conv2d(channels, wider, size, stride=stride, padding=1, bias=False)
    return [conv, nn.BatchNorm2d(wider), nn.ReLU()]


class Reader(nn.Module):
    """Image encoder, question encoder, and a decoder over both."""

    def __init__(self, width: int = 64, seen: int = 48):
        super().__init__()
        self.config = ModelConfig(
            vocabulary_size=len(VOCABULARY),
            width=width,
            feed_forward=2 * width,
            encoder_layers=0,
            decoder_layers=2,
            norm_order="pre",
            cross_attention=AttentionConfig(heads=2),
            dropout=0.0,
            max_length=16,
            memory_width=seen,
        )
        sight = ModelConfig(
            vocabulary_size=len(VOCABULARY),
            width=seen,
            feed_forward=2 * seen,
            norm_order="pre",
            activation="gelu",
            dropout=0.0,
        )
        self.convolutions = nn.Sequential(*convolution(1, 12, 1), *convolution(12, 24), *convolution(24, 48))
        self.columns = nn.Sequential(nn.Linear(48 * (HEIGHT // STRIDE), seen), nn.LayerNorm(seen))
        self.positions = SinusoidalPositions(sight.max_length, seen)
        self.seeing = Stack[EncoderLayer](EncoderLayer(sight) for _ in range(2))
        self.words = Embedding(sight)
        self.asking = EncoderLayer(sight)
        self.norm = nn.LayerNorm(seen)
        self.transformer = Transformer(self.config)

    def see(self, strips: Strips) -> Memory:
        """Encode strips as columns."""
        paper = -strips.images.shape[2] % STRIDE + STRIDE  # so that the last column sees what all others do
        images = functional.pad(strips.images, (0, paper))
        x = self.columns(self.convolutions(images[:, None]).permute(0, 3, 1, 2).flatten(2))
        mask = torch.arange(x.shape[1]) * STRIDE < strips.widths[:, None]
        x = x + self.positions(torch.arange(x.shape[1]))
        for layer in self.seeing:
            x, _ = layer(x, padding_mask(mask))
        return Memory(self.norm(x), mask)

    def ask(self, seen: Memory, questions: Sequence[Sequence[str]]) -> Memory:
        """Append a question to each encoded strip; a question without words asks for all digits."""
        asked = pad([[IDS[word] for word in question] for question in questions])
        there = asked != PAD
        x = self.words(asked) + self.positions(torch.arange(asked.shape[1]))
        x, _ = self.asking(x, padding_mask(there))
        return Memory(torch.cat([seen.states, self.norm(x)], dim=1), torch.cat([seen.mask, there], dim=1))

    def loss(self, memory: Memory, texts: Sequence[Sequence[str]]) -> Tensor:
        """Return the mean cross-entropy of each next word."""
        batch = make_batch([[]] * len(texts), [[IDS[word] for word in text] for text in texts])
        assert batch.target_input is not None and batch.target_output is not None
        logits = self.transformer.decode(*memory, batch.target_input).logits
        return functional.cross_entropy(
            logits.flatten(0, 1), batch.target_output.flatten(), ignore_index=PAD, label_smoothing=0.05
        )

    @torch.inference_mode()
    def read(self, memory: Memory) -> list[list[str]]:
        """Return the most likely words for each memory."""
        rows = len(memory.states)
        state = self.transformer.start(*memory, MOST + 2)
        found = decode(self.transformer.step, state, rows, [MOST + 1] * rows, DecodeOptions(beam_size=1))
        return [[VOCABULARY[token] for token in best.tokens] for best, *_ in found]

    @torch.inference_mode()
    def look(self, memory: Memory, texts: Sequence[Sequence[str]]) -> Tensor:
        """Return the attention of each word of a text: [L, B, T, S]."""
        given = make_batch([[]] * len(texts), [[IDS[word] for word in text] for text in texts]).target_input
        assert given is not None
        maps = self.transformer.decode(*memory, given, need_weights=True).maps
        assert maps is not None
        return torch.stack(maps.cross).mean(dim=2)


def make_questions(strips: Strips, chance: torch.Generator) -> tuple[list[list[str]], list[list[str]]]:
    """Return a question about each strip, and its answer."""
    questions, answers = [], []
    for words in strips.words():
        place = int(torch.randint(len(words) + 1, (1,), generator=chance))  # one more: the last
        ordinal = ORDINALS[-1] if place == len(words) else ORDINALS[place]
        questions.append(["which", "digit", "is", ordinal])
        answers.append([words[min(place, len(words) - 1)]])
    return questions, answers


def train(reader: Reader, digits: Digits, arguments: argparse.Namespace) -> None:
    """Train a reader to read strips, and to answer questions about them."""
    chance = torch.Generator().manual_seed(arguments.seed)
    optimizer = torch.optim.AdamW(reader.parameters(), lr=arguments.learning_rate, weight_decay=0.05)
    steps, warmup = arguments.steps, max(1, arguments.steps // 20)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda n: min(1, (n + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * n / steps))
    )
    reader.train()
    for step in range(1, steps + 1):
        longest = min(MOST, 1 + 10 * step // steps)  # what a digit is comes before where it stands
        strips = make_strips(digits, arguments.batch, chance, learn=longest)
        questions, texts = make_questions(strips, chance)
        every = len(strips) // 2  # of the first half of the strips all digits are asked for
        questions[:every], texts[:every] = [[] for _ in range(every)], strips.words()[:every]
        loss = reader.loss(reader.ask(reader.see(strips), questions), texts)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(reader.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        show_progress(step, steps, loss.item())
    reader.eval()


class Reached(NamedTuple):
    """Shares of strips read without error, questions answered, and words that attend most to their digit."""

    strips: float
    questions: float
    looks: list[float]  # of each layer


@torch.inference_mode()
def measure(reader: Reader, strips: Strips, chance: torch.Generator) -> Reached:
    """Return the accuracy of a reader on strips."""
    seen, texts = reader.see(strips), strips.words()
    questions, answers = make_questions(strips, chance)
    found = reader.read(seen), reader.read(reader.ask(seen, questions))
    read, answered = (
        sum(map(list.__eq__, mine, true)) / len(strips)
        for mine, true in zip(found, (texts, answers), strict=True)
    )
    strongest = reader.look(seen, texts).argmax(dim=3)[:, :, :-1] * STRIDE + STRIDE // 2  # [L, B, T]
    places = strips.places[:, : strongest.shape[2]]
    inside = (strongest >= places) & (strongest < places + DIGIT)
    looks = inside[:, places != NONE].float().mean(dim=1)
    return Reached(read, answered, looks.tolist())


def show(reader: Reader, strips: Strips, chance: torch.Generator, layer: int) -> dict[str, Any]:
    """Return one strip, its reading, and the attention of each word in a layer; ready for JSON."""
    seen, (words,) = reader.see(strips), reader.read(reader.see(strips))
    (question,), _ = make_questions(strips, chance)
    asked = reader.ask(seen, [question])
    (answer,) = reader.read(asked)
    columns = seen.states.shape[1]
    rows = reader.look(seen, [words])[layer, 0].tolist()
    weights = reader.look(asked, [answer])[layer, 0, 0].tolist()
    edges = [[place, place + DIGIT] for place in strips.places[0].tolist() if place != NONE]
    place = ORDINALS.index(question[-1]) if question[-1] != ORDINALS[-1] else -1
    return {
        "image": strips.images[0].mul(16).round().div(16).tolist(),
        "stride": STRIDE,
        "words": [
            {"word": word, "digit": edge, "weights": rounded(row)}
            for word, edge, row in zip(words, edges, rows, strict=False)  # the last row writes the end
        ],
        "asked": {
            "question": question,
            "word": " ".join(answer),
            "digit": edges[place],
            "weights": rounded(weights[:columns]),
            "of_question": rounded(weights[columns:]),
        },
    }


def rounded(weights: Sequence[float]) -> list[float]:
    """Return weights short enough for a file."""
    return [round(weight, 3) for weight in weights]


def main() -> None:
    """Train a reader and print its accuracy on unseen digits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=natural, default=9000)
    parser.add_argument("--batch", type=natural, default=64, help="strips of a step")
    parser.add_argument("--learning-rate", type=float, default=3e-3)
    parser.add_argument("--strips", type=natural, default=2000, help="strips to measure on")
    parser.add_argument("--part", choices=("valid", "test"), default="test", help="whose digits they are of")
    parser.add_argument("--look", type=Path, help="write here how one of them was read")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    try:
        compare(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


def compare(arguments: argparse.Namespace) -> None:
    """Train a reader; print a line per measure, and write one reading if requested."""
    a, digits = arguments, load_digits("train")
    torch.manual_seed(a.seed)
    reader = Reader()
    train(reader, digits, a)
    chance = torch.Generator().manual_seed(0)
    looks = measure(reader, make_strips(load_digits("valid"), a.strips, chance), chance).looks
    layer = looks.index(max(looks))  # the one whose map is shown, chosen by digits that judge nothing else
    held_out = load_digits(a.part)
    reached = measure(reader, make_strips(held_out, a.strips, chance), chance)
    print(
        f"{len(digits.labels):,} digits to learn from; {a.strips:,} strips of {len(held_out.labels)} others"
    )
    print(f"strips read wholly right                {reached.strips:.1%}")
    print(f"questions answered right                {reached.questions:.1%}")
    print(f"strongest column on the word's digit    {reached.looks[layer]:.1%} (layer {layer + 1})")
    if a.look is not None:
        found = show(reader, make_strips(held_out, 1, chance), chance, layer)
        a.look.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
