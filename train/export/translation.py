"""The export of a training, finished or stopped, to a model directory.

    candidates: the best validation's weights, the average of the last validations', the moving average if
                there is one, the last weights if not validated
    each, as it will be stored, decodes the validation set -> the best -> the alignment head
    -> the confidences -> model/

The average is summed one file after the other, so any number fits in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from seq2seq.alignment.head import AlignmentHead
from seq2seq.inference.reranking import n_best
from seq2seq.inference.translator import Translator
from seq2seq.model.device import choose_device
from seq2seq.options import DecodeOptions
from seq2seq.storage.model_directory import average, save_model
from seq2seq.storage.quantization import StorageFormat, pack, unpack
from seq2seq.storage.settings import Settings
from seq2seq.text.sentences import count_sentences

from ..callbacks.checkpoint_io import BEST, read_checkpoint
from ..callbacks.checkpoints import Checkpoints
from ..data.examples import EvalExample, Example, by_source, directions_of, spread
from ..data.module import TranslationData
from ..tasks.translation import TranslationTask
from ..tasks.validation import Scores, score, translate
from .alignment_head import choose_alignment_head
from .confidence import fit_confidence
from .model_card import make_card

LINK_PAIRS, MAP_PAIRS = 30_000, 1_000  # pairs that links are counted over; pairs whose maps are compared
LEARNED_SHARE = 0.01  # of sources that hold n sentences, for a model that translates n at once


@dataclass(frozen=True)
class TranslationCandidate:
    """Weights that may become the model, and their scores on the whole validation set."""

    name: str
    weights: dict[str, Tensor]
    scores: Scores


def write_model(
    directory: Path,
    task: TranslationTask,
    data: TranslationData,
    checkpoints: Checkpoints,
    update: int,
    recipe: str,
) -> list[str]:
    """Write the model directory with the best of the weights; return lines that report the choice.

    `update` is the number of the last update, whose weights the task holds.
    """
    task.model.to(choose_device()).eval()
    options = DecodeOptions()
    last = {name: tensor.detach().cpu().clone() for name, tensor in task.model.state_dict().items()}
    candidates = [
        evaluate(name, weights, task, data, options, checkpoints.storage)
        for name, weights in choices(checkpoints, update, last)
    ]
    chosen = max(candidates, key=lambda candidate: candidate.scores.bleu)
    task.model.load_state_dict(chosen.weights)
    head, alignment = choose_alignment(task, data)
    translator = Translator(task.model, data.tokenizer, make_settings(data, head))
    settings = fit_confidence(translator, by_source(data.validation))
    history, search = checkpoints.history, described(options, settings)
    card = make_card(
        task.model,
        data,
        chosen.name,
        chosen.scores,
        history,
        recipe,
        search,
        alignment,
        checkpoints.storage,
        settings.confidence,
    )
    save_model(directory, task.model.cpu(), data.tokenizer, settings, card, checkpoints.storage)
    report = [
        f"{candidate.name}: valid BLEU {candidate.scores.bleu:.2f}, chrF {candidate.scores.chrf:.2f} "
        f"({search})"
        for candidate in candidates
    ]
    return [*report, f"the model holds {chosen.name}", alignment]


def choose_alignment(task: TranslationTask, data: TranslationData) -> tuple[AlignmentHead, str]:
    """Return the head that shows the word alignment, and a sentence on its agreement with counted links."""
    counted, compared = spread(data.training, LINK_PAIRS), spread(data.written_validation, MAP_PAIRS)
    try:
        head, agreement = choose_alignment_head(
            task.model,
            data.tokenizer,
            [(example.source, example.target) for example in counted],
            [(example.source, example.target) for example in compared],
            [example.target_language for example in compared],
        )
    except ValueError as error:
        return AlignmentHead(), f"no alignment head could be chosen, so the first is taken: {error}"
    return head, (
        f"alignment head {head.layer}.{head.head} (read at the token's {head.read}): agreement "
        f"{agreement:.1%} with links counted over {len(counted)} pairs, "
        f"threshold {head.share:g} x row maximum{_guidance(task, head)}"
    )


def _guidance(task: TranslationTask, head: AlignmentHead) -> str:
    """Return whether the head was trained on links, as the end of a sentence."""
    if task.guided is None:
        return ""
    if replace(task.guided, share=head.share) == head:
        return f"; trained on these links with weight {task.alignment.weight:g}"
    return f"; head {task.guided.layer}.{task.guided.head} was trained on these links and agrees less"


def evaluate(
    name: str,
    weights: dict[str, Tensor],
    task: TranslationTask,
    data: TranslationData,
    options: DecodeOptions,
    storage: StorageFormat = "float16",
) -> TranslationCandidate:
    """Return the weights as they will be stored, with their scores on the whole validation set."""
    stored = unpack(pack(weights, storage))
    task.model.load_state_dict(stored)
    examples = by_source(data.validation)
    translations = _translations(task, data, examples, options)
    return TranslationCandidate(name, stored, score(translations, examples, lowercase=data.codec is not None))


def _translations(
    task: TranslationTask, data: TranslationData, examples: Sequence[EvalExample], options: DecodeOptions
) -> list[str]:
    """Return the translations of sources, re-ranked where the model will have a re-ranker."""
    if data.codec is None:
        return translate(task.model, data.tokenizer, examples, options)
    translator = Translator(task.model, data.tokenizer, make_settings(data, AlignmentHead()))
    return [result.text for result in translator.translate([example.source for example in examples], options)]


def described(options: DecodeOptions, settings: Settings) -> str:
    """Return the search of a model with these settings in words."""
    ranker = settings.codec.ranker if settings.codec else None
    if settings.codec is None or ranker is None:
        return f"beam {options.beam_size}"
    beam = n_best(options, settings.codec.least_beam).beam_size
    return f"beam {beam}, re-ranked by {ranker.name}"


def make_settings(data: TranslationData, head: AlignmentHead) -> Settings:
    """Return what config.json says of the model beside its shape."""
    sources, targets = zip(*directions_of(data.settings.corpora), strict=True)
    source, target = data.longest
    sentences = None if data.codec else most_sentences(spread(data.training, LINK_PAIRS))
    return Settings(_unique(sources), _unique(targets), source, target, head, data.codec, sentences)


def most_sentences(examples: Sequence[Example]) -> int:
    """Return the number of sentences that one source in a hundred has: few taught the model to read more."""
    counts = sorted((count_sentences(example.source) for example in examples), reverse=True)
    return counts[int(LEARNED_SHARE * len(counts))]


def choices(
    checkpoints: Checkpoints, update: int, last: dict[str, Tensor]
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Yield the weights that may become the model, each with a name.

    The last are among them only where they were not validated, or the best cannot be read.
    """
    validated = [int(entry["update"]) for entry in checkpoints.history]
    problem = ""
    if validated:
        try:
            best = read_checkpoint(checkpoints.folder / BEST)
        except ValueError as error:
            problem = f"; {error}"
        else:
            own = {
                name.removeprefix("model."): tensor
                for name, tensor in best["state_dict"].items()
                if name.startswith("model.")
            }
            yield f"the best weights (update {best['global_step']})", own
    paths = [path for path in checkpoints.weights() if int(path.stem) in validated]
    if len(paths) > 1:
        yield f"the average of the last {len(paths)} validations' weights", average(map(_read, paths))
    if checkpoints.moving.weights:
        moving = {name: tensor.detach().cpu() for name, tensor in checkpoints.moving.weights.items()}
        yield f"the moving average of the weights (decay {checkpoints.moving.decay:g})", moving
    if problem or update not in validated:
        yield f"the last weights (update {update}{problem})", last


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); remove it, the others are averaged without"
        ) from error


def _unique(languages: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(languages))
