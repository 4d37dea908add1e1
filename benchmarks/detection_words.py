"""Word lists of language detection, from the vocabularies of the released models.

    python benchmarks/detection_words.py

Each tokenizer covers known languages, so a word's language follows from the tokenizers that have it as one
token: those of German have "schnee", those without German do not. The words are written into the second
paragraph of `seq2seq/text/words/CODE.txt`; the first, the frequent words, was written by hand and stays.
"""

import textwrap
from pathlib import Path

from seq2seq.storage.registry import MODELS
from seq2seq.storage.settings import TOKENIZER
from seq2seq.text.detection import WORDS, read_word_lists
from seq2seq.text.tokenizer import Tokenizer

SHORTEST = 3  # letters; shorter tokens are mostly beginnings of words
BEGIN = "▁"

# Tokenizers by what they cover: en, de, fr and cs; en and de; en and fr; en and zh.
GROUPS = [("captions",), ("en-de", "de-en"), ("en-fr", "fr-en"), ("en-zh",)]
# The groups that have a word -> its language. Left out are words that too many languages share.
LANGUAGE = {
    (0,): "cs",
    (1,): "de",
    (0, 1): "de",
    (0, 1, 3): "de",
    (2,): "fr",
    (0, 2): "fr",
    (0, 2, 3): "fr",
    (3,): "en",
    (1, 2): "en",
    (2, 3): "en",
    (1, 2, 3): "en",
    (0, 1, 2, 3): "en",
}


def whole_words(model: str) -> set[str]:
    """Return the tokens of a released model that begin a word, in lower case."""
    tokenizer = Tokenizer.load(MODELS / model / TOKENIZER)
    tokens = tokenizer.pieces(range(len(tokenizer)))
    words = {token[len(BEGIN) :].lower() for token in tokens if token.startswith(BEGIN)}
    return {word for word in words if word.isalpha() and len(word) >= SHORTEST}


def words_by_language() -> dict[str, list[str]]:
    """Return language -> words, sorted."""
    groups = [set().union(*map(whole_words, models)) for models in GROUPS]
    found: dict[str, list[str]] = {}
    for word in sorted(set().union(*groups)):
        having = tuple(number for number, words in enumerate(groups) if word in words)
        if having in LANGUAGE:
            found.setdefault(LANGUAGE[having], []).append(word)
    return found


def paragraph(words: list[str]) -> str:
    """Return words in lines of 110 characters."""
    return textwrap.fill(" ".join(words), 110, break_long_words=False, break_on_hyphens=False)


def write_words(folder: Path) -> None:
    """Write the second paragraph of each list; frequent words of any language are left out of it."""
    lists = read_word_lists()
    frequent = {word for words, _ in lists.values() for word in words}
    vocabularies = words_by_language()
    for language, (words, _) in lists.items():
        others = [word for word in vocabularies.get(language, []) if word not in frequent]
        paragraphs = [paragraph(part) for part in (words, others) if part]
        (folder / f"{language}.txt").write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_words(WORDS)
