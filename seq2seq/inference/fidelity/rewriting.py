"""The stages before and after the model, as one: what a source is read without, and how it is given back."""

from collections.abc import Sequence
from dataclasses import dataclass

from seq2seq.inference.fidelity.capitals import Casing, capital_edits, casing_of
from seq2seq.inference.fidelity.edits import Edit, edit_side
from seq2seq.inference.fidelity.markers import final_mark_edits, marker_of
from seq2seq.inference.fidelity.signs import Sign, find_signs, sign_edits
from seq2seq.inference.forced_decoding import EncodedSide
from seq2seq.options import DecodeOptions
from seq2seq.text.normalization import word_spans
from seq2seq.text.tokenizer import Tokenizer

Span = tuple[int, int]
Link = tuple[int, int]


@dataclass(frozen=True)
class Rewriting:
    """Changes to one source before it is read, and what they ask of its translation.

    Attributes:
        source: The text of the user.
        marker: The list marker that is set aside, with the blanks after it.
        signs: The signs that are set aside.
        casing: The characters that are read in lower case.
        final_mark: Whether the translation gets the final mark of the source, or none.
        protected: The texts behind placeholders.
        is_plain: Whether only the final mark may have to be mended.
    """

    source: str
    marker: str = ""
    signs: tuple[Sign, ...] = ()
    casing: Casing | None = None
    final_mark: bool = True
    protected: tuple[str, ...] = ()
    is_plain: bool = False

    @property
    def removed(self) -> list[Span]:
        """The spans of the source that the model does not see."""
        marker = [(0, len(self.marker))] if self.marker else []
        return marker + [(sign.start, sign.end) for sign in self.signs]

    @property
    def changes_words(self) -> bool:
        """True if more changes than the ends of the translation, so that it cannot be streamed."""
        return bool(self.signs or self.casing)

    @property
    def needs_links(self) -> bool:
        """True if the translation is finished by its word alignment."""
        return bool(self.signs) or (self.casing is not None and bool(self.casing.emphasised))

    def finish(self, side: EncodedSide, links: Sequence[Link]) -> EncodedSide:
        """Return the translation as it is given back; `links` are of words, counted from 0."""
        if self.final_mark:
            side = edit_side(side, final_mark_edits(self._without_signs(), side.text, self.protected))
        if links:
            # A final mark that was left out may have been a linked word of its own, as 。 is.
            words = len(word_spans(side.text))
            links = [link for link in links if link[1] < words]
        if self.casing is not None and (self.casing.everything or self.casing.emphasised):
            side = edit_side(side, capital_edits(side.text, self.casing, self._emphasised(links)))
        if self.signs:
            side = edit_side(side, sign_edits(self.source, side.text, self.signs, links))
        if self.marker:
            side = edit_side(side, [Edit(0, 0, self.marker)])
        return side

    def _without_signs(self) -> str:
        text, at = "", len(self.marker)
        for sign in self.signs:
            text, at = text + self.source[at : sign.start], sign.end
        return text + self.source[at:]

    def _emphasised(self, links: Sequence[Link]) -> list[int]:
        """Return the numbers of the target words that are linked to an emphasised source word."""
        if self.casing is None:
            return []
        loud = {
            number
            for number, (start, end) in enumerate(word_spans(self.source))
            if any(low < end and start < high for low, high in self.casing.emphasised)
        }
        return [target for source, target in links if source in loud]


def find_rewriting(
    source: str,
    protected: Sequence[Span],
    options: DecodeOptions,
    tokenizer: Tokenizer,
    language: str | None,
) -> Rewriting | None:
    """Return how a source is rewritten under these options; None where it is read as it is.

    `protected` spans have placeholders and are left alone.
    """
    marker = marker_of(source) if options.keep_markers else ""
    if any(start < len(marker) for start, _ in protected):
        marker = ""
    taken = [(0, len(marker)), *protected]
    signs = tuple(find_signs(source, taken, tokenizer.knows_character)) if options.keep_signs else ()
    casing = None
    if options.keep_capitals:
        hidden = [*taken, *((sign.start, sign.end) for sign in signs)]
        casing = casing_of(source, hidden, language, tokenizer.rank)
    if not (marker or signs or casing or options.keep_markers):
        return None
    texts = tuple(source[start:end] for start, end in protected)
    # A result that ends before a stop text has the end that the user asked for.
    final_mark = options.keep_markers and not options.stop
    return Rewriting(source, marker, signs, casing, final_mark, texts)
