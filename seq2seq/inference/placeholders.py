"""Placeholders: known words in place of text the model must copy; names, and for numbers other numbers.

    "Write {name} to Peter in 伦敦"   {name} becomes John: not Peter, nor London, the translation of 伦敦

A vocabulary may have placeholders of its own, such as `⟦1⟧`, which are used first. A word that the model
generates by itself must not be mistaken for a placeholder. A placeholder therefore occurs neither in the
source, in any language or script, nor in texts that are required or banned.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from seq2seq.config import UNK
from seq2seq.options import DecodeOptions
from seq2seq.text.normalization import BLANK_PIECE, compose
from seq2seq.text.tokenizer import Tokenizer

# Each name with the beginnings of its forms in other languages, in lower case.
_NAMES = {
    "John": "джон иоанн ιωάννη 约翰 約翰 ジョン 존 جون",
    "London": "londres londra londýn londyn londen лондон λονδίν 伦敦 倫敦 ロンドン 런던 لندن",
    "Nike": "найк 耐克 ナイキ 나이키",
    "BMW": "бмв 宝马 寶馬",
    "Peter": "petr piotr pieter пётр петр питер πέτρο 彼得 ピーター 피터 بيتر",
    "Obama": "обам ομπάμα 奥巴马 歐巴馬 オバマ 오바마 أوباما",
    "Honda": "хонд 本田 ホンダ 혼다",
    "Boston": "бостон βοστόν 波士顿 波士頓 ボストン 보스턴 بوسطن",
    "Texas": "teksas техас τέξας 得克萨斯 德克萨斯 得州 德州 テキサス 텍사스 تكساس",
    "York": "йорк υόρκη 约克 約克 纽约 紐約 ヨーク 요크 뉴욕 يورك",
    "X": "",
    "Y": "",
    "Z": "",
}
_NUMBERS = ("5", "6", "11", "12", "10", "15", "16", "4", "18", "9", "8", "3", "2")


class Placeholders:
    """The placeholders of one source; equal texts have the same one, different texts different ones."""

    def __init__(self, tokenizer: Tokenizer, source: str, options: DecodeOptions) -> None:
        self.tokenizer = tokenizer
        self._source = _folded(source)
        prefix = options.target_prefix or ""
        prefix_text = prefix if isinstance(prefix, str) else "".join(prefix).replace(BLANK_PIECE, " ")
        required = chain(options.forced_words or (), (target for _, target in options.glossary_pairs))
        self._used = _words((source, prefix_text, *required))
        self._banned = _words(chain(options.stop or (), options.banned_words or ()))
        self._by_text: dict[str, str] = {}
        # One pass each: a word that is used once stays used, so that no word is looked at again.
        self._names = chain(filter(self._is_unused, tokenizer.placeholders), self._unused(tuple(_NAMES)))
        self._numbers = self._unused(_NUMBERS)

    def of(self, text: str, *, is_number: bool) -> str:
        """Return the placeholder of a text: a known word, or a number, that occurs nowhere else.

        Raises:
            ValueError: No word of the vocabulary is left.
        """
        if text not in self._by_text:
            self._by_text[text] = next(self._numbers if is_number else self._names)
            self._used.add(self._by_text[text].casefold())
        return self._by_text[text]

    def _unused(self, words: Sequence[str]) -> Iterator[str]:
        """Yield unused words, those of the fewest tokens first, then words of the vocabulary."""
        lengths = {word: len(ids) for word in words if UNK not in (ids := self.tokenizer.encode(word))}
        for word in chain(sorted(lengths, key=lambda word: lengths[word]), self.tokenizer.words):
            if self._is_unused(word):
                yield word
        raise ValueError(
            f"there is no word left to stand for {len(self._by_text)} things kept; send a shorter text"
        )

    def _is_unused(self, word: str) -> bool:
        folded = word.casefold()
        if any(folded in other for other in self._used) or any(part in folded for part in self._banned):
            return False
        return not any(form in self._source for form in _NAMES.get(word, "").split())


def _words(texts: Iterable[str]) -> set[str]:
    return {_folded(word) for text in texts for word in text.split()}


def _folded(text: str) -> str:
    return compose(text).casefold()
