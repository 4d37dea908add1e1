"""Decoding batches of sources: order, limits and prefixes are those of each source."""

import pytest

from seq2seq.inference import decoding
from seq2seq.inference.decoding import SearchRequest, decode_sources, length_limits, stream_source
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions

SOURCES = [[10, 11, 12], [13], [14, 15, 16, 17, 18, 19], [], [20, 21]]


def test_batches_change_nothing(tiny_model: Transformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hypotheses of a source do not depend on its batch, and keep its place."""
    options = DecodeOptions(beam_size=3, num_hypotheses=2, max_length=8)
    together = decode_sources(tiny_model, SearchRequest(SOURCES, options))
    monkeypatch.setattr(decoding, "BUDGET", 7)
    apart = decode_sources(tiny_model, SearchRequest(SOURCES, options))
    assert [[h.tokens for h in found] for found in together] == [[h.tokens for h in found] for found in apart]
    assert all(len(found) == 2 for found in together)


def test_each_source_has_its_prefix(tiny_model: Transformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source keeps its prefix, although batches are sorted by length."""
    monkeypatch.setattr(decoding, "BUDGET", 9)
    prefixes = [[30 + k] * k for k in range(len(SOURCES))]
    for found, prefix in zip(
        decode_sources(tiny_model, SearchRequest(SOURCES, DecodeOptions(beam_size=2), prefixes)),
        prefixes,
        strict=True,
    ):
        assert found[0].tokens[: len(prefix)] == prefix


def test_limits(tiny_model: Transformer) -> None:
    """The default limit is 2 x source tokens + 20, limited by the positions, raised to min_length."""
    assert length_limits(tiny_model, [[5] * 3, [5] * 30], DecodeOptions()) == [26, 63]
    assert length_limits(tiny_model, [[5] * 3], DecodeOptions(max_length=7)) == [7]
    assert length_limits(tiny_model, [[5] * 3], DecodeOptions(min_length=50)) == [51]
    for found in decode_sources(tiny_model, SearchRequest(SOURCES, DecodeOptions(beam_size=2, max_length=4))):
        assert len(found[0].tokens) + (found[0].finish == "end") <= 4


def test_stream_is_greedy_search(tiny_model: Transformer) -> None:
    """A stream gives the tokens and log-probabilities of greedy search."""
    for source in SOURCES:
        steps = list(stream_source(tiny_model, source, DecodeOptions()))
        (best,) = decode_sources(tiny_model, SearchRequest([source], DecodeOptions(beam_size=1)))[0]
        assert [step.token for step in steps] == best.tokens
        assert [s.log_probability for s in steps] == pytest.approx(best.token_log_probabilities[: len(steps)])


def test_nothing_to_decode(tiny_model: Transformer) -> None:
    """No sources have no results."""
    assert decode_sources(tiny_model, SearchRequest([], DecodeOptions())) == []


def test_sources_that_are_given_up_have_no_result(
    tiny_model: Transformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled source, and no other, has no result, although batches are sorted by length."""
    monkeypatch.setattr("seq2seq.inference.decoding.BUDGET", 12)
    wanted = decode_sources(tiny_model, SearchRequest(SOURCES, DecodeOptions()))
    for gone in range(len(SOURCES)):
        found = decode_sources(tiny_model, SearchRequest(SOURCES, DecodeOptions(), cancelled=gone.__eq__))
        for place, (got, alone) in enumerate(zip(found, wanted, strict=True)):
            assert [h.tokens for h in got] == ([] if place == gone else [h.tokens for h in alone])
