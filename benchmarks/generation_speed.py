"""Generation speed of a character model beside the plain loop that reads the whole context at each step.

    python benchmarks/generation_speed.py

The peer is nanoGPT's `generate`: crop the text to the context, run the model over all of it, draw the next
token from the last position's softmax. It has the same weights as ours, here written as nanoGPT's model is
(fused causal attention, the output layer on the last position only). Both write so many characters, from a
beginning of one character and from one that fills the context. Times are the processor's, on one thread. The
shape is that of nanoGPT's character model of this context; its small one: --width 128 --layers 4 --heads 4.
"""

import argparse

import torch
from rounds import processor_ratios
from torch import Tensor
from torch.nn import functional

from seq2seq.config import BOS, PAD, UNK, AttentionConfig, ModelConfig
from seq2seq.inference.completion import begin
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.layers import CausalLayer
from seq2seq.options import DecodeOptions
from seq2seq.search import decode

VOCABULARY = 69  # Tiny Shakespeare's 65 characters and four special symbols


def make_model(width: int, layers: int, heads: int, context: int, positions: str) -> LanguageModel:
    """Return a model of GPT-2's shape with fresh weights."""
    torch.manual_seed(1)
    config = ModelConfig(
        VOCABULARY,
        "decoder",
        width=width,
        feed_forward=4 * width,
        decoder_layers=layers,
        decoder_attention=AttentionConfig(heads=heads),
        positions=positions,  # type: ignore[arg-type]
        norm_order="pre",
        activation="gelu",
        dropout=0.0,
        max_length=context,
    )
    return LanguageModel(config).eval().requires_grad_(False)


def read_all(model: LanguageModel, tokens: Tensor) -> Tensor:
    """Return logits [1, V] after a text [1, T], computed like nanoGPT's `forward`; learned positions."""
    assert model.positions is not None
    x = model.embedding(tokens) + model.positions(torch.arange(tokens.shape[1]))
    for layer in model.layers:
        assert isinstance(layer, CausalLayer)
        heads = layer.self_attention.heads
        asked = layer.self_residual.norm(x)
        key, value = heads.expand(heads.compress(asked))
        mixed = functional.scaled_dot_product_attention(heads.query(asked), key, value, is_causal=True)
        x = x + heads.merge(mixed)
        x = x + layer.feed_forward(layer.feed_forward_residual.norm(x))
    return model.output.scores(model.norm(x[:, -1]))


@torch.inference_mode()
def plain_loop(model: LanguageModel, beginning: list[int], count: int) -> list[int]:
    """Generate as nanoGPT's `generate` does: every step reads the whole newest context."""
    tokens = torch.tensor([beginning])
    for _ in range(count):
        logits = read_all(model, tokens[:, -model.config.max_length :])
        logits[:, [PAD, UNK, BOS]] = float("-inf")
        newest = torch.multinomial(logits.softmax(-1), 1)
        tokens = torch.cat([tokens, newest], dim=1)
    return tokens[0, len(beginning) :].tolist()


@torch.inference_mode()
def ours(model: LanguageModel, beginning: list[int], count: int) -> list[int]:
    """Generate with our search over the caches."""
    options = DecodeOptions(sampling_topk=0, seed=1, max_length=count, min_length=count)
    step, state = begin(model, [beginning])
    return decode(step, state, 1, [count], options)[0][0].tokens


def main() -> None:
    """Print the relative speed, within the context and past it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--characters", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    shape = asked.width, asked.layers, asked.heads, asked.context
    learned, rotary = make_model(*shape, "learned"), make_model(*shape, "rotary")
    full = [4 + place % (VOCABULARY - 4) for place in range(asked.context)]
    cases = [
        ("from 1 character, learned positions", learned, full[:1]),
        ("from 1 character, rotary positions", rotary, full[:1]),
        ("from a full context, learned: re-reading", learned, full),
        ("from a full context, rotary: rolling", rotary, full),
    ]
    print(f"{asked.characters} characters, {asked.layers} layers of {asked.width}, context {asked.context}")
    for name, model, beginning in cases:
        ratio = processor_ratios(
            lambda start: plain_loop(learned, start, asked.characters),
            lambda start, model=model: ours(model, start, asked.characters),
            [beginning] * asked.rounds,
        )
        print(f"{name:42} {ratio} times", flush=True)


if __name__ == "__main__":
    main()
