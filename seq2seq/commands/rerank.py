"""The flags that re-rank the hypotheses of a beam by a model of the other direction."""

import argparse
from typing import TYPE_CHECKING

from seq2seq.commands.arguments import CommandParser
from seq2seq.commands.reverse import load_reverse
from seq2seq.inference.reranking import WEIGHT, NoisyChannel
from seq2seq.options import DecodeOptions

if TYPE_CHECKING:
    from seq2seq.inference.translator import Translator


def add_rerank(parser: CommandParser) -> None:
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


def check_rerank(arguments: argparse.Namespace, options: DecodeOptions) -> None:
    """Refuse (ValueError) a weight without a re-ranker, and a re-ranker without hypotheses to choose from."""
    if arguments.rerank is None:
        if arguments.rerank_weight is not None:
            raise ValueError(
                f"--rerank-weight is {arguments.rerank_weight:g} without --rerank; name the re-ranking model"
            )
    elif options.search_kind != "beam" and options.num_hypotheses == 1:
        raise ValueError(
            f"--rerank {arguments.rerank} chooses among hypotheses, but {options.search_kind} finds one; "
            "search with a beam, or leave it out"
        )


def set_reranker(arguments: argparse.Namespace, translator: "Translator") -> None:
    """Give a translator the re-ranker that the flags ask for, if any; ValueError where it cannot be."""
    if arguments.rerank is None:
        return
    reverse = load_reverse(arguments.rerank, translator, arguments.device)
    if reverse is None:
        raise ValueError(f"--rerank {arguments.rerank} finds no model of the other direction; name one")
    weight = WEIGHT if arguments.rerank_weight is None else arguments.rerank_weight
    translator.reranker = NoisyChannel(reverse, weight)
