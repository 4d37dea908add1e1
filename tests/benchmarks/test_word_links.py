"""Scoring of word links on synthetic data: right links count, whatever the tokens look like."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest
import word_links
from gold_links import read_pairs
from synthetic_language import Language
from word_links import direction_of, judge, read_test_set, words_of_tokens

from seq2seq.inference.translator import Translator

RAW = {"en": ['The "red"  dog, barks.', "A man's hat"], "de": ["Der rote Hund bellt.", "Ein Hut e\u0300 …"]}
TOKENS = {
    "en": ["the &quot; red &quot; dog , barks .", "a man &apos;s hat"],
    "de": ["der rote hund bellt .", "ein hut è ..."],
}
GOLD = ["0\tdog\t4\thund\t2", "0\tbarks .\t6,7\tbellt\t3", "1\t's hat\t2,3\thut\t1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Corpus of two lines and its links, laid out like the real one."""
    for place, middle, texts in (("raw", "", RAW), ("tok", "lc.norm.tok.", TOKENS)):
        (tmp_path / place).mkdir()
        for language, lines in texts.items():
            with gzip.open(tmp_path / place / f"t.{middle}{language}.gz", "wt", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
    (tmp_path / "links.t.en-de.tsv").write_text("\n".join(["a\tb\tc\td\te", *GOLD]) + "\n")
    return tmp_path


@pytest.mark.parametrize("side", ["en", "de"])
def test_tokens_are_found_in_the_raw_words(side: str) -> None:
    """Tokens map to raw words through escapes, quotes, case and normalization."""
    expected = {
        "en": [[{0}, {1}, {1}, {1}, {2}, {2}, {3}, {3}], [{0}, {1}, {1}, {2}]],
        "de": [[{0}, {1}, {2}, {3}, {3}], [{0}, {1}, {2}, {3}]],
    }
    found = [words_of_tokens(t.split(), r) for t, r in zip(TOKENS[side], RAW[side], strict=True)]
    assert found == expected[side]


def test_share_and_links_a_word(folder: Path) -> None:
    """Two of three gold links are found, four links for eight target words; of several places any counts."""
    known = {RAW["en"][0]: [(2, 2), (3, 3), (0, 1)], RAW["en"][1]: [(0, 1)]}

    def align(source: str, target: str) -> Iterable[tuple[int, int]]:
        assert target in RAW["de"]
        return known[source]

    test_set = read_test_set(folder, folder, "t", ("en", "de"))
    verdict = judge(test_set, align)
    assert verdict == (2 / 3, 3, 4 / 8)
    assert str(verdict) == "66.7% of 3 links right, 0.50 links a target word"
    known[RAW["en"][1]].append((1, 1))
    assert judge(test_set, align).share == 1.0
    everything = judge(test_set, lambda s, t: [(a, b) for a in range(5) for b in range(5)])
    assert "does not count" in str(everything)


def test_links_of_another_corpus_are_refused(folder: Path) -> None:
    """Links that do not fit the texts are errors that name the line."""
    for row in ("1\tx\t0\ty\t4", "2\tx\t0\ty\t0", "0\tx\t\ty\t0"):
        (folder / "links.t.en-de.tsv").write_text(f"header\n{row}\n")
        with pytest.raises(ValueError, match=r"line 2 of .*links\.t\.en-de\.tsv names token"):
            word_links.read_test_set(folder, folder, "t", ("en", "de"))


def test_the_direction_is_the_translators() -> None:
    """The direction is that of the model's name; an ambiguous model is an error."""
    assert direction_of(Translator.from_pretrained("fr-en"), "fr-en") == ("fr", "en")
    with pytest.raises(SystemExit, match="captions translates several ways; name a released model of one"):
        direction_of(Translator.from_pretrained("captions"), "captions")


def test_pairs_of_a_gold_folder(tmp_path: Path) -> None:
    """Pairs are split at the bars; a line without bars is an error."""
    (tmp_path / "text").write_text("ein hund ||| a dog\n ||| \n")
    assert read_pairs(tmp_path / "text") == [("ein hund", "a dog"), ("", "")]
    (tmp_path / "text").write_text("ein hund\ta dog\n")
    with pytest.raises(ValueError, match=r"line 1 of .* has no"):
        read_pairs(tmp_path / "text")


def test_the_made_up_language_has_the_links_it_says() -> None:
    """Each linked target word translates its source word, and order is not monotone."""
    language = Language(200, 3)
    words = language.nouns.translations | language.adjectives.translations | language.verbs.translations
    pairs = language.pairs(200, 1)
    for source, target, links in pairs:
        sources, targets = source.split(), target.split()
        assert len(links) == len(targets) == len({t for _, t in links})
        assert all(targets[t] in words[sources[s]] for s, t in links)
        assert sum(len(words[word]) for word in sources) == len(targets)
    assert pairs == Language(200, 3).pairs(200, 1) != language.pairs(200, 2)
    moved = sum(abs(s - t) > 1 for pair in pairs for s, t in pair.links)
    assert moved > 0.2 * sum(len(pair.links) for pair in pairs), "the diagonal would do"
    assert {0, 2} <= {len(translation) for translation in words.values()}
    assert len({word for translation in words.values() for word in translation}) < 200 + 0.1 * 200
