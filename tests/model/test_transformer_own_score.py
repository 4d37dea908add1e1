"""A score written by the reader in a whole model: trained, decoded step by step, searched, generated."""

from pathlib import Path

import pytest
import torch
from attention_cells import hold_for_all
from torch import Tensor, nn

from seq2seq.attention import ScaledDotScore
from seq2seq.config import BOS, EOS, PAD, AttentionConfig, ModelConfig
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.search import decode
from seq2seq.storage.model_directory import Settings, save_model
from seq2seq.text.tokenizer import Tokenizer

STRUCTURES = {
    "multi-head": {},
    "grouped": {"kv_heads": 2},
    "multi-query": {"kv_heads": 1},
    "latent": {"latent": 5},
    "window": {"window": 3},
    "window and global tokens": {"window": 3, "global_tokens": 2},
    "strided": {"stride": 3},
    "latent in a window": {"latent": 5, "window": 3},
}
CELLS = [(name, positions) for name in STRUCTURES for positions in ("sinusoidal", "learned", "rotary")]


class SharpScore(ScaledDotScore):
    """The scaled dot product times a learned number a head."""

    def __init__(self, width: int):
        super().__init__()
        self.sharpness = nn.Parameter(torch.rand(4, 1, 1) + 1)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        return super().forward(query, key) * self.sharpness


def make_config(structure: str, positions: str, kind: str = "encoder_decoder") -> ModelConfig:
    attention = AttentionConfig(**STRUCTURES[structure])
    return ModelConfig(
        vocabulary_size=23,
        kind=kind,
        width=16,
        feed_forward=20,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention=attention,
        decoder_attention=attention,
        cross_attention=attention,
        positions=positions,
        max_length=16,
    )


def make_pair() -> tuple[Tensor, Tensor]:
    """Two sources [2, 7], the second of 4 tokens and 3 of padding, and two targets [2, 9]."""
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(4, 23, (2, 7), generator=generator)
    source[1, 4:] = PAD
    target = torch.randint(4, 23, (2, 9), generator=generator)
    target[:, 0] = BOS
    return source, target


def name_of(cell: tuple[str, str]) -> str:
    return ", ".join(cell)


@torch.no_grad()
def test_steps_and_beams_equal_the_full_pass() -> None:
    """In every structure, with every kind of positions, decoding computes what training does."""

    def check(cell: tuple[str, str]) -> None:
        torch.manual_seed(1)
        model = Transformer(make_config(*cell), score=SharpScore).eval()
        source, target = make_pair()
        whole = model(source, target)
        explained = model(source, target, need_weights=True)
        torch.testing.assert_close(explained.logits, whole.logits, atol=1e-5, rtol=0)
        state = model.start(model.encode(source), source != PAD, 16)
        steps = torch.stack([model.step(token, state) for token in target.split(1, dim=1)], dim=1)
        torch.testing.assert_close(steps, whole.logits, atol=1e-5, rtol=0)
        plain = Transformer(model.config).eval()
        plain.load_state_dict(model.state_dict(), strict=False)
        assert (plain(source, target).logits - whole.logits).abs().max() > 1e-3, "the score is not used"

        state = model.start(model.encode(source), source != PAD, 16)
        options = DecodeOptions(beam_size=3, num_hypotheses=3)
        for row, hypotheses in enumerate(decode(model.step, state, 2, [9, 9], options)):
            for hypothesis in hypotheses:
                tokens = hypothesis.tokens + [EOS] * (hypothesis.finish == "end")
                logits = model(source[row : row + 1], torch.tensor([[BOS, *tokens[:-1]]])).logits
                forced = logits.log_softmax(-1)[0].gather(1, torch.tensor(tokens)[:, None]).sum()
                assert hypothesis.log_probability == pytest.approx(forced.item(), abs=1e-4)

    hold_for_all(CELLS, check, name_of)


@torch.no_grad()
def test_a_language_model_steps_as_it_reads() -> None:
    """The decoder alone computes with the score in its steps, too, also where caches roll."""

    def check(cell: tuple[str, str]) -> None:
        torch.manual_seed(2)
        model = LanguageModel(make_config(*cell, kind="decoder"), score=SharpScore).eval()
        tokens = torch.randint(4, 23, (2, 16))
        whole, state = model(tokens).logits, model.start(2)
        steps = torch.stack([model.step(token, state) for token in tokens.split(1, dim=1)], dim=1)
        torch.testing.assert_close(steps, whole, atol=1e-5, rtol=0)
        assert model.step(tokens[:, :3], state).isfinite().all(), "beyond the context"

    hold_for_all(CELLS, check, name_of)


def test_every_attention_has_a_score_of_its_own_that_learns() -> None:
    """The factory is called once for each attention, with the width of its queries and keys."""
    widths: list[int] = []

    def make(width: int) -> SharpScore:
        widths.append(width)
        return SharpScore(width)

    model = Transformer(make_config("latent", "rotary"), score=make)
    assert widths == [6, 6, 4, 6, 4], "a head is 4 wide, and 2 more are turned in self-attention"
    source, target = make_pair()
    model(source, target).logits.square().sum().backward()
    learned = [p.grad for name, p in model.named_parameters() if name.endswith("sharpness")]
    assert len(learned) == 5 and all(bool(gradient.abs().sum() > 0) for gradient in learned)


def test_the_config_does_not_change() -> None:
    """config.json names no score of one's own: the same config builds the model with and without it."""
    config = make_config("multi-head", "rotary")
    model = Transformer(config, score=SharpScore)
    assert model.config == config and ModelConfig.from_json(model.config.to_json()) == config
    again = Transformer(config, score=SharpScore)
    again.load_state_dict(model.state_dict())
    assert set(model.state_dict()) - set(Transformer(config).state_dict()) == {
        name for name in model.state_dict() if name.endswith("score.sharpness")
    }


def test_a_model_directory_refuses_a_score_of_ones_own(
    tiny_model: Transformer, tiny_tokenizer: Tokenizer, tmp_path: Path
) -> None:
    """A score without parameters would otherwise be lost in silence: the config names the dot product."""
    tiny_model.decoder[1].cross_attention.score = SharpScore(4)
    with pytest.raises(ValueError, match=r"decoder\.1\.cross_attention\.score is a SharpScore, which config"):
        save_model(tmp_path / "model", tiny_model, tiny_tokenizer, Settings(["en"], ["de"], 16, 40), "card")
    assert not (tmp_path / "model").exists()
