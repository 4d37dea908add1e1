"""Exported models as their own programs run them, for the self-check of an export.

greedy    ids of a source -> ids of its greedy translation
scores    log p of each token of a given target, and of its end
"""

from pathlib import Path
from typing import Any, Protocol

import torch

from seq2seq.config import BOS, END, EOS, ModelConfig
from seq2seq.inference.decoding import SearchRequest, decode_sources
from seq2seq.inference.formats.onnx_model import OnnxLanguageModel, OnnxModel
from seq2seq.inference.formats.requirements import required
from seq2seq.options import DecodeOptions

Ids = list[int]


class Peer(Protocol):
    """A model that another program runs; ids are ours, without start and end."""

    def greedy(self, source: Ids, limit: int) -> Ids:
        """Return the greedy translation of a source, of at most so many tokens."""

    def scores(self, source: Ids, target: Ids) -> list[float]:
        """Return log p of each token of a target and of its end."""


class OnnxPeer:
    """An encoder-decoder in onnxruntime, with our search around it."""

    def __init__(self, folder: Path, config: ModelConfig) -> None:
        self._model = OnnxModel.load(folder, config)

    def greedy(self, source: Ids, limit: int) -> Ids:
        """Return the greedy translation of a source, of at most so many tokens."""
        options = DecodeOptions(beam_size=1, max_length=limit)
        return list(decode_sources(self._model, SearchRequest([source], options))[0][0].tokens)

    def scores(self, source: Ids, target: Ids) -> list[float]:
        """Return log p of each token of a target and of its end."""
        with torch.inference_mode():
            logits = self._model(torch.tensor([[*source, EOS]]), torch.tensor([[BOS, *target]])).logits
        return of_targets(logits, target)


class OnnxLanguagePeer:
    """A language model in onnxruntime; the source is a prompt."""

    def __init__(self, folder: Path, config: ModelConfig) -> None:
        self._model = OnnxLanguageModel.load(folder, config)

    def greedy(self, source: Ids, limit: int) -> Ids:
        """Return the most probable continuation of a prompt, of this many tokens."""
        state, tokens = self._model.start(1), list(source)
        logits = self._model.step(torch.tensor([source]), state)
        for _ in range(limit):
            tokens.append(int(logits.argmax()))
            logits = self._model.step(torch.tensor([tokens[-1:]]), state)
        return tokens[len(source) :]

    def scores(self, source: Ids, target: Ids) -> list[float]:
        """Return log p of each token of a continuation and of an end."""
        state = self._model.start(1)
        logits = [self._model.step(torch.tensor([source]), state)]
        logits += [self._model.step(torch.tensor([[token]]), state) for token in target]
        return of_targets(torch.stack(logits, dim=1), target)


class TransformersPeer:
    """A model of `transformers`, loaded by AutoModelForSeq2SeqLM."""

    def __init__(self, folder: Path) -> None:
        transformers = required("transformers", "transformers")
        transformers.utils.logging.disable_progress_bar()
        self._model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()

    def greedy(self, source: Ids, limit: int) -> Ids:
        """Return the greedy translation of a source, of at most so many tokens."""
        found = self._model.generate(
            torch.tensor([[*source, EOS]]),
            max_new_tokens=limit,
            max_length=None,
            num_beams=1,
            do_sample=False,
        )
        ids: Ids = found[0].tolist()[1:]
        return ids[: ids.index(EOS)] if EOS in ids else ids

    def scores(self, source: Ids, target: Ids) -> list[float]:
        """Return log p of each token of a target and of its end."""
        with torch.inference_mode():
            given = torch.tensor([[*source, EOS]]), torch.tensor([[BOS, *target]])
            logits = self._model(input_ids=given[0], decoder_input_ids=given[1]).logits
        return of_targets(logits, target)


class CTranslate2Peer:
    """An encoder-decoder in CTranslate2."""

    def __init__(self, folder: Path, tokens: list[str]) -> None:
        self._model: Any = required("ctranslate2", "fast").Translator(str(folder), intra_threads=1)
        self._tokens, self._ids = tokens, {token: index for index, token in enumerate(tokens)}

    def greedy(self, source: Ids, limit: int) -> Ids:
        """Return the greedy translation of a source, of at most so many tokens."""
        (found,) = self._model.translate_batch(
            [self._named(source)],
            beam_size=1,
            max_decoding_length=limit,
            suppress_sequences=[[self._tokens[0]], [self._tokens[BOS]]],
        )
        return [self._ids[token] for token in found.hypotheses[0]]

    def scores(self, source: Ids, target: Ids) -> list[float]:
        """Return log p of each token of a target and of its end."""
        (found,) = self._model.score_batch([self._named(source)], [self._named(target)])
        assert found.tokens[-1] == END
        return list(found.log_probs)

    def _named(self, ids: Ids) -> list[str]:
        return [self._tokens[index] for index in ids]


class CTranslate2LanguagePeer:
    """A language model in CTranslate2; the source is a prompt."""

    def __init__(self, folder: Path, tokens: list[str]) -> None:
        self._model: Any = required("ctranslate2", "fast").Generator(str(folder), intra_threads=1)
        self._tokens, self._ids = tokens, {token: index for index, token in enumerate(tokens)}

    def greedy(self, source: Ids, limit: int) -> Ids:
        """Return the most probable continuation of a prompt, of this many tokens."""
        (found,) = self._model.generate_batch(
            [self._named(source)],
            max_length=limit,
            min_length=limit,
            sampling_topk=1,
            include_prompt_in_result=False,
            end_token=[],
        )
        return [self._ids[token] for token in found.sequences[0]]

    def scores(self, source: Ids, target: Ids) -> list[float]:
        """Return log p of each token of a continuation and of an end."""
        (found,) = self._model.score_batch([self._named([*source, *target, EOS])])
        return list(found.log_probs)[len(source) - 1 :]

    def _named(self, ids: Ids) -> list[str]:
        return [self._tokens[index] for index in ids]


def of_targets(logits: torch.Tensor, target: Ids) -> list[float]:
    """Return log p of each token of a target and of its end, from logits [1, T + 1, V]."""
    log_p = logits.float().log_softmax(dim=-1)[0]
    found: list[float] = log_p.gather(1, torch.tensor([*target, EOS])[:, None]).flatten().tolist()
    return found
