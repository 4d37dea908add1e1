"""The HTML page of `seq2seq evaluate --report`: one file, without scripts, that fetches nothing.

    scores with their signatures │ BLEU by length as bars │ diagnostics beside the references' │
    worst and best lines, each with a drawing of its alignment

Every text is escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from seq2seq.alignment.svg import draw_ribbons
from seq2seq.commands.evaluation import Evaluation, Sample, TestSet
from seq2seq.metrics.corpus import BootstrapComparison
from seq2seq.storage.atomic import replace_file

SAMPLES = 10  # worst lines, and best lines
LONGEST_DRAWN = 60  # words on a side; a longer drawing would not fit the page

STYLE = """
:root { color-scheme: light dark; --ink: #1c2733; --faint: #5d6a78; --line: #dfe5ec; --strong: #0b5fa5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8edf3; --faint: #9aa7b5; --line: #35404c; --strong: #6fb2ea; }
}
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: var(--ink);
  font: 16px/1.5 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.4rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3rem 1.4rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 500; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.share { background: var(--strong); height: .8rem; border-radius: 2px; display: inline-block; }
.faint, code { color: var(--faint); font-size: .85rem; overflow-wrap: anywhere; }
article { border-top: 1px solid var(--line); padding: 1rem 0; }
article dl { display: grid; grid-template-columns: 6rem 1fr; margin: 0 0 .6rem; } dd { margin: 0; }
dt { color: var(--faint); } .map { overflow-x: auto; }
"""


def write_report(
    path: str, results: Sequence[Evaluation], comparison: Sequence[BootstrapComparison], test_set: TestSet
) -> None:
    """Write the page, atomically.

    Raises:
        OSError: the file cannot be written.
    """
    names = " and ".join(result.model for result in results)
    parts = [f"<h1>{escape(names)}</h1>", f"<p>{len(test_set.sources)} lines.</p>"]
    parts += [_scores(results), _comparison(comparison), _lengths(results), _diagnostics(results)]
    for result in results:
        of = f" of {escape(result.model)}" if len(results) > 1 else ""
        parts += [f"<h2>Worst lines{of}</h2>", *_articles(result.worst, test_set)]
        parts += [f"<h2>Best lines{of}</h2>", *_articles(result.best, test_set)]
    head = f'<meta charset="utf-8"><title>{escape(names)}</title><style>{STYLE}</style>'
    viewport = '<meta name="viewport" content="width=device-width">'
    body = "\n".join(part for part in parts if part)
    page = f'<!doctype html>\n<html lang="en"><head>{head}{viewport}</head>\n<body>{body}</body></html>\n'
    replace_file(Path(path), page.encode())


def _scores(results: Sequence[Evaluation]) -> str:
    rows = [
        [escape(result.model), score.name, _number(score.value), f"<code>{escape(score.signature)}</code>"]
        for result in results
        for score in result.scores
    ]
    rows += [
        [escape(r.model), "AER", _number(100 * r.links.error_rate), "percent, source and first reference"]
        for r in results
        if r.links is not None
    ]
    return "<h2>Scores</h2>" + _table(["model", "metric", "score", "signature"], rows)


def _comparison(comparison: Sequence[BootstrapComparison]) -> str:
    if not comparison:
        return ""
    rows = [
        [metric.name, *map(_number, metric.values), f'<td class="number">{metric.p_value:.4f}</td>']
        for metric in comparison
    ]
    head = ["metric", "first", "second", "p of the difference"]
    return "<h2>First against second</h2><p>Paired bootstrap, 1000 samples.</p>" + _table(head, rows)


def _lengths(results: Sequence[Evaluation]) -> str:
    rows = [
        [escape(result.model), row.name, _number(row.lines, 0), _number(row.bleu), _bar(row.bleu)]
        for result in results
        for row in result.lengths
    ]
    return "<h2>By length of the source</h2>" + _table(["model", "words", "lines", "BLEU", ""], rows)


def _diagnostics(results: Sequence[Evaluation]) -> str:
    outputs = [(escape(result.model), result.diagnostics) for result in results]
    rows = [
        [name, *(_number(value) for value in (100 * rates.repetition, 100 * rates.copying, rates.size))]
        for name, rates in [*outputs, ("first reference", results[0].references)]
    ]
    head = ["", "lines that repeat, %", "words copied, %", "length / reference length"]
    legend = (
        "A line repeats if a word or phrase is directly followed by itself. A copied word is also in the "
        "source, as names and numbers are."
    )
    return f"<h2>Diagnostics</h2><p>{legend}</p>" + _table(head, rows)


def _articles(samples: Iterable[Sample], test_set: TestSet) -> Iterable[str]:
    for line, text, chrf, alignment in samples:
        grid = alignment.matrix()
        texts = [("source", test_set.sources[line])]
        texts += [("reference", reference) for reference in test_set.references_of(line)]
        texts += [("output", text)]
        entries = "".join(f"<dt>{name}</dt><dd dir='auto'>{escape(value)}</dd>" for name, value in texts)
        drawing = ""
        if 0 < len(grid.source_spans) <= LONGEST_DRAWN and 0 < len(grid.target_spans) <= LONGEST_DRAWN:
            sources = [test_set.sources[line][a:b] for a, b in grid.source_spans]
            targets = [text[a:b] for a, b in grid.target_spans]
            drawing = f'<div class="map">{draw_ribbons(sources, targets, grid.weights.tolist())}</div>'
        caption = f'<p class="faint">line {line + 1}, chrF {chrf:.1f}</p>'
        yield f"<article>{caption}<dl>{entries}</dl>{drawing}</article>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first = "".join(f"<th>{name}</th>" for name in head)
    lines = ("".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in row) for row in rows)
    return f"<table><tr>{first}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _number(value: float, places: int = 2) -> str:
    return f'<td class="number">{value:.{places}f}</td>'


def _bar(percent: float) -> str:
    return (
        f'<td style="width: 22rem"><span class="share" style="width: {min(100.0, percent):.1f}%"></span></td>'
    )
