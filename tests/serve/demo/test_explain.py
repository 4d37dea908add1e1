"""The page's explanations of a translated part, against the library's own search and forced pass."""

import math
from typing import TYPE_CHECKING

import pytest
from visit import SENTENCE

from seq2seq import DecodeOptions
from seq2seq.config import EOS
from seq2seq.inference.forced_decoding import END

if TYPE_CHECKING:
    from seq2seq import Translator
    from serve.demo.state import PagePart


@pytest.fixture(scope="module")
def part(translator: "Translator") -> "PagePart":
    """A translated sentence."""
    from serve.demo.state import read_part

    return read_part(SENTENCE, "", translator.translate(SENTENCE, DecodeOptions(num_hypotheses=3)))


def test_candidates_are_those_of_the_model(translator: "Translator", part: "PagePart") -> None:
    """A step's candidates are sorted, and the written one has the model's probability."""
    from serve.demo.explain import show_candidates

    data = show_candidates(translator, part)
    tokens = [*part.version.tokens, END]
    scores = translator.translate(SENTENCE).token_log_probabilities
    assert len(data["steps"]) == len(tokens) == len(scores)
    for step, place, token, score in zip(data["steps"], data["written"], tokens, scores, strict=True):
        probabilities = [probability for _, probability in step]
        assert probabilities == sorted(probabilities, reverse=True)
        if place is None:
            assert token not in [candidate for candidate, _ in step]
        else:
            assert step[place][0] == token
            assert step[place][1] == pytest.approx(math.exp(score), abs=1e-4)


def test_forced_piece_is_written_and_decoded_on(translator: "Translator", part: "PagePart") -> None:
    """After a forced token stands what the model writes after it."""
    from serve.demo.explain import decode_on, show_candidates

    step = show_candidates(translator, part)["steps"][1]
    other = next(token for token, _ in step if token not in (part.version.tokens[1], END))
    beginning = [*part.version.tokens[:1], other]
    version = decode_on(translator, part.source, beginning, DecodeOptions())
    assert list(version.tokens[:2]) == beginning
    expected = translator.translate(SENTENCE, DecodeOptions(target_prefix=tuple(beginning)))
    assert (version.text, version.score) == (expected.text, expected.score)


def test_end_can_be_forced(translator: "Translator", part: "PagePart") -> None:
    """The end symbol can be chosen, which no prefix may hold, and is scored as the library does."""
    from serve.demo.explain import decode_on

    pieces = list(part.version.tokens[:2])
    version = decode_on(translator, part.source, [*pieces, END], DecodeOptions())
    assert version.text == translator.tokenizer.decode(translator.tokenizer.ids(pieces))
    source = translator.tokenizer.pieces(translator.tokenizer.encode(SENTENCE))
    (expected,) = translator.score([source], [pieces])
    assert version.log_probability == expected.log_probability
    assert version.score == pytest.approx(expected.log_probability / 3)


def test_tree_holds_the_result_and_its_rivals(translator: "Translator", part: "PagePart") -> None:
    """The beam search tree leads to the search's result, and parents stand before their children."""
    from serve.demo.explain import grow_tree, path_to

    nodes = grow_tree(translator, part, DecodeOptions())
    assert all(node.parent is None or node.parent < number for number, node in enumerate(nodes))
    best = [number for number, node in enumerate(nodes) if node.best]
    tokens = translator.translate(SENTENCE).tokens
    assert path_to(nodes, best[-1]) in (tokens, [*tokens, END])
    assert all(nodes[number].kept for number in best)
    assert any(not node.kept for node in nodes)


def test_tree_probabilities_are_the_models(translator: "Translator", part: "PagePart") -> None:
    """A node has the probability that the model gives to its token."""
    from serve.demo.explain import grow_tree, path_to

    nodes = grow_tree(translator, part, DecodeOptions())
    number = max(place for place, node in enumerate(nodes) if node.token != END)
    path = path_to(nodes, number)
    source = translator.tokenizer.pieces(translator.tokenizer.encode(SENTENCE))
    (expected,) = translator.score([source], [path])
    assert nodes[number].probability == pytest.approx(
        math.exp(expected.token_log_probabilities[len(path) - 1]), rel=1e-4
    )


@pytest.mark.parametrize(("text", "label"), [("  ", "blank"), ("😀", "unknown")])
def test_nothing_to_be_seen_is_said(translator: "Translator", text: str, label: str) -> None:
    """A text that was returned unchanged is no fault: the page says why there is nothing to explain."""
    from serve.demo.explain import NothingToExplainError, explain_part
    from serve.demo.state import read_part

    with pytest.raises(NothingToExplainError) as error:
        explain_part(translator, read_part(text, "", translator.translate(text)))
    assert error.value.label == label


def test_draft_map_is_the_beginning_of_the_last(translator: "Translator") -> None:
    """The map of a draft is the beginning of the finished text's map."""
    from serve.demo.explain import explain_draft

    whole = "a man sleeps in the snow."
    begun = "a man sleeps"
    _, last = explain_draft(translator, SENTENCE, whole)
    _, first = explain_draft(translator, SENTENCE, begun)
    pieces = len(translator.tokenizer.encode(begun))
    assert last.cross[:, :, :pieces].allclose(first.cross[:, :, :pieces], atol=1e-5)


def test_versions_of_a_part(part: "PagePart") -> None:
    """A forced translation replaces an earlier forced one only, and its marks go when it is left."""
    from serve.demo.state import PageState, PartVersion

    forced = part.add(PartVersion("anders", ("▁x",)), (0,))
    assert forced.version.text == "anders" and forced.versions[:-1] == part.versions
    again = forced.add(PartVersion("noch anders", ("▁y",)), (0, 1))
    assert len(again.versions) == len(forced.versions) and again.forced == (0, 1)
    assert again.choose(0).version == part.version and again.choose(0).forced == ()
    shown = PageState(0, (part, part._replace(separator="\n"))).replace(1, forced)
    assert shown.text == part.version.text + part.separator + "anders"


def test_end_symbol_is_the_end(translator: "Translator") -> None:
    """The page's end symbol is the token that ends a text."""
    assert translator.tokenizer.pieces([EOS]) == [END]
