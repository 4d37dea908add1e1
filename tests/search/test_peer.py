"""The search beside `transformers`' generate, on the peer's own network: only the search differs.

The peer runs with early_stopping="never", which stops as we do, and may not write padding or start
symbols, which we never do.
"""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from transformers import MarianConfig, MarianMTModel

from seq2seq.config import BOS, EOS, PAD
from seq2seq.options import DecodeOptions
from seq2seq.search import Hypothesis, decode

SENTENCES, VOCABULARY, LIMIT = 7, 60, 13


@dataclass
class PeerState:
    """The tokens read by every row [N, T] and its source [N, S]; nothing is cached."""

    sources: Tensor
    read: Tensor
    device: torch.device

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Move the rows with their sources."""
        self.sources, self.read = self.sources[rows], self.read[rows]


@pytest.fixture(scope="module", params=[-1.0, 0.5, 2.0], ids="end_bias={}".format)
def peer(request: pytest.FixtureRequest) -> MarianMTModel:
    """A tiny Marian with random weights, whose results end early, late or never."""
    torch.manual_seed(1)
    config = MarianConfig(
        vocab_size=VOCABULARY,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        max_position_embeddings=32,
        init_std=0.5,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        decoder_start_token_id=BOS,
        forced_eos_token_id=None,
    )
    model = MarianMTModel(config).eval()
    model.final_logits_bias[0, EOS] = request.param
    return model


@pytest.fixture(scope="module")
def sources() -> Tensor:
    """Return random sources of equal length."""
    return torch.randint(4, VOCABULARY, (SENTENCES, 6), generator=torch.Generator().manual_seed(1))


def ours(peer: MarianMTModel, sources: Tensor, options: DecodeOptions) -> list[list[Hypothesis]]:
    """Search with our code over the peer's network."""

    def step(tokens: Tensor, state: PeerState) -> Tensor:
        state.read = torch.cat([state.read, tokens], 1)
        return peer(input_ids=state.sources, decoder_input_ids=state.read, use_cache=False).logits[:, -1]

    state = PeerState(sources, torch.empty(len(sources), 0, dtype=torch.long), sources.device)
    return decode(step, state, len(sources), [LIMIT] * len(sources), options)


def theirs(
    peer: MarianMTModel, sources: Tensor, options: DecodeOptions
) -> list[list[tuple[list[int], float | None]]]:
    """Search with the peer's code; return tokens and score (greedy search gives none) of each result."""
    beam = options.beam_size > 1
    found = peer.generate(
        input_ids=sources,
        attention_mask=torch.ones_like(sources),
        num_beams=options.beam_size,
        num_return_sequences=options.num_hypotheses,
        min_new_tokens=options.min_length,
        max_new_tokens=LIMIT,
        do_sample=False,
        suppress_tokens=[PAD, BOS],
        return_dict_in_generate=True,
        output_scores=True,
        **({"length_penalty": options.length_penalty, "early_stopping": "never"} if beam else {}),
    )
    tokens = [[token for token in row if token not in (PAD, BOS, EOS)] for row in found.sequences.tolist()]
    scores = found.sequences_scores.tolist() if beam else [None] * len(tokens)
    rows = list(zip(tokens, scores, strict=True))
    return [rows[k : k + options.num_hypotheses] for k in range(0, len(rows), options.num_hypotheses)]


def test_greedy_is_the_same(peer: MarianMTModel, sources: Tensor) -> None:
    """Greedy search gives the peer's tokens."""
    options = DecodeOptions(beam_size=1, min_length=3)
    expected = [[tokens for tokens, _ in rows] for rows in theirs(peer, sources, options)]
    assert [[h.tokens for h in found] for found in ours(peer, sources, options)] == expected


@pytest.mark.parametrize("penalty", [-1.0, 0.0, 1.0, 2.0])
@pytest.mark.parametrize(("beam", "hypotheses"), [(4, 1), (4, 4)])
def test_the_beam_is_at_least_as_good(
    peer: MarianMTModel, sources: Tensor, penalty: float, beam: int, hypotheses: int
) -> None:
    """Every result scores at least as high as the peer's, and equal results have equal scores."""
    options = DecodeOptions(beam_size=beam, num_hypotheses=hypotheses, length_penalty=penalty, min_length=3)
    pairs = zip(ours(peer, sources, options), theirs(peer, sources, options), strict=True)
    for found, expected in pairs:
        for h, (tokens, score) in zip(found, expected, strict=True):
            assert score is not None
            assert h.score >= score - 1e-4
            if h.tokens == tokens:
                assert h.score == pytest.approx(score, abs=1e-4)
