"""Scores are sacreBLEU's, and Moses text equals the published references."""

import gzip
from pathlib import Path

import pytest
import sacrebleu

from seq2seq.metrics.corpus import bleu_of, compare, moses, score_corpus, sentence_scores

OUTPUTS = ["Ein Hund läuft durch den Schnee.", "Zwei Männer sitzen im Park."]
REFERENCE = ["Ein Hund rennt durch den Schnee.", "Zwei Männer sitzen in einem Park."]


def test_figures_are_sacrebleus() -> None:
    """Scores and signatures are those that sacreBLEU itself gives."""
    found = {score.name: score for score in score_corpus(OUTPUTS, [REFERENCE], "de")}
    expected = sacrebleu.corpus_bleu(OUTPUTS, [REFERENCE]).score
    assert found["BLEU"].value == expected == bleu_of(OUTPUTS, [REFERENCE]).value
    assert found["chrF"].value == sacrebleu.corpus_chrf(OUTPUTS, [REFERENCE]).score
    assert found["TER"].value == sacrebleu.corpus_ter(OUTPUTS, [REFERENCE]).score
    assert "tok:13a" in found["BLEU"].signature and "case:mixed" in found["BLEU"].signature


def test_chinese_is_scored_by_character() -> None:
    """Chinese BLEU counts characters: one wrong character does not make it 0."""
    (score, *_) = score_corpus(["我喜欢吃苹果"], [["我喜欢吃梨"]], "zh")
    assert "tok:zh" in score.signature and score.value > 10


@pytest.mark.parametrize("code", ["zh-CN", "zh_Hant", "ZH", "zho_Hans", "cmn", "ja-JP", "tha_Thai"])
def test_a_code_with_a_region_is_of_its_language(code: str) -> None:
    """A code with a region, zh-CN, is scored as its language."""
    bleu, _, ter = score_corpus(["我喜欢吃苹果"], [["我喜欢吃梨"]], code)
    assert "tok:13a" not in bleu.signature and bleu.value > 10
    assert "asian:yes" in ter.signature


def test_moses_form_of_a_region() -> None:
    """A code with a region, fr-CA, is tokenised as its language."""
    assert moses(["l'homme"], "fr-CA") == moses(["l'homme"], "fr") != moses(["l'homme"], "en")


def test_errors_are_counted_by_character_in_chinese() -> None:
    """Chinese TER counts characters, not whole sentences."""
    *_, found = score_corpus(["一只狗在雪地里跑。"], [["一只猫在雪地里跑。"]], "zh")
    assert found.value == pytest.approx(100 / 9)
    assert "norm:yes" in found.signature and "asian:yes" in found.signature
    *_, cut = score_corpus(["一 只 狗"], [["一 只 猫"]], "zh", tokenized=True)
    *_, german = score_corpus(OUTPUTS, [REFERENCE], "de")
    assert "asian:no" in cut.signature and "asian:no" in german.signature


def test_moses_form_by_example() -> None:
    """Moses text is lower-cased, with normalised quotes and escapes."""
    assert moses(["„Wie geht's?“, fragt der BMX-Fahrer."], "de") == [
        "&quot; wie geht &apos; s ? &quot; , fragt der bmx-fahrer ."
    ]


@pytest.mark.data
@pytest.mark.parametrize("name", ["val", "test_2016_flickr", "test_2017_flickr"])
def test_moses_form_of_raw_references_is_the_tok_file(data_directory: Path, name: str) -> None:
    """Raw references in Moses form equal the published tokenised file, but for at most one of 1014 lines."""
    folder = data_directory / "multi30k"
    with (
        gzip.open(folder / "raw" / f"{name}.de.gz", "rt", encoding="utf-8", newline="\n") as raw,
        gzip.open(folder / "tok" / f"{name}.lc.norm.tok.de.gz", "rt", encoding="utf-8", newline="\n") as tok,
    ):
        made = moses([line.rstrip("\n") for line in raw], "de")
        published = [line.rstrip("\n") for line in tok]
    assert sum(a != b for a, b in zip(made, published, strict=True)) <= 1


def test_comparison_sees_a_difference_and_none() -> None:
    """A clearly worse system has a small p-value, an equal one has 1."""
    references = [f"der Mann Nummer {k} läuft sehr schnell durch den Park ." for k in range(40)]
    worse = [text.replace("schnell", "langsam") for text in references]
    for found in compare(references, worse, [references], "de", samples=100):
        assert found.p_value < 0.05
    assert [found.p_value for found in compare(worse, worse, [references], "de", samples=20)] == [1.0] * 3


def test_sentence_scores_of_a_perfect_line() -> None:
    """A line equal to its reference scores 100 in both metrics."""
    assert sentence_scores(REFERENCE[0], [REFERENCE[0]], "de") == pytest.approx((100.0, 100.0))


@pytest.mark.parametrize(
    ("outputs", "references", "said"),
    [
        (["a"], [], "no reference"),
        ([], [[]], "empty"),
        (["a"], [["a"], ["a", "b"]], "reference 2 has 2 lines"),
    ],
)
def test_wrong_sets_are_refused(outputs: list[str], references: list[list[str]], said: str) -> None:
    """Empty sets and columns of different lengths are refused."""
    with pytest.raises(ValueError, match=said):
        score_corpus(outputs, references)
