"""Strings of programs as training pairs: labels without accelerator and frame, placeholders as pieces.

    "_Open %s…"        "%s öff_nen …"        a row of a catalogue
    "Open ⟦1⟧"         "⟦1⟧ öffnen"          what the model is trained on

A row is left out where its sides do not hold the same placeholders, where it has several lines, and where a
source has other translations that are more frequent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from seq2seq.inference.fidelity.protected import merged_spans
from seq2seq.inference.localization.label_parts import split_label
from seq2seq.text.tables import TableRow

PLACEHOLDERS = 12  # of the vocabulary; 27 of 206,060 strings of free software have more different ones


def plain_rows(rows: Iterable[TableRow]) -> Iterator[TableRow]:
    """Yield the rows of one line with the same placeholders on both sides, as the model reads them."""
    for row in rows:
        plain = plain_row(row)
        if plain is not None:
            yield plain


def plain_row(row: TableRow) -> TableRow | None:
    """Return a row as the model reads it; None where it has several lines or other placeholders on a side."""
    source, accelerator, _ = split_label(row[0])
    marker = accelerator.marker if accelerator else None
    sides = [source, *(split_label(side, marker).words for side in row[1:])]
    if any("\n" in side or "⟦" in side for side in sides):
        return None
    spans = [merged_spans(side) for side in sides]
    kept = [[side[low:high] for low, high in places] for side, places in zip(sides, spans, strict=True)]
    if any(Counter(texts) != Counter(kept[0]) for texts in kept[1:]):
        return None
    names = {text: f"⟦{number + 1}⟧" for number, text in enumerate(dict.fromkeys(kept[0]))}
    if len(names) > PLACEHOLDERS:
        return None
    return tuple(_masked(side, places, names) for side, places in zip(sides, spans, strict=True))


def _masked(text: str, spans: Iterable[tuple[int, int]], names: dict[str, str]) -> str:
    parts, at = [], 0
    for low, high in spans:
        parts += [text[at:low], names[text[low:high]]]
        at = high
    return "".join([*parts, text[at:]])


def most_frequent(rows: Iterable[TableRow]) -> list[TableRow]:
    """Return each source once, with the translation that it has most often; of equals the first."""
    translations: dict[str, Counter[TableRow]] = defaultdict(Counter)
    for row in rows:
        translations[row[0]][row] += 1
    return [counts.most_common(1)[0][0] for counts in translations.values()]
