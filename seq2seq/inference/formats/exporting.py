"""Export of a model to another program's format, with a self-check written beside it.

    files of the format -> loaded by its own program -> the same scores? -> directory, with export.json

The check translates sample sentences greedily by torch and by the exported model, and compares log p of each
token that torch wrote. In float32 they may differ by 1e-4; otherwise nothing is written. Where the weights
are quantized, chrF of both translations is written down.
"""

import json
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch

import seq2seq
from seq2seq.config import BOS, EOS
from seq2seq.inference.decoding import SearchRequest, decode_sources
from seq2seq.inference.formats.onnx_export import onnx_files, quantized
from seq2seq.inference.formats.peers import (
    CTranslate2LanguagePeer,
    CTranslate2Peer,
    Ids,
    OnnxLanguagePeer,
    OnnxPeer,
    Peer,
    TransformersPeer,
    of_targets,
)
from seq2seq.inference.formats.transformers_export import transformers_files
from seq2seq.inference.generator import Generator
from seq2seq.inference.translator import Translator
from seq2seq.metrics.corpus import score_corpus
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer
from seq2seq.options import DecodeOptions
from seq2seq.storage.atomic import write_directory
from seq2seq.storage.settings import CARD, TOKENIZER, Settings
from seq2seq.text.tokenizer import Tokenizer

Format = Literal["ctranslate2", "onnx", "transformers"]
QUANTIZATIONS = {"onnx": ("int8",), "ctranslate2": ("int8", "float16"), "transformers": ()}
REPORT = "export.json"
TOLERANCE = 1e-4  # of log p in float32
SAMPLES, SHORTEST, LONGEST = 8, 3, 12  # invented sources: how many, of how many tokens
COMPARED = 20  # sources whose every token is compared
LIMIT = 100  # tokens of a greedy translation


@dataclass(frozen=True)
class ExportReport:
    """The self-check of an export.

    Attributes:
        format: The format.
        version: The version of seq2seq that wrote it.
        sentences: Sample sources, given or invented of random pieces.
        invented: Whether they are invented.
        same_translations: How many have the same greedy translation in float32.
        difference: The largest difference of a token's log p in float32.
        quantization: The format of the written weights; None is float32.
        quantized_same_translations: How many of the sentences are still translated the same.
        chrf: chrF of the translations before and after quantization, against the references.
        chrf_to_float32: Without references: chrF of the translations after against those before.
        direction: Source and target language of the sentences.
    """

    format: str
    version: str
    sentences: int
    invented: bool
    same_translations: int
    difference: float
    quantization: str | None = None
    quantized_same_translations: int | None = None
    chrf: tuple[float, float] | None = None
    chrf_to_float32: float | None = None
    direction: tuple[str | None, str | None] = (None, None)

    def to_bytes(self) -> bytes:
        """Return the report as a JSON file; None is left out."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode()


def export(
    model: Translator | Generator,
    directory: str | Path,
    format: Format,
    *,
    quantization: str | None = None,
    sources: Sequence[str] = (),
    references: Sequence[str] = (),
) -> ExportReport:
    """Write a model in another format, checked on sources, and return the report of the check.

    Without sources the check invents some. An earlier export in its place is replaced atomically.

    Raises:
        ValueError: The format cannot express the model or has no such quantization, its program is not
            installed, the check failed, or the place holds something else.
        OSError: The files could not be written.
    """
    _check_arguments(model, format, quantization, sources, references)
    _check_place(Path(directory))
    files = _files(model, format, None)
    samples = _samples(model, sources)
    before = [_greedy(model, sample) for sample in samples]
    peer = _loaded(model, format, files)
    after = [peer.greedy(*pair) for pair in zip(samples, map(_limit, samples), strict=True)]
    difference = max(
        abs(ours - theirs)
        for source, target in list(zip(samples, before, strict=True))[:COMPARED]
        for ours, theirs in zip(_scores(model, source, target), peer.scores(source, target), strict=True)
    )
    if not difference <= TOLERANCE:
        raise ValueError(
            f"the exported model is not the same: log p of a token differs by {difference:g}, more than "
            f"{TOLERANCE:g}; nothing was written, keep to torch and report this model"
        )
    report: dict[str, Any] = {
        "format": format,
        "version": seq2seq.__version__,
        "sentences": len(samples),
        "invented": not sources,
        "same_translations": sum(a == b for a, b in zip(before, after, strict=True)),
        "difference": difference,
    }
    if isinstance(model, Translator):
        report["direction"] = model.source_language, model.target_language
    if quantization:
        files = _files(model, format, quantization)
        peer = _loaded(model, format, files)
        packed = [peer.greedy(*pair) for pair in zip(samples, map(_limit, samples), strict=True)]
        report |= _quality(model, quantization, after, packed, references)
    checked = ExportReport(**report)
    write_directory(directory, {**files, REPORT: checked.to_bytes()})
    return checked


def _files(model: Translator | Generator, format: Format, quantization: str | None) -> dict[str, bytes]:
    """Return the files of an export."""
    network, tokenizer = model.model, model.tokenizer
    assert isinstance(network, Transformer | LanguageModel)
    ours = {TOKENIZER: tokenizer.to_bytes(), CARD: model.card.encode()}
    if format == "onnx":
        head = model.settings.alignment if isinstance(model, Translator) else None
        if quantization:
            return {**quantized(onnx_files(network, head, fold=True)), **ours}
        return {**onnx_files(network, head), **ours}
    if format == "transformers":
        assert isinstance(network, Transformer) and isinstance(model.settings, Settings)
        return {**transformers_files(network, tokenizer, model.settings), CARD: ours[CARD]}
    from seq2seq.inference.backends.conversion import convert_to_ctranslate2

    with tempfile.TemporaryDirectory() as folder:
        convert_to_ctranslate2(model, Path(folder), quantization or "float32")  # type: ignore[arg-type]
        return {**{path.name: path.read_bytes() for path in Path(folder).iterdir()}, **ours}


def _loaded(model: Translator | Generator, format: Format, files: dict[str, bytes]) -> Peer:
    """Return the exported model, loaded by its own program."""
    network = model.model
    writes_on = isinstance(network, LanguageModel)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        if format == "onnx":
            return (OnnxLanguagePeer if writes_on else OnnxPeer)(folder, network.config)
        if format == "transformers":
            return TransformersPeer(folder)
        from seq2seq.inference.backends.conversion import vocabulary

        tokens = vocabulary(model.tokenizer)
        return (CTranslate2LanguagePeer if writes_on else CTranslate2Peer)(folder, tokens)


def _samples(model: Translator | Generator, sources: Sequence[str]) -> list[Ids]:
    """Return the ids of the sources, or of invented ones."""
    tokenizer, network = model.tokenizer, model.model
    if not sources:
        return _invented(model)
    longest = network.config.max_length - 2
    if isinstance(model, Generator):
        texts = [tokenizer.encode(text)[: longest // 2] for text in sources]
        return [ids for ids in texts if ids] or _invented(model)
    tag = model.tag
    segments = (segment for text in sources for segment in model.prepare(text)[:1])
    return [tokenizer.tagged(segment.source.ids[:longest], tag) for segment in segments]


def _invented(model: Translator | Generator) -> list[Ids]:
    """Return sources of random pieces, the same ones at each call."""
    tokenizer: Tokenizer = model.tokenizer
    first = EOS + 1 + len(tokenizer.tags) + len(tokenizer.placeholders)
    draw = random.Random(0)
    most = max(1, min(LONGEST, model.model.config.max_length // 3))
    tag = model.tag if isinstance(model, Translator) else []
    ids = [
        [draw.randrange(first, len(tokenizer)) for _ in range(draw.randint(min(SHORTEST, most), most))]
        for _ in range(SAMPLES)
    ]
    return [tokenizer.tagged(row, tag) for row in ids]


def _limit(source: Ids) -> int:
    return min(LIMIT, 2 * len(source) + 8)


def _greedy(model: Translator | Generator, source: Ids) -> Ids:
    """Return the greedy translation of a source by torch, or the continuation of a prompt."""
    network = model.model
    limit = _limit(source)
    if isinstance(model, Translator):
        limit = min(limit, network.config.max_length - 1)
        request = SearchRequest([source], DecodeOptions(beam_size=1, max_length=limit))
        return list(decode_sources(model.model, request)[0][0].tokens)
    assert isinstance(network, LanguageModel)
    tokens = list(source)
    with torch.inference_mode():
        for _ in range(limit):
            tokens.append(int(network(torch.tensor([tokens])).logits[0, -1].argmax()))
    return tokens[len(source) :]


def _scores(model: Translator | Generator, source: Ids, target: Ids) -> list[float]:
    """Return log p of each token of a target, and of its end, by torch."""
    network = model.model
    with torch.inference_mode():
        if isinstance(network, LanguageModel):
            logits = network(torch.tensor([[*source, *target]])).logits[:, len(source) - 1 :]
        else:
            logits = network(torch.tensor([[*source, EOS]]), torch.tensor([[BOS, *target]])).logits
    return of_targets(logits, target)


def _quality(
    model: Translator | Generator,
    quantization: str,
    before: list[Ids],
    after: list[Ids],
    references: Sequence[str],
) -> dict[str, object]:
    """Return the entries of the report on quantized weights."""
    texts, packed = ([model.tokenizer.decode(ids) for ids in side] for side in (before, after))
    same = sum(a == b for a, b in zip(before, after, strict=True))
    entries: dict[str, object] = {"quantization": quantization, "quantized_same_translations": same}
    if references:
        entries["chrf"] = _chrf(texts, references), _chrf(packed, references)
    else:
        entries["chrf_to_float32"] = _chrf(packed, texts)
    return entries


def _chrf(outputs: Sequence[str], references: Sequence[str]) -> float:
    scores = {score.name: score.value for score in score_corpus(outputs, [references])}
    return next(round(value, 2) for name, value in scores.items() if name.lower().startswith("chrf"))


def _check_arguments(
    model: Translator | Generator,
    format: Format,
    quantization: str | None,
    sources: Sequence[str],
    references: Sequence[str],
) -> None:
    if format not in get_args(Format):
        raise ValueError(f"format is {format!r}; choose {' or '.join(get_args(Format))}")
    if quantization and quantization not in QUANTIZATIONS[format]:
        known = " or ".join(QUANTIZATIONS[format]) or "none, which is float32"
        raise ValueError(f"quantization is {quantization!r}; for {format} choose {known}")
    if references and len(references) != len(sources):
        raise ValueError(
            f"there are {len(sources)} sources but {len(references)} references; give one for each"
        )
    if not isinstance(model.model, Transformer | LanguageModel):
        raise ValueError("an ensemble is not one model; export each of its models by itself")
    if format == "transformers" and isinstance(model, Generator):
        raise ValueError("transformers' AutoModelForSeq2SeqLM has no language models; export to onnx")


def _check_place(target: Path) -> None:
    """Refuse a place that holds something other than an earlier export."""
    if target.is_dir() and (not any(target.iterdir()) or (target / REPORT).is_file()):
        return
    if target.exists():
        raise ValueError(f"{target} is there already and is no export; choose another place")
