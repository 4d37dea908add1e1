"""What the page shows of a translated part, computed when it is looked at; each call is a pass or a search.

Part ─> forced pass  ─> probabilities, maps       PairView, AttentionView
     ─> forced pass  ─> likeliest pieces          CandidatesView
     ─> beam search  ─> every candidate it saw    TreeView
     ─> beam search from a forced beginning       another Version
"""

from dataclasses import replace
from typing import Any

from seq2seq import DecodeOptions, Translator
from seq2seq.alignment.maps import AttentionMaps
from seq2seq.config import END, EOS
from seq2seq.inference.decoding import decode_sources
from seq2seq.inference.forced_decoding import EncodedSide, decode_side, encode_side, explain, top_candidates
from seq2seq.search import Candidates

from ..views import MapSelection, Node, StepCandidate, attention_data, candidates_data, pair_data, tree_data
from .state import PagePart, PartVersion, is_blank, read_version

CANDIDATES = 8  # shown of each step


class NothingToExplainError(Exception):
    """There is nothing to be seen; `label` names the sentence that says why."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


def explain_part(translator: Translator, part: PagePart) -> tuple[list[float], AttentionMaps]:
    """log p of each piece of a part's translation and its maps."""
    source, target = _sides(translator, part)
    return explain(translator.model, translator.tokenizer_of(part.source), source, target)


def explain_draft(translator: Translator, source: str, target: str) -> tuple[list[float], AttentionMaps]:
    """As `explain_part`, of a translation that is still being written: its text is all there is of it."""
    tokenizer = translator.tokenizer_of(source)
    sides = encode_side(tokenizer, source, translator.tag), encode_side(tokenizer, target)
    return explain(translator.model, tokenizer, *sides)


def show_pair(
    translator: Translator, scores: list[float], maps: AttentionMaps, *, growing: bool = False
) -> dict[str, Any]:
    """The value of a PairView."""
    return pair_data(maps.alignment(translator.settings.alignment), scores, growing=growing)


def show_maps(
    translator: Translator, maps: AttentionMaps, choice: MapSelection | None, *, growing: bool = False
) -> dict[str, Any]:
    """The value of an AttentionView."""
    settings = translator.settings
    name = f"{'+'.join(settings.source_languages)}-{'+'.join(settings.target_languages)}"
    return attention_data(maps, settings.alignment, choice, name=name, growing=growing)


def show_candidates(translator: Translator, part: PagePart) -> dict[str, Any]:
    """The value of a CandidatesView: the likeliest pieces of each step of a part's translation."""
    tokenizer = translator.tokenizer
    source, target = _sides(translator, part)
    steps = top_candidates(translator.model, source.ids, target.ids, CANDIDATES)
    named = [
        [
            StepCandidate(token, likely.probability)
            for token, likely in zip(tokenizer.pieces([each.token for each in step]), step, strict=True)
        ]
        for step in steps
    ]
    written: list[int | None] = []
    for step, token in zip(steps, [*target.ids, EOS], strict=True):
        places = [place for place, each in enumerate(step) if each.token == token]
        written.append(places[0] if places else None)
    return candidates_data(named, written, part.forced)


def grow_tree(translator: Translator, part: PagePart, options: DecodeOptions) -> list[Node]:
    """Every candidate that the beam saw on its way to the part's best translation, parents first."""
    tokenizer = translator.tokenizer
    nodes: list[Node] = []
    paths: list[tuple[int, ...]] = []
    living: list[int | None] = [None]  # the node of each live hypothesis

    def watch(_position: int, seen: Candidates) -> None:
        places: list[int | None] = []
        parents, tokens, totals = (each[0].tolist() for each in (seen.parents, seen.tokens, seen.totals))
        own, live, finished = (
            seen.log_probabilities[0].exp().tolist(),
            seen.live[0].tolist(),
            seen.finished[0],
        )
        pieces = tokenizer.pieces(tokens)
        for rank, total in enumerate(totals):
            if total == float("-inf"):
                places.append(None)
                continue
            parent = living[parents[rank]]
            kept = bool(finished[rank]) or (rank in live and tokens[rank] != EOS)
            places.append(len(nodes))
            paths.append((*(paths[parent] if parent is not None else ()), tokens[rank]))
            nodes.append(Node(pieces[rank], own[rank], parent, kept))
        living[:] = [places[rank] for rank in live]

    source, _ = _sides(translator, part)
    ((best, *_),) = decode_sources(translator.model, [source.ids], options, observer=watch)
    result = (*best.tokens, EOS)
    return [node._replace(best=path == result[: len(path)]) for node, path in zip(nodes, paths, strict=True)]


def show_tree(nodes: list[Node]) -> dict[str, Any]:
    """The value of a TreeView."""
    return tree_data(nodes)


def beginning_at(nodes: list[Node], number: int) -> list[str]:
    """The pieces from the root of the tree to a node."""
    pieces: list[str] = []
    place: int | None = number
    while place is not None:
        pieces.insert(0, nodes[place].token)
        place = nodes[place].parent
    return pieces


def decode_on(
    translator: Translator, source: str, beginning: list[str], options: DecodeOptions
) -> PartVersion:
    """The best translation that begins with these pieces; the end among them ends it there."""
    if beginning and beginning[-1] == END:
        pieces = beginning[:-1]
        tokenizer = translator.tokenizer_of(source)
        ids = tokenizer.ids(pieces)
        (found,) = translator.score([tokenizer.pieces(tokenizer.encode(source))], [pieces])
        total = found.log_probability
        score = total / (len(pieces) + 1) ** options.length_penalty
        return PartVersion(tokenizer.decode(ids), tuple(pieces), score, total)
    asked = replace(options, target_prefix=tuple(beginning), num_hypotheses=1)
    return read_version(translator.translate(source, asked))


def _sides(translator: Translator, part: PagePart) -> tuple[EncodedSide, EncodedSide]:
    """A part and its translation as the model read and wrote them."""
    if not part.source.strip():
        raise NothingToExplainError("blank")
    if is_blank(translator, part):
        raise NothingToExplainError("unknown")
    tokenizer = translator.tokenizer_of(part.source)
    ids, spans = tokenizer.encode_with_spans(part.source)
    source = EncodedSide(part.source, ids + translator.tag, spans)
    target = decode_side(tokenizer, tokenizer.ids(part.version.pieces))
    if max(len(source.ids), len(target.ids)) + 1 > translator.model.config.max_length:
        raise NothingToExplainError("too_long")
    return source, target
