"""What every result is to begin with, as ids."""

from collections.abc import Sequence

from seq2seq.config import UNK
from seq2seq.text.tokenizer import Tokenizer


def prefix_ids(prefix: str | Sequence[str], tokenizer: Tokenizer) -> list[int]:
    """The ids of a text or of pieces.

    Raises:
        ValueError: characters or a piece that the vocabulary lacks, of which no result can be made.
    """
    if isinstance(prefix, str):
        if lacking := tokenizer.unknown(prefix):
            raise ValueError(f"target_prefix has {lacking!r}, which the vocabulary lacks; leave it out")
        return tokenizer.encode(prefix)
    ids = tokenizer.ids(prefix)
    for piece, found, known in zip(prefix, ids, tokenizer.pieces(ids), strict=True):
        if found == UNK and piece != known:
            raise ValueError(
                f"target_prefix has the piece {piece!r}, which the vocabulary lacks; give a text instead"
            )
    return ids
