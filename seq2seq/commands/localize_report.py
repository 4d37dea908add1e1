"""The HTML page of `seq2seq localize --report`: one file, without scripts, that fetches nothing.

    numbers │ confidence as bars │ files │ strings, those that want a look first │ the rest, folded

Every text is escaped; placeholders and tags in it are marked.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from seq2seq.commands.localize_files import CatalogFile
from seq2seq.documents.catalogs import CatalogEntry
from seq2seq.inference.localization.format_arguments import format_arguments
from seq2seq.inference.localization.suggestions import Suggestion
from seq2seq.storage.atomic import replace_file
from seq2seq.text.languages import language_name

LOOK_FIRST = 50  # strings that are shown unfolded
MOST_ROWS = 3000  # of a part of the page; a browser shows them in a second
BANDS = 5

STYLE = """
:root { color-scheme: light dark; --paper: #fbfbf9; --card: #fff; --ink: #1d2530; --faint: #5b6673;
  --line: #dde2e7; --strong: #1d5c8f; --memory: #2c6e54; --wrong: #a3321f; --mark: #e6eef6; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --card: #1b2127; --ink: #e7ebef; --faint: #9aa6b2; --line: #323b45;
    --strong: #79b4e3; --memory: #7cc7a6; --wrong: #f0927f; --mark: #26394b; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif; }
main { max-width: 64rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -.01em; margin: 0 0 .4rem; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 3rem 0 .6rem; }
p { margin: .3rem 0 1rem; max-width: 44rem; }
.faint { color: var(--faint); } .small { font-size: .85rem; }
dl.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1px;
  margin: 1.8rem 0; background: var(--line); border: 1px solid var(--line); border-radius: .6rem;
  overflow: hidden; }
dl.numbers div { background: var(--card); padding: .9rem 1rem; display: flex;
  flex-direction: column-reverse; justify-content: flex-end; }
dl.numbers dt { color: var(--faint); font-size: .85rem; }
dl.numbers dd { margin: 0; font-size: 1.7rem; font-weight: 600; line-height: 1.2;
  font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 500; color: var(--faint); font-size: .85rem; }
th, td { padding: .4rem 1rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: block; height: .65rem; border-radius: .2rem; background: var(--strong); }
.wide { overflow-x: auto; }
ol.strings { list-style: none; margin: 0; padding: 0; }
ol.strings > li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .8rem 1rem; margin: 0 0 .6rem; break-inside: avoid; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .3rem 1.6rem; }
.pair > div { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0; }
.target { font-weight: 500; }
.about { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; align-items: baseline; color: var(--faint);
  font-size: .85rem; margin-top: .45rem; }
.origin { font-weight: 600; color: var(--strong); } .origin.memory { color: var(--memory); }
.wrong { color: var(--wrong); font-weight: 600; }
mark { background: var(--mark); color: inherit; border-radius: .2rem; padding: 0 .15rem; }
.gauge { display: inline-block; width: 5rem; height: .45rem; background: var(--line); border-radius: .25rem;
  overflow: hidden; }
.gauge > span { display: block; height: 100%; background: var(--strong); }
code { overflow-wrap: anywhere; }
details > summary { cursor: pointer; font-size: 1.15rem; font-weight: 600; margin: 2.4rem 0 .8rem; }
summary:focus-visible { outline: 2px solid var(--strong); outline-offset: 3px; border-radius: .2rem; }
@media (max-width: 40rem) { .pair { grid-template-columns: 1fr; } }
@media print { body { background: none; } main { padding: 0; max-width: none; } }
"""


class ReportRow(NamedTuple):
    """A string of the report: its entry, its suggestion, and why it was not filled with it, or ""."""

    file: CatalogFile
    entry: CatalogEntry
    suggestion: Suggestion
    refused: str

    @property
    def worry(self) -> tuple[int, float]:
        """The place in the order of strings that want a look: refused ones, then the least sure."""
        suggestion = self.suggestion
        if self.refused:
            return 0, suggestion.confidence if suggestion.confidence is not None else suggestion.score
        if suggestion.origin == "model":
            return 1, suggestion.confidence if suggestion.confidence is not None else suggestion.score
        return 2, float(suggestion.match.score if suggestion.match else 100)


def write_report(path: Path, files: Sequence[CatalogFile], language: str) -> None:
    """Write the page, atomically.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path.resolve(), report_page(files, language).encode("utf-8", "replace"))


def report_page(files: Sequence[CatalogFile], language: str) -> str:
    """Return the page as HTML."""
    rows = [
        ReportRow(file, file.pending[number], suggestion, file.refused.get(number, ""))
        for file in files
        for number, suggestion in sorted(file.suggestions.items())
    ]
    rows.sort(key=lambda row: row.worry)
    source = (
        next((file.catalog.source_language for file in files if file.catalog.source_language), None) or "en"
    )
    made = [row for row in rows if row.refused or row.suggestion.origin == "model"]
    others = [row for row in rows if not row.refused and row.suggestion.origin != "model"]
    names = ", ".join(str(file.path) for file in files[:3]) + (
        f" and {len(files) - 3} more" if len(files) > 3 else ""
    )
    title = f"{language_name(language)} for {names}"
    languages = source.replace("_", "-"), language.replace("_", "-")
    parts = [
        f"<h1>{escape(title)}</h1>",
        '<p class="faint">What was filled, from where, and which strings want a look first. '
        "Every string is marked for review in its file.</p>",
        _numbers(rows),
        _confidence(rows),
        _files(files),
        _section("Look at these first", made[:LOOK_FIRST], languages, _ORDER),
        _folded(f"The other strings by the model: {len(made[LOOK_FIRST:])}", made[LOOK_FIRST:], languages),
        _folded(f"From the memory, or copied: {len(others)}", others, languages),
    ]
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
    )
    body = "\n".join(part for part in parts if part)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body><main>{body}</main></body></html>\n'


_ORDER = "Strings that were left empty, then those that the model is least sure of."


def _numbers(rows: Sequence[ReportRow]) -> str:
    filled = [row for row in rows if not row.refused]
    origins = [row.suggestion.origin for row in filled]
    numbers = [
        ("strings without a translation", len(rows)),
        ("filled", len(filled)),
        ("from the memory", origins.count("memory")),
        ("by the model", origins.count("model")),
        ("copied, no words", origins.count("copied")),
        ("left empty", len(rows) - len(filled)),
        ("of them broke a rule", sum(bool(row.suggestion.problems) for row in rows)),
    ]
    cells = "".join(f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in numbers)
    return f'<dl class="numbers">{cells}</dl>'


def _confidence(rows: Sequence[ReportRow]) -> str:
    """Return how many strings of the model there are in each band of confidence."""
    known = [
        row.suggestion.confidence
        for row in rows
        if row.suggestion.origin == "model" and row.suggestion.confidence is not None
    ]
    if not known:
        return ""
    counts = [0] * BANDS
    for value in known:
        counts[min(BANDS - 1, int(value * BANDS))] += 1
    lines = [
        f'<tr><th scope="row">{band / BANDS:.1f} to {(band + 1) / BANDS:.1f}</th>'
        f'<td class="number">{counts[band]:,}</td><td style="width:70%">'
        f'<span class="bar" style="width:{100 * counts[band] / max(counts):.1f}%"></span></td></tr>'
        for band in reversed(range(BANDS))
    ]
    head = '<tr><th scope="col">confidence</th><th scope="col" class="number">strings</th><th></th></tr>'
    legend = "The expected likeness to a translator's text (chrF / 100), of strings by the model."
    return f'<h2>How sure the model is</h2><p class="faint">{legend}</p><table>{head}{"".join(lines)}</table>'


def _files(files: Sequence[CatalogFile]) -> str:
    if len(files) < 2:
        return ""
    lines = [
        f"<tr><td><code>{escape(str(file.path))}</code></td>"
        f'<td class="number">{len(file.catalog.entries):,}</td><td class="number">{len(file.filled):,}</td>'
        f'<td class="number">{len(file.pending) - len(file.filled):,}</td></tr>'
        for file in files[:MOST_ROWS]
    ]
    head = "".join(
        f'<th scope="col" class="number">{name}</th>' for name in ("strings", "filled", "left empty")
    )
    return (
        f'<h2>Files</h2><div class="wide"><table><tr><th scope="col">file</th>{head}</tr>{"".join(lines)}'
        "</table></div>"
    )


def _section(title: str, rows: Sequence[ReportRow], languages: tuple[str, str], order: str) -> str:
    if not rows:
        return ""
    return f'<h2>{title}</h2><p class="faint">{order}</p>{_strings(rows, languages)}'


def _folded(title: str, rows: Sequence[ReportRow], languages: tuple[str, str]) -> str:
    if not rows:
        return ""
    left = len(rows) - MOST_ROWS
    more = f'<p class="faint">{left:,} more are in the files.</p>' if left > 0 else ""
    return f"<details><summary>{title}</summary>{_strings(rows[:MOST_ROWS], languages)}{more}</details>"


def _strings(rows: Iterable[ReportRow], languages: tuple[str, str]) -> str:
    return f'<ol class="strings">{"".join(_string(row, languages) for row in rows)}</ol>'


def _string(row: ReportRow, languages: tuple[str, str]) -> str:
    entry, suggestion = row.entry, row.suggestion
    sources, targets = entry.sources, suggestion.targets
    if len(set(zip(sources, targets, strict=True))) == 1:
        sources, targets = sources[:1], targets[:1]
    pairs = "".join(
        f'<div lang="{escape(languages[0])}" dir="auto">{_marked(source, entry)}</div>'
        f'<div lang="{escape(languages[1])}" dir="auto" class="target">{_marked(target, entry)}</div>'
        for source, target in zip(sources, targets, strict=True)
    )
    return f'<li><div class="pair">{pairs}</div><div class="about">{"".join(_about(row))}</div></li>'


def _about(row: ReportRow) -> Iterable[str]:
    """Yield what is known about a string, each in an element."""
    suggestion, entry = row.suggestion, row.entry
    if row.refused:
        yield f'<span class="wrong">left empty: {escape(row.refused)}</span>'
    if suggestion.origin == "memory":
        percent = suggestion.match.score if suggestion.match else 100
        yield f'<span class="origin memory">memory, {percent} %</span>'
    elif suggestion.origin == "copied":
        yield '<span class="origin">copied</span>'
    else:
        yield f'<span class="origin">model</span>{_sure(suggestion.confidence)}'
    if not suggestion.problems:
        yield "<span>keeps all rules</span>" if suggestion.origin == "model" else ""
    if suggestion.origin == "model" and suggestion.match is not None:
        near = suggestion.match
        yield (f"<span>memory, {near.score} %: {escape(near.source)} → {escape(near.target)}</span>")
    line = f":{entry.line}" if entry.line else ""
    yield f"<code>{escape(str(row.file.path))}{line}</code>"
    if entry.context:
        yield f"<span>context: {escape(entry.context)}</span>"


def _sure(confidence: float | None) -> str:
    if confidence is None:
        return ""
    return (
        f'<span>confidence {confidence:.2f} <span class="gauge" aria-hidden="true">'
        f'<span style="width:{100 * confidence:.0f}%"></span></span></span>'
    )


def _marked(text: str, entry: CatalogEntry) -> str:
    """Return a text as HTML with its placeholders and tags marked."""
    written, at = "", 0
    for argument in format_arguments(text, entry.flags):
        written += f"{escape(text[at : argument.start])}<mark>{escape(argument.text)}</mark>"
        at = argument.end
    return written + escape(text[at:])
