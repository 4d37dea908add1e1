"""Words that stand for what the model is not to see: names, or for numbers other numbers.

    "Write {name} to Peter in 伦敦"   {name} is John: not Peter, nor London, which 伦敦 will become

What the model writes of its own accord must not be taken for a stand-in. So none is taken that stands in the
source, in whatever language or script, or in what must or may not be written.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from seq2seq.config import UNK
from seq2seq.options import DecodeOptions
from seq2seq.text.normalization import BLANK_PIECE, compose
from seq2seq.text.tokenizer import Tokenizer

# Each name with the beginnings of what it is called elsewhere, in small letters.
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
_FIGURES = ("5", "6", "11", "12", "10", "15", "16", "4", "18", "9", "8", "3", "2")


class Placeholders:
    """The stand-ins of one source: of equal texts the same, of different ones different."""

    def __init__(self, tokenizer: Tokenizer, source: str, options: DecodeOptions) -> None:
        self.tokenizer = tokenizer
        self.said = _folded(source)
        prefix = options.target_prefix or ""
        begun = prefix if isinstance(prefix, str) else "".join(prefix).replace(BLANK_PIECE, " ")
        wanted = chain(options.forced_words or (), (target for _, target in options.glossary_pairs))
        self.taken = _words((source, begun, *wanted))  # words that stand for themselves
        self.barred = _words(chain(options.stop or (), options.banned_words or ()))
        self._chosen: dict[str, str] = {}

    def of(self, text: str, *, is_number: bool) -> str:
        """A word the model knows, of the kind of the text: it was not used, and stands nowhere else."""
        if text not in self._chosen:
            self._chosen[text] = next(self._free(_FIGURES if is_number else tuple(_NAMES)))
            self.taken.add(self._chosen[text].casefold())
        return self._chosen[text]

    def _free(self, words: Sequence[str]) -> Iterator[str]:
        lengths = {word: len(ids) for word in words if UNK not in (ids := self.tokenizer.encode(word))}
        pieces = self.tokenizer.pieces(range(len(self.tokenizer)))
        others = (piece[1:] for piece in pieces if piece[:1] == BLANK_PIECE and piece[1:].isalpha())
        for word in chain(sorted(lengths, key=lambda word: lengths[word]), others):
            if self._is_free(word):
                yield word
        raise ValueError(
            f"there is no word left to stand for {len(self._chosen)} things kept; send a shorter text"
        )

    def _is_free(self, word: str) -> bool:
        folded = word.casefold()
        if any(folded in other for other in self.taken) or any(part in folded for part in self.barred):
            return False
        return not any(form in self.said for form in _NAMES.get(word, "").split())


def _words(texts: Iterable[str]) -> set[str]:
    return {_folded(word) for text in texts for word in text.split()}


def _folded(text: str) -> str:
    return compose(text).casefold()
