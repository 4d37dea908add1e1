"""Export to ONNX: the graphs of `onnx_graphs.py`, traced once and written without torch's weights twice.

    encoder.onnx, step.onnx   the graphs; a language model has no encoder
    tokenizer.model           SentencePiece
    export.json               the self-check

Traces are made by torch's TorchScript exporter, which needs no further package. The other one, built on
torch.export, took ten times as long for the same graphs (45 and 5 seconds of a small model).
"""

import logging
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.onnx.utils import register_custom_op_symbolic

from seq2seq.alignment.head import AlignmentHead
from seq2seq.config import EOS, PAD
from seq2seq.inference.formats.onnx_graphs import (
    ALIGNMENT,
    LOGITS,
    MASK,
    POSITION,
    SOURCE,
    TOKENS,
    Axes,
    EncoderGraph,
    GraphNames,
    LanguageStepGraph,
    StepGraph,
    empty_caches,
    encoder_axes,
    graph_names,
    step_axes,
)
from seq2seq.inference.formats.onnx_model import ENCODER, STEP
from seq2seq.inference.formats.requirements import required
from seq2seq.model.language_model import LanguageModel
from seq2seq.model.transformer import Transformer

OPSET = 17  # the first with LayerNormalization
# Sizes of the example that is traced. None is 1, of which a trace could take the broadcast for granted.
_SENTENCES, _BEAM, _LENGTH, _READ = 2, 2, 5, 3


@torch.inference_mode(False)
@torch.enable_grad()
def onnx_files(
    model: Transformer | LanguageModel, head: AlignmentHead | None, *, fold: bool = False
) -> dict[str, bytes]:
    """Return the ONNX files of a model by name; a language model has no alignment head.

    With `fold` matrices are stored transposed, as `quantized` needs them, and a tied embedding twice.

    Raises:
        ValueError: The model has no encoder of its own.
    """
    names = graph_names(model.config)
    if isinstance(model, LanguageModel):
        return {STEP: _language_step(model, names, fold)}
    if not model.config.encoder_layers:
        raise ValueError(
            "the model reads a memory from elsewhere (encoder_layers 0), and export needs a text"
        )
    source = torch.full((_SENTENCES, _LENGTH), EOS)
    source[1, 3:] = PAD
    encoder = _traced(
        EncoderGraph(model), (source,), [SOURCE], [MASK, *names.remembered], encoder_axes(names), fold
    )
    rows = _SENTENCES * _BEAM
    widths = [layer.cross_attention.heads.compressed_width for layer in model.decoder]
    remembered = [torch.zeros(_SENTENCES, _LENGTH, width) for width in widths]
    state = [source != PAD, *remembered, *empty_caches(model, rows, _READ)]
    step = _traced(
        StepGraph(model, head or AlignmentHead()),
        (torch.full((rows,), EOS), torch.tensor([_READ]), *state),
        [TOKENS, POSITION, MASK, *names.remembered, *names.caches],
        [LOGITS, ALIGNMENT, *names.new_caches],
        step_axes(names),
        fold,
    )
    return {ENCODER: encoder, STEP: step}


def _language_step(model: LanguageModel, names: GraphNames, fold: bool) -> bytes:
    example = (torch.full((_BEAM,), EOS), torch.tensor([_READ]), *empty_caches(model, _BEAM, _READ))
    outputs = [LOGITS, *names.new_caches]
    return _traced(
        LanguageStepGraph(model), example, [TOKENS, POSITION, *names.caches], outputs, step_axes(names), fold
    )


def _traced(
    graph: nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    axes: Axes,
    fold: bool,
) -> bytes:
    """Return a graph as an ONNX file."""
    register_custom_op_symbolic("aten::rms_norm", _rms_norm, OPSET)
    training = next(graph.children()).training  # of the model; the graph around it is new
    flags = [parameter.requires_grad for parameter in graph.parameters()]
    # `onnx_files` records gradients: then softmax is not computed in place, which ONNX has no word for.
    graph.eval().requires_grad_(True)
    try:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            # The tracer warns of each comparison of sizes; all of them are checks, or choose between equals.
            warnings.simplefilter("ignore")
            path = Path(folder) / "graph.onnx"
            torch.onnx.export(
                graph,
                example,
                path,
                dynamo=False,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_axes={name: axes[name] for name in (*inputs, *outputs) if name in axes},
                opset_version=OPSET,
                do_constant_folding=fold,
            )
            return path.read_bytes()
    finally:
        graph.train(training)
        for parameter, flag in zip(graph.parameters(), flags, strict=True):
            parameter.requires_grad_(flag)


def _rms_norm(graph: Any, x: Any, _: Any, weight: Any, epsilon: Any) -> Any:
    """Return x / sqrt(mean(x^2) + epsilon) * weight in operators that this opset has."""
    square = graph.op("ReduceMean", graph.op("Mul", x, x), axes_i=[-1], keepdims_i=1)
    root = graph.op("Sqrt", graph.op("Add", square, graph.op("Cast", epsilon, to_i=1)))
    return graph.op("Mul", graph.op("Div", x, root), weight)


def quantized(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return folded ONNX files with matrices of 8 bit, one scale for each column.

    Raises:
        ValueError: onnx or onnxruntime is not installed.
    """
    required("onnx", "onnx")
    tools = required("onnxruntime.quantization", "onnx")
    smaller = {}
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # onnxruntime advises, through the root logger, steps that these graphs had
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            whole, packed = Path(folder) / name, Path(folder) / f"8-{name}"
            whole.write_bytes(data)
            tools.quantize_dynamic(whole, packed, weight_type=tools.QuantType.QInt8, per_channel=True)
            smaller[name] = packed.read_bytes()
    root.setLevel(level)
    return smaller
