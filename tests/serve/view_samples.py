"""Attention maps and sentences to draw: chosen words, weights that a test can predict, hostile texts."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seq2seq.alignment.maps import AttentionMaps

SOURCE = "Two dogs play."
TARGET = "Zwei Hunde spielen hier."
HOSTILE = [
    "<img src=x onerror=hacked=1>",
    '"><svg onload=hacked=1>',
    "${window.hacked=1}",
    "{{value}}",
    "</script><script>hacked=1</script>",
    "<!--",
    "\u2028",
]
LAYERS, HEADS = 2, 3


def make_maps(
    source: str = SOURCE, target: str = TARGET, layers: int = LAYERS, heads: int = HEADS
) -> "AttentionMaps":
    """Return maps of random weights between blank-separated words, others in each head, from a fixed seed."""
    import torch

    from seq2seq.alignment.maps import AttentionMaps

    generator = torch.Generator().manual_seed(3)

    def weights(rows: int, columns: int) -> Any:
        return torch.randn(layers, heads, rows, columns, generator=generator) * 2

    source_spans, target_spans = (
        [match.span() for match in re.finditer(r"\S+", text)] for text in (source, target)
    )
    s, t = len(source_spans) + 1, len(target_spans) + 1
    past = torch.ones(t, t, dtype=torch.bool).tril()
    return AttentionMaps(
        weights(t, s).softmax(-1),
        weights(s, s).softmax(-1),
        weights(t, t).masked_fill(~past, -1e9).softmax(-1),
        [*source.split(), "</s>"],
        [*target.split(), "</s>"],
        source,
        target,
        source_spans,
        target_spans,
    )


def numbered(count: int) -> str:
    """Return a text of so many different short words."""
    return " ".join(f"w{number}" for number in range(count))
