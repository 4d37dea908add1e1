"""Gold word links of Multi30k's tests that an aligner finds, scored on the raw text.

    python benchmarks/word_links.py --model en-de --links FOLDER --corpus FOLDER [--set test_2016_flickr]

FOLDER of links: links.SET.SOURCE-TARGET.tsv (header; line number from 0, word, places, word, places), places
counting the tokens of CORPUS/tok/SET.lc.norm.tok.LANGUAGE.gz. The model reads CORPUS/raw/SET.LANGUAGE.gz. A
token is mapped to the blank-separated raw word that holds its characters. A link counts as right when the
alignment links the words of its two sides (of several places on a side, any). Also printed: links a target
word, on average over all lines, so that linking everything with everything is seen; 1.2 are allowed. The
first line of a set is `Translator.align`, pair by pair, the second what `seq2seq align` does.
"""

import argparse
import gzip
import html
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from seq2seq.commands.align import align_pairs
from seq2seq.commands.arguments import AUTO, load_reverse
from seq2seq.inference.translator import Translator
from seq2seq.text.normalization import word_spans

Link = tuple[int, int]
Align = Callable[[str, str], Iterable[Link]]  # two texts -> links between their blank-separated words

MOST_LINKS = 1.2  # a target word


class GoldLink(NamedTuple):
    """A line of the test, and the positions of two words in its tokens."""

    line: int
    sources: tuple[int, ...]
    targets: tuple[int, ...]


class Verdict(NamedTuple):
    """The share of gold links found, from 0 to 1, their number, and links per target word."""

    share: float
    count: int
    links_a_word: float

    def __str__(self) -> str:
        text = f"{self.share:.1%} of {self.count} links right, {self.links_a_word:.2f} links a target word"
        return text if self.links_a_word <= MOST_LINKS else f"{text} (more than {MOST_LINKS}: does not count)"


class TestSet(NamedTuple):
    """Raw and tokenized lines of both sides, and the gold links between tokens."""

    raw: tuple[list[str], list[str]]
    tokenised: tuple[list[str], list[str]]
    gold: list[GoldLink]


def read_test_set(links: Path, corpus: Path, name: str, languages: tuple[str, str]) -> TestSet:
    """Return a test set with its links; a link to a missing token is a ValueError."""
    raw, tokenised = (
        tuple(lines_of(corpus / folder / f"{name}.{middle}{language}.gz") for language in languages)
        for folder, middle in (("raw", ""), ("tok", "lc.norm.tok."))
    )
    path = links / f"links.{name}.{'-'.join(languages)}.tsv"
    _, *rows = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    gold = [_gold_link(row) for row in rows]
    for number, (line, *places) in enumerate(gold, 2):
        for side, (lines, wanted) in enumerate(zip(tokenised, places, strict=True)):
            count = len(lines[line].split()) if line < len(lines) else 0
            if not wanted or max(wanted) >= count:
                raise ValueError(
                    f"line {number} of {path} names token {max(wanted, default='?')} of line {line}, which "
                    f"has {count} on side {side}"
                )
    return TestSet(raw, tokenised, gold)


def judge(test_set: TestSet, align: Align) -> Verdict:
    """Return the share of gold links that an aligner of raw texts finds."""
    found, linked, words = [], 0, 0
    for source, target in zip(*test_set.raw, strict=True):
        found.append(set(align(source, target)))
        linked += len(found[-1])
        words += len(word_spans(target, "blanks"))
    right = 0
    for line, sources, targets in test_set.gold:
        sides = [
            {word for place in places for word in words_of_tokens(tokens[line].split(), raw[line])[place]}
            for places, tokens, raw in zip((sources, targets), test_set.tokenised, test_set.raw, strict=True)
        ]
        right += any((s, t) in found[line] for s in sides[0] for t in sides[1])
    return Verdict(right / len(test_set.gold), len(test_set.gold), linked / words)


def words_of_tokens(tokens: Sequence[str], raw: str) -> list[set[int]]:
    """Return, for each Moses token, the blank-separated raw words that hold its characters.

    Tokens may be lower-cased, escaped and normalised; what differs in between two places that agree is
    mapped in proportion.
    """
    spans = word_spans(raw, "blanks")
    letters = [(letter, word) for word, (a, b) in enumerate(spans) for letter in _plain(raw[a:b])]
    plain = [_plain(html.unescape(token)) for token in tokens]
    owners = [token for token, text in enumerate(plain) for _ in text]
    found: list[set[int]] = [set() for _ in tokens]
    matcher = SequenceMatcher(None, "".join(plain), [letter for letter, _ in letters], autojunk=False)
    for _, first, last, begin, end in matcher.get_opcodes():
        for place in range(first, last):
            if begin < end:
                found[owners[place]].add(
                    letters[begin + (place - first) * (end - begin) // (last - first)][1]
                )
    return found


def links_of(translator: Translator) -> Align:
    """Return a model as an aligner."""
    return lambda source, target: translator.align(source, target).links("blanks")


def links_together(translator: Translator, reverse: Translator | None, test_set: TestSet) -> Align:
    """Return an aligner like `links_of` that reads all pairs together, with the reverse model."""
    pairs = list(zip(*test_set.raw, strict=True))
    found = dict(zip(pairs, align_pairs(translator, pairs, reverse), strict=True))
    return lambda source, target: found[source, target]


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKC", word.lower())


def _gold_link(row: str) -> GoldLink:
    line, _, sources, _, targets = row.split("\t")
    places = [tuple(int(place) for place in side.replace(",", " ").split()) for side in (sources, targets)]
    return GoldLink(int(line), *places)


def lines_of(path: Path) -> list[str]:
    """Return the lines of a gzipped file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        return file.read().rstrip("\n").split("\n")


def direction_of(translator: Translator, named: str) -> tuple[str, str]:
    """Return the languages that a model translates between; exit with a sentence if that is open."""
    source, target = translator.source_language, translator.target_language
    if source is None or target is None:
        raise SystemExit(f"{named} translates several ways; name a released model of one, such as fr-en")
    return source, target


def main() -> None:
    """Evaluate a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--links", type=Path, required=True, help="folder of the gold links")
    parser.add_argument("--corpus", type=Path, required=True, help="folder with raw/ and tok/")
    parser.add_argument("--set", action="append", help="by default test_2016_flickr and test_2017_flickr")
    arguments = parser.parse_args()
    translator = Translator.from_pretrained(arguments.model)
    reverse = load_reverse(AUTO, translator, "auto")
    languages = direction_of(translator, arguments.model)
    for name in arguments.set or ["test_2016_flickr", "test_2017_flickr"]:
        test_set = read_test_set(arguments.links, arguments.corpus, name, languages)
        print(f"{name} {'-'.join(languages)}: {judge(test_set, links_of(translator))}", flush=True)
        together = links_together(translator, reverse, test_set)
        print(f"  all pairs together: {judge(test_set, together)}", flush=True)


if __name__ == "__main__":
    main()
