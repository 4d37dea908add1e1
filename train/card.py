"""The model card of a training: data, recipe, scores with signatures, learning curve, limits.

Its head is the metadata that the Hugging Face hub reads, and `seq2seq models` too.
"""

from huggingface_hub import EvalResult, ModelCardData

from seq2seq.options import DecodeOptions
from seq2seq.transformer import Transformer

from .data import TranslationData
from .validation import Scores

POINTS = 20  # rows of the learning curve


def make_card(
    model: Transformer,
    data: TranslationData,
    chosen: str,
    scores: Scores,
    history: list[dict[str, float]],
    recipe: str,
    options: DecodeOptions,
    alignment: str,
) -> str:
    """The card in Markdown; `alignment` is a sentence on the head that shows it."""
    corpus = data.settings
    parameters = sum(parameter.numel() for parameter in model.parameters())
    where = corpus.name or ", ".join(corpus.files_of("train"))
    return f"""---
{_metadata(data, scores)}
---

# {corpus.source} to {corpus.target}

A Transformer of {parameters:,} parameters, trained with `seq2seq train`. It holds {chosen}, stored in 16 bit.

## Data

{where} ({corpus.source} to {corpus.target}). {data.report}. The terms of the data are those of its source.

## Scores

On the whole validation set ({len(data.validation)} pairs), beam {options.beam_size}, weights as stored:

| measure | score | signature |
| --- | --- | --- |
| sacreBLEU | {scores.bleu:.2f} | `{_cell(scores.bleu_signature)}` |
| chrF | {scores.chrf:.2f} | `{_cell(scores.chrf_signature)}` |

The validation set also chose the weights, so a score on an unseen test is what counts.

## Learning curve

Greedy or small-beam translations of the validation sentences while training.

| update | minutes | BLEU | chrF | perplexity |
| --- | --- | --- | --- | --- |
{_curve(history)}

## Word alignment

{alignment[0].upper()}{alignment[1:]}.

## Limits

Trained on sources of at most {data.longest[0]} and targets of at most {data.longest[1]} pieces;
other kinds of text are translated worse, and wrong translations read as fluently as right ones.

## Recipe

```yaml
{recipe.strip()}
```
"""


def _metadata(data: TranslationData, scores: Scores) -> str:
    """Languages, data set and valid scores, as YAML."""
    corpus = data.settings
    name = f"{corpus.source}-{corpus.target}"
    where = corpus.name or "files"
    results = [
        EvalResult("translation", where, name, kind, round(value, 2), dataset_split="validation")
        for kind, value in (("bleu", scores.bleu), ("chrf", scores.chrf))
    ]
    described = ModelCardData(
        language=[corpus.source, corpus.target],
        datasets=[where] if corpus.name else None,
        pipeline_tag="translation",
        model_name=name,
        eval_results=results,
        ignore_metadata_errors=True,
    )
    return described.to_yaml()


def _cell(text: str) -> str:
    """Text for a cell of a table, which an upright stroke would end."""
    return text.replace("|", "\\|")


def curve_points(history: list[dict[str, float]]) -> list[dict[str, float]]:
    """Evenly spread points of a learning curve, its last among them."""
    count = min(POINTS, len(history))
    return [history[(number + 1) * len(history) // count - 1] for number in range(count)]


def _curve(history: list[dict[str, float]]) -> str:
    return "\n".join(
        f"| {entry['update']:.0f} | {entry['minutes']:.1f} | {entry['bleu']:.2f} | {entry['chrf']:.2f} "
        f"| {entry['perplexity']:.2f} |"
        for entry in curve_points(history)
    )
