"""The flags that re-rank the hypotheses of a beam by a model of the other direction."""

import argparse
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import Parser
from seq2seq.commands.reverse import load_reverse
from seq2seq.reranking import WEIGHT, NoisyChannel

if TYPE_CHECKING:
    from seq2seq.translator import Translator


def add_rerank(parser: Parser) -> None:
    """The flags --rerank and --rerank-weight."""
    parser.add_argument(
        "--rerank",
        metavar="M",
        help="a model of the other direction, which chooses among the hypotheses; auto: a released one",
    )
    parser.add_argument(
        "--rerank-weight",
        metavar="X",
        type=float,
        help=f"of that model beside the translating one, to be chosen on a validation set (default {WEIGHT})",
    )


def set_reranker(arguments: argparse.Namespace, translator: "Translator") -> None:
    """Give a translator the re-ranker that the flags ask for, if any; ValueError where it cannot be."""
    if arguments.rerank is None:
        if arguments.rerank_weight is not None:
            raise ValueError(
                f"--rerank-weight is {arguments.rerank_weight:g} without --rerank; name the re-ranking model"
            )
        return
    reverse = load_reverse(arguments.rerank, translator, arguments.device)
    if reverse is None:
        raise ValueError(f"--rerank {arguments.rerank} finds no model of the other direction; name one")
    weight = WEIGHT if arguments.rerank_weight is None else arguments.rerank_weight
    translator.reranker = NoisyChannel(reverse, weight)
