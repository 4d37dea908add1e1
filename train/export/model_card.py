"""The model card of a training: data, recipe, scores with signatures, learning curve, limits.

It begins with the metadata that the Hugging Face hub and `seq2seq models` read.
"""

import re
from collections.abc import Iterable, Mapping

from huggingface_hub import EvalResult, ModelCardData

from seq2seq.model.transformer import Transformer
from seq2seq.storage.calibration import Calibration
from seq2seq.storage.card import complete_card, without_local_paths
from seq2seq.storage.quantization import StorageFormat
from seq2seq.text.normalization import base_language

from ..data.corpus import Corpus, Direction
from ..data.examples import directions_of
from ..data.hub import on_hub
from ..data.module import TranslationData
from ..tasks.validation import Scores

STORED: dict[StorageFormat, str] = {"float16": "16 bit", "int8": "8 bit with a scale a row"}
POINTS = 20  # rows of the learning curve


def make_card(
    model: Transformer,
    data: TranslationData,
    chosen: str,
    scores: Scores,
    history: list[dict[str, float]],
    recipe: str,
    search: str,
    alignment: str,
    storage: StorageFormat,
    confidence: Mapping[str, Calibration] | None = None,
) -> str:
    """Return the card in Markdown.

    `search` says in words how the translations were decoded, `alignment` which head shows the alignment,
    `confidence` is that of each target language.
    """
    parameters = sum(parameter.numel() for parameter in model.parameters())
    where = "; ".join(_described(corpus) for corpus in data.settings.corpora)
    card = f"""---
{_metadata(data, scores)}
---

# {_title(data)}

A Transformer of {parameters:,} parameters, trained with `seq2seq train`. It holds {chosen}, stored in
{STORED[storage]}.

## Data

{where}. {data.report}. The terms of the data are those of its source.{began_with(data.start_model.init)}

## Scores

On the whole validation set ({len(data.validation)} pairs), {search}, weights as stored:

{_measured(scores)}
{_by_direction(scores)}
The validation set also chose the weights; only a test set gives an unbiased score.

## Learning curve

{_curve(history)}

## Word alignment

{alignment[0].upper()}{alignment[1:]}.
{_confidence(confidence)}
## Limits

Trained on sources of at most {data.longest[0]} and targets of at most {data.longest[1]} tokens.
Other kinds of text are translated worse, and wrong translations may be as fluent as right ones.

## Recipe

```yaml
{recipe.strip()}
```
"""
    return complete_card(without_local_paths(card), *_languages(data))


def _languages(data: TranslationData) -> tuple[list[str], list[str]]:
    """Return the languages of the sources and of the targets, each once."""
    sources, targets = zip(*directions_of(data.settings.corpora), strict=True)
    return list(dict.fromkeys(sources)), list(dict.fromkeys(targets))


def _confidence(calibrations: Mapping[str, Calibration] | None) -> str:
    """Return a section on the confidences; nothing where none were fitted."""
    if not calibrations:
        return ""
    least = ", ".join(
        f"{calibration.least_score:.2f} ({language})" for language, calibration in calibrations.items()
    )
    return f"""
## Confidence

`confidence` is the chrF / 100 that a translation is expected to have, fitted on the validation set. A text is
called unlike the training texts below a mean log-probability of {least}, as one validation text in 200 is.
"""


def began_with(init: str | None) -> str:
    """Return a sentence on the model whose weights a run began with; nothing where they were random."""
    return f" The run began with the weights of `{init}`." if init else ""


def codes_of(languages: Iterable[str]) -> list[str] | None:
    """Return languages as the hub's metadata takes them: ISO 639, zh for zh-CN, nothing for facts."""
    bases = dict.fromkeys(map(base_language, languages))
    return [base for base in bases if re.fullmatch("[a-z]{2,3}", base)] or None


def _measured(scores: Scores) -> str:
    """Return the scores with their signatures as a table."""
    return f"""| measure | score | signature |
| --- | --- | --- |
| sacreBLEU | {scores.bleu:.2f} | `{_cell(scores.bleu_signature)}` |
| chrF | {scores.chrf:.2f} | `{_cell(scores.chrf_signature)}` |"""


def _metadata(data: TranslationData, scores: Scores) -> str:
    """Return languages, data set and validation scores as YAML."""
    names = on_hub(corpus.name for corpus in data.settings.corpora)
    directions = list(scores.directions)
    results = [
        EvalResult(
            "translation",
            names[0] if names else "files",
            f"{source}-{target}",
            kind,
            round(value, 2),
            dataset_config=f"{source}-{target}",  # the hub merges results that differ only in the name
            dataset_split="validation",
        )
        for source, target in directions
        for kind, value in _values(scores, (source, target))
    ]
    languages = dict.fromkeys(language for direction in directions for language in direction)
    described = ModelCardData(
        language=codes_of(languages),
        datasets=names or None,
        pipeline_tag="translation",
        model_name="-".join(languages),
        eval_results=results,
        ignore_metadata_errors=True,
    )
    return described.to_yaml()


def _values(scores: Scores, direction: Direction) -> list[tuple[str, float]]:
    bleu, chrf = scores.directions[direction]
    return [("bleu", bleu.value), ("chrf", chrf.value)]


def _title(data: TranslationData) -> str:
    directions = directions_of(data.settings.corpora)
    if len(directions) == 1:
        return " to ".join(directions[0])
    return ", ".join(dict.fromkeys(language for direction in directions for language in direction))


def _described(corpus: Corpus) -> str:
    """Return the name or files of a corpus, and its languages."""
    where = corpus.name or ", ".join(corpus.files_of("train"))
    way = " ".join(corpus.languages) if corpus.languages else f"{corpus.source} to {corpus.target}"
    return f"{where} ({way})"


def _by_direction(scores: Scores) -> str:
    """Return a table of the scores of each direction; nothing where there is one."""
    if len(scores.directions) == 1:
        return ""
    rows = "\n".join(
        f"| {source} to {target} | {bleu.value:.2f} | {chrf.value:.2f} |"
        for (source, target), (bleu, chrf) in scores.directions.items()
    )
    return f"""
These are means over the directions, each with its target language's tokenization (`tok` of the signature):

| direction | sacreBLEU | chrF |
| --- | --- | --- |
{rows}
"""


def _cell(text: str) -> str:
    """Return text for a cell of a table, with vertical bars escaped."""
    return text.replace("|", "\\|")


def curve_points(history: list[dict[str, float]]) -> list[dict[str, float]]:
    """Return evenly spread points of a learning curve, the last among them."""
    count = min(POINTS, len(history))
    return [history[(number + 1) * len(history) // count - 1] for number in range(count)]


def _curve(history: list[dict[str, float]]) -> str:
    """Return the table of the learning curve, with a sentence before it."""
    rows = "\n".join(
        f"| {entry['update']:.0f} | {entry['minutes']:.1f} | {entry['bleu']:.2f} | {entry['chrf']:.2f} "
        f"| {entry['perplexity']:.2f} |"
        for entry in curve_points(history)
    )
    return f"""Scores at each validation while training, by greedy search or a small beam.

| update | minutes | BLEU | chrF | perplexity |
| --- | --- | --- | --- | --- |
{rows}"""
