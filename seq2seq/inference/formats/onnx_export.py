"""Export to ONNX: the graphs of `onnx_graphs.py`, traced once and written without torch's weights twice.

    encoder.onnx, step.onnx   the graphs; a language model has no encoder
    tokenizer.model           SentencePiece
    export.json               the self-check

Traces are made by torch's TorchScript exporter, which needs no further package. The other one, built on
torch.export, took ten times as long for the same graphs (45 and 5 seconds of a small model).
"""

import io
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

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


def onnx_files(model: Transformer | LanguageModel, head: AlignmentHead) -> dict[str, bytes]:
    """Return the ONNX files of a model by name.

    Raises:
        ValueError: The model has no encoder of its own.
    """
    names = graph_names(model.config)
    if isinstance(model, LanguageModel):
        return {STEP: _language_step(model, names)}
    if not model.config.encoder_layers:
        raise ValueError(
            "the model reads a memory from elsewhere (encoder_layers 0), and export needs a text"
        )
    source = torch.full((_SENTENCES, _LENGTH), EOS)
    source[1, 3:] = PAD
    encoder = _traced(
        EncoderGraph(model), (source,), [SOURCE], [MASK, *names.remembered], encoder_axes(names)
    )
    rows = _SENTENCES * _BEAM
    width = model.decoder[0].cross_attention.heads.compressed_width
    remembered = [torch.zeros(_SENTENCES, _LENGTH, width) for _ in names.remembered]
    state = [source != PAD, *remembered, *empty_caches(model, rows, _READ)]
    step = _traced(
        StepGraph(model, head),
        (torch.full((rows,), EOS), torch.tensor([_READ]), *state),
        [TOKENS, POSITION, MASK, *names.remembered, *names.caches],
        [LOGITS, ALIGNMENT, *names.new_caches],
        step_axes(names),
    )
    return {ENCODER: encoder, STEP: step}


def _language_step(model: LanguageModel, names: GraphNames) -> bytes:
    example = (torch.full((_BEAM,), EOS), torch.tensor([_READ]), *empty_caches(model, _BEAM, _READ))
    outputs = [LOGITS, *names.new_caches]
    return _traced(
        LanguageStepGraph(model), example, [TOKENS, POSITION, *names.caches], outputs, step_axes(names)
    )


def _traced(
    graph: nn.Module, example: tuple[Tensor, ...], inputs: Sequence[str], outputs: Sequence[str], axes: Axes
) -> bytes:
    """Return a graph as an ONNX file."""
    file = io.BytesIO()
    flags = [parameter.requires_grad for parameter in graph.parameters()]
    # Where gradients are recorded, softmax is not computed in place, which ONNX has no word for.
    graph.eval().requires_grad_(True)
    try:
        with warnings.catch_warnings(), torch.enable_grad(), torch.inference_mode(False):
            warnings.simplefilter(
                "ignore"
            )  # a tracer warns of each comparison of sizes, of which all are checks
            torch.onnx.export(
                graph,
                example,
                file,
                dynamo=False,
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_axes={name: axes[name] for name in (*inputs, *outputs) if name in axes},
                opset_version=OPSET,
                do_constant_folding=False,  # it stores a tied embedding a second time, transposed
            )
    finally:
        for parameter, flag in zip(graph.parameters(), flags, strict=True):
            parameter.requires_grad_(flag)
    return file.getvalue()


def quantized(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return ONNX files whose matrices are stored in 8 bit, one scale for each column.

    Raises:
        ValueError: onnx or onnxruntime is not installed.
    """
    required("onnx", "onnx")
    required("onnxruntime", "onnx")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    smaller = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            whole, packed = Path(folder) / name, Path(folder) / f"8-{name}"
            whole.write_bytes(data)
            quantize_dynamic(whole, packed, weight_type=QuantType.QInt8, per_channel=True)
            smaller[name] = packed.read_bytes()
    return smaller
