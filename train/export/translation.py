"""From a training, finished or stopped, to a model directory.

    best validation's weights      \\
    mean of the last validations'   \\
    moving average, where kept      >  as they will be stored, decode the validation set -> the best
    the last, if not validated     /   -> which head shows the alignment -> model/

The mean is taken one file after the other, so any number fits in memory.
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
from .model_card import make_card

COUNTED, SHOWN = 30_000, 1_000  # pairs that links are counted on, and pairs whose maps are compared with them
SEEN = 0.01  # of the sources hold so many sentences, if a model is said to read so many at once


@dataclass(frozen=True)
class TranslationCandidate:
    """Weights that may become the model, and what they reach on the whole validation set."""

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
    """Write the model directory with the best of the weights at hand; says what it chose.

    `update` is the last one done, whose weights the task holds.
    """
    task.model.to(choose_device()).eval()
    options = DecodeOptions()
    last = {name: tensor.detach().cpu().clone() for name, tensor in task.model.state_dict().items()}
    candidates = [
        judge(name, weights, task, data, options, checkpoints.storage)
        for name, weights in choices(checkpoints, update, last)
    ]
    chosen = max(candidates, key=lambda candidate: candidate.scores.bleu)
    task.model.load_state_dict(chosen.weights)
    head, alignment = choose_alignment(task, data)
    settings = make_settings(data, head)
    history, search = checkpoints.history, described(options, settings)
    card = make_card(
        task.model, data, chosen.name, chosen.scores, history, recipe, search, alignment, checkpoints.storage
    )
    save_model(directory, task.model.cpu(), data.tokenizer, settings, card, checkpoints.storage)
    told = [
        f"{candidate.name}: valid BLEU {candidate.scores.bleu:.2f}, chrF {candidate.scores.chrf:.2f} "
        f"({search})"
        for candidate in candidates
    ]
    return [*told, f"the model holds {chosen.name}", alignment]


def choose_alignment(task: TranslationTask, data: TranslationData) -> tuple[AlignmentHead, str]:
    """The head that shows the word alignment, and a sentence on how well it does."""
    counted, shown = spread(data.training, COUNTED), spread(data.written_validation, SHOWN)
    try:
        head, agreement = choose_alignment_head(
            task.model,
            data.tokenizer,
            [(each.source, each.target) for each in counted],
            [(each.source, each.target) for each in shown],
            [each.target_language for each in shown],
        )
    except ValueError as error:
        return AlignmentHead(), f"no head could be chosen for the alignment, so it is the first: {error}"
    return head, (
        f"layer {head.layer}, head {head.head}, read at a piece's {head.read}, shows the word alignment; it "
        f"agrees with {agreement:.1%} of the links counted over {len(counted)} pairs, and links words from "
        f"{head.share:g} of the strongest on{_taught(task, head)}"
    )


def _taught(task: TranslationTask, head: AlignmentHead) -> str:
    """What the reader of the sentence should know of guidance."""
    if task.guided is None:
        return ""
    if replace(task.guided, share=head.share) == head:
        return f"; it was taught them with weight {task.alignment.weight:g}"
    return f"; layer {task.guided.layer}, head {task.guided.head} was taught them and agrees less"


def judge(
    name: str,
    weights: dict[str, Tensor],
    task: TranslationTask,
    data: TranslationData,
    options: DecodeOptions,
    storage: StorageFormat = "float16",
) -> TranslationCandidate:
    """What the weights reach on the whole validation set once they are stored."""
    stored = unpack(pack(weights, storage))
    task.model.load_state_dict(stored)
    judged = by_source(data.validation)
    found = _as_it_will_be_used(task, data, judged, options)
    return TranslationCandidate(name, stored, score(found, judged, lowercase=data.codec is not None))


def _as_it_will_be_used(
    task: TranslationTask, data: TranslationData, judged: Sequence[EvalExample], options: DecodeOptions
) -> list[str]:
    """The translations of sources, by the re-ranker where there is one."""
    if data.codec is None:
        return translate(task.model, data.tokenizer, judged, options)
    translator = Translator(task.model, data.tokenizer, make_settings(data, AlignmentHead()))
    return [result.text for result in translator.translate([each.source for each in judged], options)]


def described(options: DecodeOptions, settings: Settings) -> str:
    """The search that a model of these settings makes, in words."""
    ranker = settings.codec.ranker if settings.codec else None
    if settings.codec is None or ranker is None:
        return f"beam {options.beam_size}"
    beam = n_best(options, settings.codec.least_beam).beam_size
    return f"beam {beam}, re-ranked by {ranker.name}"


def make_settings(data: TranslationData, head: AlignmentHead) -> Settings:
    """Return what config.json says of the model beside its shape."""
    sources, targets = zip(*directions_of(data.settings.corpora), strict=True)
    source, target = data.longest
    sentences = None if data.codec else most_sentences(spread(data.training, COUNTED))
    return Settings(_unique(sources), _unique(targets), source, target, head, data.codec, sentences)


def most_sentences(examples: Sequence[Example]) -> int:
    """As many sentences as one source in a hundred holds: a model has hardly learned to read more at once."""
    counts = sorted((count_sentences(each.source) for each in examples), reverse=True)
    return counts[int(SEEN * len(counts))]


def choices(
    checkpoints: Checkpoints, update: int, last: dict[str, Tensor]
) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """The weights that may become the model, each with a name.

    The last are among them only where they were not validated, or the best cannot be read.
    """
    validated = [int(entry["update"]) for entry in checkpoints.history]
    told = ""
    if validated:
        try:
            best = read_checkpoint(checkpoints.folder / BEST)
        except ValueError as error:
            told = f"; {error}"
        else:
            own = {
                name.removeprefix("model."): tensor
                for name, tensor in best["state_dict"].items()
                if name.startswith("model.")
            }
            yield f"the best weights (update {best['global_step']})", own
    kept = [path for path in checkpoints.weights() if int(path.stem) in validated]
    if len(kept) > 1:
        yield f"the average of the last {len(kept)} validations' weights", average(map(_read, kept))
    if checkpoints.moving.weights:
        moving = {name: tensor.detach().cpu() for name, tensor in checkpoints.moving.weights.items()}
        yield f"the moving average of the weights (decay {checkpoints.moving.decay:g})", moving
    if told or update not in validated:
        yield f"the last weights (update {update}{told})", last


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); remove it, the others are averaged without"
        ) from error


def _unique(languages: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(languages))
