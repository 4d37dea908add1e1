"""Tests of translation through a memory: what is recalled, in what order, and what goes to the model."""

import pytest

from seq2seq import DecodeOptions, TranslationMemory, Translator

KNOWN = "Two dogs play in the snow."


@pytest.fixture(scope="module")
def translator() -> Translator:
    """The released model from English to German."""
    return Translator.from_pretrained("en-de", device="cpu")


@pytest.fixture
def memory() -> TranslationMemory:
    """A memory of one unit."""
    memory = TranslationMemory("en", "de")
    memory.add(KNOWN, "Zwei Hunde tollen im Schnee.", origin="project.tmx")
    return memory


def test_known_texts_are_recalled_in_order(translator: Translator, memory: TranslationMemory) -> None:
    """Texts that the memory has are recalled, others translated as without it, in the order of the texts."""
    texts = ["A dog runs.", KNOWN, "A man sings.", KNOWN.rstrip(".")]
    plain = [result.text for result in translator.translate(texts)]
    results = list(translator.translate(texts, memory=memory))
    assert [result.text for result in results] == [
        plain[0],
        "Zwei Hunde tollen im Schnee.",
        plain[2],
        "Zwei Hunde tollen im Schnee",
    ]
    assert [result.match.score if result.match else None for result in results] == [None, 100, None, 99]
    assert translator.translate_batch(texts, memory=memory) == results
    assert translator.translate(KNOWN, memory=memory).match is not None


def test_a_recalled_text_is_certain_and_aligned(translator: Translator, memory: TranslationMemory) -> None:
    """A recalled text has confidence 1, and the model's alignment of the pair; JSON names the unit."""
    result = translator.translate(KNOWN, memory=memory)
    assert result.confidence == 1.0 and not result.is_unlike
    assert result.alignment.links() == translator.align(KNOWN, result.text).links() != []
    match = result.to_json()["match"]
    assert (match["score"], match["origin"]) == (100, "project.tmx")
    assert "match" not in translator.translate(KNOWN).to_json()


@pytest.mark.parametrize(
    "options",
    [
        DecodeOptions(glossary={"dogs": "Köter"}),
        DecodeOptions(forced_words=["Köter"]),
        DecodeOptions(banned_words=["tollen"]),
        DecodeOptions(target_prefix="Im Schnee"),
        DecodeOptions(sampling_topk=5, seed=1),
    ],
)
def test_options_with_words_of_their_own_go_first(
    translator: Translator, memory: TranslationMemory, options: DecodeOptions
) -> None:
    """A call that asks for words, or for samples, is answered by the model."""
    result = translator.translate(KNOWN, options, memory=memory)
    assert result.match is None
    assert result == translator.translate(KNOWN, options)


def test_a_glossary_that_the_match_meets_is_no_hindrance(
    translator: Translator, memory: TranslationMemory
) -> None:
    """A text is recalled with a glossary whose terms it lacks, or whose translations the match has."""
    for glossary in ({"cat": "Katze"}, {"dogs": "Hunde"}, {"Two dogs": "zwei hunde"}):
        assert translator.translate(KNOWN, DecodeOptions(glossary=glossary), memory=memory).match is not None


def test_a_prefix_of_one_text_is_heeded(translator: Translator, memory: TranslationMemory) -> None:
    """A text with a prefix of its own goes to the model, the same text without one is recalled."""
    first, second = translator.translate([KNOWN, KNOWN], memory=memory, target_prefixes=["Im Schnee", None])
    assert first.text.startswith("Im Schnee") and first.match is None
    assert second.match is not None


def test_a_memory_of_other_languages_is_refused(translator: Translator) -> None:
    """A memory of other languages is refused; a region is none."""
    with pytest.raises(ValueError, match="the memory is from en to fr, the model translates from en to de"):
        translator.translate(KNOWN, memory=TranslationMemory("en", "fr"))
    translator.translate(KNOWN, memory=TranslationMemory("en-US", "de-AT"))


def test_a_text_that_is_none_is_refused_as_without_a_memory(
    translator: Translator, memory: TranslationMemory
) -> None:
    """What is no string is refused by the same sentence."""
    with pytest.raises(ValueError, match="a text is 1"):
        list(translator.translate([1], memory=memory))  # type: ignore[list-item]
