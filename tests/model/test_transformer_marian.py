"""Our model and search beside `transformers`' Marian with the same weights: logits, maps, greedy and beam.

Weights are random and large, so that results are confident and differ from source to source.
The peer may not write padding or start symbols, which we never do, and stops as we do ("never").
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

pytest.importorskip("transformers")

from transformers import MarianMTModel
from twins import make_twin, peer_shape

from seq2seq.config import BOS, EOS, PAD, AttentionConfig, ModelConfig
from seq2seq.inference.decoding import SearchRequest, decode_sources
from seq2seq.inference.forced_decoding import force_decode
from seq2seq.model.batch import make_batch
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions

LIMIT, VOCABULARY, SENTENCES = 12, 37, 6
SEEDS = [5, 6, 7]
Result = tuple[list[int], bool]  # tokens, and whether they ended


@dataclass
class Pair:
    """One set of weights in our model and in the peer, and sources of several lengths."""

    ours: Transformer
    theirs: MarianMTModel
    sources: list[list[int]]


def make_config(**changes: Any) -> ModelConfig:
    """Two layers a side; every size differs from every other."""
    attention = AttentionConfig(heads=4)
    attentions = {
        "encoder_attention": attention,
        "decoder_attention": attention,
        "cross_attention": attention,
    }
    sizes = {"width": 24, "feed_forward": 40, "encoder_layers": 2, "decoder_layers": 2, "max_length": 32}
    return ModelConfig(vocabulary_size=VOCABULARY, **{**attentions, **sizes, **changes})


@torch.no_grad()
def diversify(model: Transformer) -> None:
    """Enlarge random weights until results are confident and seldom repeat one token.

    Norms change some signs, for the output matrix is the input matrix and would repeat what was read.
    The end symbol's score rises by 4, so that some results end.
    """
    for name, parameter in model.named_parameters():
        if name.endswith("norm.weight"):
            parameter.copy_(torch.randn_like(parameter).sign())
        elif name.endswith(("query_projection.weight", "table.weight")):
            parameter.mul_(3)
        elif name.endswith("bias"):
            parameter.add_(0.1 * torch.randn_like(parameter))
    last, end = list(model.decoder)[-1].feed_forward_residual.norm, model.output.table.weight[EOS]
    last.weight.mul_(2 / 3)
    last.bias.add_(4 * end / end.square().sum())


@pytest.fixture(scope="module", params=SEEDS, ids="seed={}".format)
def pair(request: pytest.FixtureRequest) -> Pair:
    """Random weights with varied results, and random sources."""
    torch.manual_seed(request.param)
    model = Transformer(make_config()).eval()
    diversify(model)
    draw = torch.Generator().manual_seed(request.param)
    lengths = torch.randint(1, 9, (SENTENCES,), generator=draw).tolist()
    sources = [torch.randint(4, VOCABULARY, (length,), generator=draw).tolist() for length in lengths]
    return Pair(model, make_twin(model), sources)


@torch.no_grad()
def generate(pair: Pair, options: DecodeOptions) -> list[list[Result]]:
    """Return the peer's results for each source: tokens, and whether they ended."""
    beam = options.beam_size > 1
    source = make_batch(pair.sources).source
    rows = pair.theirs.generate(
        input_ids=source,
        attention_mask=(source != PAD).long(),
        num_beams=options.beam_size,
        num_return_sequences=options.num_hypotheses,
        min_new_tokens=options.min_length,
        max_new_tokens=LIMIT,
        do_sample=False,
        suppress_tokens=[PAD, BOS],
        **({"length_penalty": options.length_penalty, "early_stopping": "never"} if beam else {}),
    ).tolist()
    results = [([token for token in row if token not in (PAD, BOS, EOS)], EOS in row) for row in rows]
    count = options.num_hypotheses
    return [results[first : first + count] for first in range(0, len(results), count)]


def forced_scores(pair: Pair, groups: list[list[Result]], penalty: float) -> list[list[float]]:
    """Score each result by one forced pass of our model, one judge for both searches."""
    flat = [(source, *one) for source, group in zip(pair.sources, groups, strict=True) for one in group]
    values = force_decode(pair.ours, [source for source, _, _ in flat], [tokens for _, tokens, _ in flat])
    scores = []
    for (_, tokens, ended), log_probabilities in zip(flat, values, strict=True):
        length = len(tokens) + ended
        scores.append(sum(log_probabilities[:length]) / length**penalty)
    width = len(groups[0])
    return [scores[first : first + width] for first in range(0, len(scores), width)]


@torch.no_grad()
def test_logits_and_cross_maps_are_marians(pair: Pair) -> None:
    """Logits and all maps are Marian's with the same weights."""
    batch = make_batch(pair.sources, [source[::-1] for source in pair.sources])
    ours, theirs = deepcopy(pair.ours).double(), deepcopy(pair.theirs).double()  # rounding says nothing here
    theirs.set_attn_implementation("eager")  # the only one that gives maps
    expected = theirs(
        input_ids=batch.source,
        attention_mask=batch.source != PAD,
        decoder_input_ids=batch.target_input,
        output_attentions=True,
    )
    assert expected.logits.std() > 1, "logits this flat would show nothing"
    result = ours(batch.source, batch.target_input, need_weights=True)
    for logits in (result.logits, ours(batch.source, batch.target_input).logits):
        torch.testing.assert_close(logits, expected.logits, atol=1e-5, rtol=1e-5)
    for own, other in (
        (result.maps.cross, expected.cross_attentions),
        (result.maps.decoder, expected.decoder_attentions),
    ):
        torch.testing.assert_close(torch.stack(own), torch.stack(other), atol=1e-5, rtol=0)
    present = (batch.source != PAD)[:, None, :, None]  # rows of padding are nobody's
    for one, other in zip(result.maps.encoder, expected.encoder_attentions, strict=True):
        torch.testing.assert_close(one * present, other * present, atol=1e-5, rtol=0)


@torch.no_grad()
def test_stepwise_logits_are_marians_cached_ones(pair: Pair) -> None:
    """Logits step by step are those of Marian's own cache."""
    source = make_batch(pair.sources).source
    target = torch.randint(4, VOCABULARY, (SENTENCES, 5), generator=torch.Generator().manual_seed(1))
    state = pair.ours.start(pair.ours.encode(source), source != PAD, 5)
    cache, encoded = None, pair.theirs.get_encoder()(input_ids=source, attention_mask=source != PAD)
    for token in target.split(1, dim=1):
        expected = pair.theirs(
            encoder_outputs=encoded,
            attention_mask=source != PAD,
            decoder_input_ids=token,
            past_key_values=cache,
            use_cache=True,
        )
        cache = expected.past_key_values
        result = pair.ours.step(token, state)
        torch.testing.assert_close(result, expected.logits[:, -1], atol=1e-5, rtol=1e-5)


def test_the_models_say_something(pair: Pair) -> None:
    """Results differ, some end and some do not, and few repeat one token: the comparisons mean something."""
    result = [
        hypotheses[0]
        for hypotheses in decode_sources(pair.ours, SearchRequest(pair.sources, options_of(beam_size=4)))
    ]
    assert len({tuple(hypothesis.tokens) for hypothesis in result}) == SENTENCES
    assert {hypothesis.finish for hypothesis in result} == {"end", "length"}
    assert sum(len(set(hypothesis.tokens)) for hypothesis in result) >= 2 * SENTENCES


def options_of(**changes: Any) -> DecodeOptions:
    return DecodeOptions(**{"min_length": 2, "max_length": LIMIT, **changes})


def test_greedy_output_is_marians(pair: Pair) -> None:
    """Greedy search writes the same tokens as Marian's."""
    options = options_of(beam_size=1)
    result = decode_sources(pair.ours, SearchRequest(pair.sources, options))
    expected = [[tokens for tokens, _ in group] for group in generate(pair, options)]
    assert [[hypothesis.tokens for hypothesis in group] for group in result] == expected


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize(("beam", "count"), [(2, 1), (5, 1), (4, 4)])
def test_beam_is_marians_or_better(pair: Pair, penalty: float, beam: int, count: int) -> None:
    """Each of the n best is the peer's, or scores at least as high by one forced pass over both."""
    options = options_of(beam_size=beam, num_hypotheses=count, length_penalty=penalty)
    hypotheses = decode_sources(pair.ours, SearchRequest(pair.sources, options))
    result = [[(each.tokens, each.finish == "end") for each in group] for group in hypotheses]
    expected = generate(pair, options)
    scores, peers = (forced_scores(pair, each, penalty) for each in (result, expected))
    for place in range(SENTENCES):
        assert len(hypotheses[place]) == len(expected[place]) == count
        for rank in range(count):
            assert scores[place][rank] == pytest.approx(hypotheses[place][rank].score, abs=1e-4)
            same = result[place][rank] == expected[place][rank]
            assert same or scores[place][rank] >= peers[place][rank] - 1e-5
        assert len({tuple(tokens) for tokens, _ in result[place]}) == count, "one result twice"


@pytest.mark.parametrize(
    "changes",
    [
        {"positions": "learned"},
        {"norm": "rms"},
        {"activation": "gelu"},
        {"tied_embeddings": False},
        {"cross_attention": AttentionConfig(heads=4, kv_heads=2)},
    ],
    ids=str,
)
def test_what_no_peer_is_is_refused(changes: dict[str, Any]) -> None:
    """A config without an equivalent in Marian gets no twin."""
    with pytest.raises(ValueError, match="use sinusoidal positions, LayerNorm"):
        peer_shape(make_config(**changes))


def test_the_comparison_can_fail(pair: Pair) -> None:
    """One weight changed in the twin alone changes the logits."""
    other = make_twin(pair.ours)
    assert isinstance(other.model.decoder.layers[1].encoder_attn.k_proj.weight, Tensor)
    with torch.no_grad():
        other.model.decoder.layers[1].encoder_attn.k_proj.weight[0, 0] += 1
        batch = make_batch(pair.sources, pair.sources)
        logits = other(
            input_ids=batch.source,
            attention_mask=batch.source != PAD,
            decoder_input_ids=batch.target_input,
        ).logits
        assert (logits - pair.ours(batch.source, batch.target_input).logits).abs().max() > 1e-3
