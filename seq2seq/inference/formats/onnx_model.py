"""A model in ONNX files, run by onnxruntime behind the interface of a Transformer.

The search, and so `Translator`, takes it in place of the network:

    model = OnnxModel.load("exported", tokenizer)
    Translator(model, tokenizer, settings).translate("Two dogs play.")

Attention maps need torch: the graphs return the row of the alignment head alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seq2seq.config import ModelConfig
from seq2seq.inference.formats.onnx_graphs import (
    ALIGNMENT,
    LOGITS,
    MASK,
    POSITION,
    SOURCE,
    TOKENS,
    GraphNames,
    graph_names,
)
from seq2seq.inference.formats.requirements import required
from seq2seq.model.layers import rows_a_sentence
from seq2seq.model.transformer import TransformerOutput

ENCODER, STEP = "encoder.onnx", "step.onnx"


@dataclass
class OnnxState:
    """State of decoding: arrays of the source [B, ...] and caches of the rows [N, ...]."""

    remembered: dict[str, Tensor]
    caches: dict[str, Tensor]
    length: int = 0
    watched: bool = False
    looked: Tensor | None = None  # the row of the alignment head for the newest token, [N, S]

    @property
    def device(self) -> torch.device:
        """Device that tokens and row numbers are expected on."""
        return torch.device("cpu")

    @property
    def nbytes(self) -> int:
        """Bytes of the caches."""
        return sum(cache.nbytes for cache in self.caches.values())

    def watch(self, layer: int, head: int) -> None:
        """Record the row of the alignment head, the one that the graph returns, at every later step."""
        self.watched = True

    def select(self, rows: Tensor, sentences: Tensor | None = None) -> None:
        """Keep these rows, in this order; a row may come several times."""
        self.caches = {name: cache[rows] for name, cache in self.caches.items()}
        if sentences is not None:
            self.remembered = {name: source[sentences] for name, source in self.remembered.items()}


class OnnxModel:
    """The two graphs of an encoder-decoder, run on the CPU."""

    def __init__(self, config: ModelConfig, encoder: Any, step: Any) -> None:
        self.config = config
        self._encoder, self._step = encoder, step
        self._names: GraphNames = graph_names(config)
        self._device = nn.Parameter(torch.empty(0), requires_grad=False)

    @classmethod
    def load(cls, directory: str | Path, config: ModelConfig, threads: int = 1) -> "OnnxModel":
        """Load the graphs of a directory for a model of this shape.

        Raises:
            ValueError: A file is missing or damaged, or of another model; or onnxruntime is not installed.
        """
        folder = Path(directory)
        return cls(config, _session(folder / ENCODER, threads), _step_session(folder, config, threads))

    def parameters(self) -> Iterator[nn.Parameter]:
        """Iterate over one empty parameter, which names the device."""
        yield self._device

    def encode(self, source: Tensor) -> dict[str, Tensor]:
        """Read tokens [B, S] -> the source as each layer reads it."""
        names = [MASK, *self._names.remembered]
        return dict(zip(names, _run(self._encoder, names, {SOURCE: source}), strict=True))

    def start(self, memory: dict[str, Tensor], mask: Tensor | None, capacity: int) -> OnnxState:
        """Return the state before anything is written, one row a sentence."""
        rows = len(memory[MASK])
        return OnnxState(memory, _empty(self._step, self._names, rows))

    def step(self, tokens: Tensor, state: OnnxState) -> Tensor:
        """Read tokens [N, T], one after the other -> logits [N, V]."""
        rows_a_sentence(len(tokens), len(state.remembered[MASK]))
        names = [LOGITS, ALIGNMENT, *self._names.new_caches]
        logits = torch.empty(0)
        for column in tokens.unbind(1):
            position = torch.tensor([state.length])
            given = {TOKENS: column, POSITION: position, **state.remembered, **state.caches}
            logits, row, *caches = _run(self._step, names, given)
            state.caches = dict(zip(self._names.caches, caches, strict=True))
            state.length += 1
            if state.watched:
                state.looked = row
        return logits

    def __call__(self, source: Tensor, target: Tensor, *, need_weights: bool = False) -> TransformerOutput:
        """Compute the logits [B, T, V] of a given target, without maps.

        Raises:
            ValueError: Maps are asked for.
        """
        if need_weights:
            raise ValueError("the ONNX graphs return no attention maps; use the model with torch")
        state = self.start(self.encode(source), None, target.shape[1])
        return TransformerOutput(
            torch.stack([self.step(column, state) for column in target.split(1, dim=1)], dim=1), None
        )


class OnnxLanguageModel:
    """The graph of a language model, run on the CPU."""

    def __init__(self, config: ModelConfig, step: Any) -> None:
        self.config = config
        self._step, self._names = step, graph_names(config)

    @classmethod
    def load(cls, directory: str | Path, config: ModelConfig, threads: int = 1) -> "OnnxLanguageModel":
        """Load the graph of a directory for a model of this shape, as `OnnxModel.load` does."""
        return cls(config, _step_session(Path(directory), config, threads))

    def start(self, rows: int) -> OnnxState:
        """Return the state of so many rows before anything is read."""
        return OnnxState({}, _empty(self._step, self._names, rows))

    def step(self, tokens: Tensor, state: OnnxState) -> Tensor:
        """Read tokens [N, T], one after the other -> logits [N, V]."""
        logits = torch.empty(0)
        for column in tokens.unbind(1):
            given = {TOKENS: column, POSITION: torch.tensor([state.length]), **state.caches}
            logits, *caches = _run(self._step, [LOGITS, *self._names.new_caches], given)
            state.caches = dict(zip(self._names.caches, caches, strict=True))
            state.length += 1
        return logits


def _empty(session: Any, names: GraphNames, rows: int) -> dict[str, Tensor]:
    """Return the caches of a step that has read nothing."""
    shapes = {item.name: item.shape for item in session.get_inputs() if item.name in names.caches}
    return {
        name: torch.zeros([rows, *(size if isinstance(size, int) else 0 for size in shape[1:])])
        for name, shape in shapes.items()
    }


def _step_session(folder: Path, config: ModelConfig, threads: int) -> Any:
    """Return the step of a directory, after checking that it is one of a model of this shape."""
    step, names = _session(folder / STEP, threads), graph_names(config)
    read = {TOKENS, POSITION, *names.caches, *names.remembered, *([MASK] if names.remembered else [])}
    vocabulary = step.get_outputs()[0].shape[-1]
    # A graph leaves out the inputs that it does not read, such as the position of linear attention.
    fits = {item.name for item in step.get_inputs()} | {POSITION} == read
    if not fits or vocabulary != config.vocabulary_size:
        raise ValueError(
            f"{folder / STEP} is of another model: this one has {config.vocabulary_size} pieces and "
            f"{config.decoder_layers} decoder layers, the file writes {vocabulary} pieces; export this model "
            "again"
        )
    return step


def _session(path: Path, threads: int) -> Any:
    onnxruntime = required("onnxruntime", "onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    if not path.is_file():
        raise ValueError(f"{path} is missing; export the model again")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for each status
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"{path} is no ONNX file ({reason[:200]}); export the model again") from error


def _run(session: Any, names: list[str], given: dict[str, Tensor]) -> list[Tensor]:
    read = {item.name for item in session.get_inputs()}
    arrays = {name: tensor.contiguous().numpy() for name, tensor in given.items() if name in read}
    return [torch.from_numpy(array) for array in session.run(names, arrays)]
