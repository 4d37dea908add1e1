"""Explanations of a translated part, computed when they are looked at; each is one pass or one search.

PagePart ─> forced pass  ─> probabilities, maps       PairView, AttentionView
         ─> forced pass  ─> most probable tokens      CandidatesView
         ─> beam search  ─> all its candidates        TreeView
         ─> beam search from a forced beginning       another PartVersion
"""

from dataclasses import replace
from typing import Any

from seq2seq import DecodeOptions, Translator
from seq2seq.alignment.maps import AttentionMaps
from seq2seq.config import END, EOS
from seq2seq.inference.decoding import SearchRequest, decode_sources
from seq2seq.inference.forced_decoding import EncodedSide, decode_side, encode_side, explain, top_candidates
from seq2seq.search import Candidates

from ..views import MapSelection, Node, StepCandidate, attention_data, candidates_data, pair_data, tree_data
from .state import PagePart, PartVersion, is_unchanged, read_version

CANDIDATES = 8  # shown at each step


class NothingToExplainError(Exception):
    """A part that cannot be explained; `label` is that of the sentence that says why."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


def explain_part(translator: Translator, part: PagePart) -> tuple[list[float], AttentionMaps]:
    """Return the log-probability of each token of a part's translation, and its attention maps."""
    source, target = _sides(translator, part)
    return explain(translator.model, translator.tokenizer_of(part.source), source, target)


def explain_draft(translator: Translator, source: str, target: str) -> tuple[list[float], AttentionMaps]:
    """Return the same of a translation that is still being written, of which only the text is known."""
    tokenizer = translator.tokenizer_of(source)
    sides = encode_side(tokenizer, source, translator.tag), encode_side(tokenizer.target, target)
    return explain(translator.model, tokenizer, *sides)


def show_pair(
    translator: Translator, scores: list[float], maps: AttentionMaps, *, growing: bool = False
) -> dict[str, Any]:
    """Return the value of a PairView."""
    return pair_data(maps.alignment(translator.settings.alignment), scores, growing=growing)


def show_maps(
    translator: Translator, maps: AttentionMaps, choice: MapSelection | None, *, growing: bool = False
) -> dict[str, Any]:
    """Return the value of an AttentionView."""
    settings = translator.settings
    name = f"{'+'.join(settings.source_languages)}-{'+'.join(settings.target_languages)}"
    return attention_data(maps, settings.alignment, choice, name=name, growing=growing)


def show_candidates(translator: Translator, part: PagePart) -> dict[str, Any]:
    """Return the value of a CandidatesView: the most probable tokens of each step of a part's translation."""
    tokenizer = translator.tokenizer
    source, target = _sides(translator, part)
    steps = top_candidates(translator.model, source.ids, target.ids, CANDIDATES)
    named = [
        [
            StepCandidate(token, candidate.probability)
            for token, candidate in zip(tokenizer.pieces([c.token for c in step]), step, strict=True)
        ]
        for step in steps
    ]
    written: list[int | None] = []
    for step, token in zip(steps, [*target.ids, EOS], strict=True):
        places = [place for place, candidate in enumerate(step) if candidate.token == token]
        written.append(places[0] if places else None)
    return candidates_data(named, written, part.forced)


def grow_tree(translator: Translator, part: PagePart, options: DecodeOptions) -> list[Node]:
    """Return all candidates of a beam search for the part, parents before their children.

    Those on the path to the search's result are marked `best`.
    """
    tokenizer = translator.tokenizer
    nodes: list[Node] = []
    paths: list[tuple[int, ...]] = []
    live_nodes: list[int | None] = [None]  # the node of each live hypothesis; at first the root

    def observe(_position: int, candidates: Candidates) -> None:
        numbers: list[int | None] = []  # the node of each candidate
        parents, tokens, totals, live = (
            values[0].tolist()
            for values in (candidates.parents, candidates.tokens, candidates.totals, candidates.live)
        )
        probabilities = candidates.log_probabilities[0].exp().tolist()
        finished = candidates.finished[0]
        pieces = tokenizer.pieces(tokens)
        for rank, total in enumerate(totals):
            if total == float("-inf"):  # a row that the search filled up: there were fewer candidates
                numbers.append(None)
                continue
            parent = live_nodes[parents[rank]]
            kept = bool(finished[rank]) or (rank in live and tokens[rank] != EOS)
            numbers.append(len(nodes))
            paths.append((*(paths[parent] if parent is not None else ()), tokens[rank]))
            nodes.append(Node(pieces[rank], probabilities[rank], parent, kept))
        live_nodes[:] = [numbers[rank] for rank in live]

    source, _ = _sides(translator, part)
    ((best, *_),) = decode_sources(translator.model, SearchRequest([source.ids], options, observer=observe))
    result = (*best.tokens, EOS)
    return [node._replace(best=path == result[: len(path)]) for node, path in zip(nodes, paths, strict=True)]


def show_tree(nodes: list[Node]) -> dict[str, Any]:
    """Return the value of a TreeView."""
    return tree_data(nodes)


def path_to(nodes: list[Node], number: int) -> list[str]:
    """Return the tokens from the root of the tree to a node."""
    tokens: list[str] = []
    ancestor: int | None = number
    while ancestor is not None:
        tokens.insert(0, nodes[ancestor].token)
        ancestor = nodes[ancestor].parent
    return tokens


def decode_on(
    translator: Translator, source: str, beginning: list[str], options: DecodeOptions
) -> PartVersion:
    """Return the best translation that begins with some tokens; the end symbol last ends it there."""
    if beginning and beginning[-1] == END:
        # `target_prefix` may not hold the end symbol, so what is before it is scored, not searched.
        tokens = beginning[:-1]
        tokenizer = translator.tokenizer_of(source)
        (score,) = translator.score([tokenizer.pieces(tokenizer.encode(source))], [tokens])
        total = score.log_probability
        normalized = total / (len(tokens) + 1) ** options.length_penalty
        return PartVersion(tokenizer.decode(tokenizer.ids(tokens)), tuple(tokens), normalized, total)
    forced = replace(options, target_prefix=tuple(beginning), num_hypotheses=1)
    return read_version(translator.translate(source, forced))


def _sides(translator: Translator, part: PagePart) -> tuple[EncodedSide, EncodedSide]:
    """Return a part and its translation as the model read and wrote them.

    Raises:
        NothingToExplainError: the part is blank, unknown to the model, or longer than it can read.
    """
    if not part.source.strip():
        raise NothingToExplainError("blank")
    if is_unchanged(translator, part):
        raise NothingToExplainError("unknown")
    tokenizer = translator.tokenizer_of(part.source)
    ids, spans = tokenizer.encode_with_spans(part.source)
    tag = translator.tag
    tagged = tokenizer.tagged(ids, tag), tokenizer.tagged_spans(spans, tag)
    source = EncodedSide(part.source, *tagged)
    target = decode_side(tokenizer, tokenizer.ids(part.version.tokens))
    if max(len(source.ids), len(target.ids)) + 1 > translator.model.config.max_length:
        raise NothingToExplainError("too_long")
    return source, target
