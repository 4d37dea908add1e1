"""AER, precision and recall of a model on gold word alignments of another domain.

    python benchmarks/gold_links.py --model de-en --gold FOLDER [--reverse en-de]

FOLDER holds `text` (`source ||| target`, tokenised) and `gold` (links `i-j` and `ipj`, from 0 or 1), line by
line. Words are blank-separated. Beside the links that `seq2seq align` gives, which reads all pairs together,
stand those of each direction alone, pair by pair, those both agree on, and those joined.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from seq2seq.alignment.symmetrization import Link, grow, intersect
from seq2seq.commands.align import align_pairs
from seq2seq.commands.arguments import AUTO, load_reverse
from seq2seq.commands.lines import ProgressCounter, read_lines
from seq2seq.inference.translator import Translator
from seq2seq.metrics.aer import read_gold, score_links


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Return the pairs of a file of `source ||| target` lines; a line without bars is a ValueError."""
    pairs = []
    for number, line in enumerate(read_lines(str(path)), 1):
        source, bars, target = line.partition("|||")
        if not bars:
            raise ValueError(f"line {number} of {path} has no |||; write source ||| target")
        pairs.append((source.strip(), target.strip()))
    return pairs


def compare(translator: Translator, reverse: Translator | None, folder: Path) -> dict[str, str]:
    """Return the scores of each direction and of both."""
    pairs = read_pairs(folder / "text")
    gold = read_gold(read_lines(str(folder / "gold")), pairs)
    found: dict[str, list[Iterable[Link]]] = {"forward": []}
    with ProgressCounter("pairs aligned", len(pairs)) as counter:
        for source, target in pairs:
            there = set(translator.align(source, target).links("blanks"))
            found["forward"].append(there)
            if reverse:
                back = {(s, t) for t, s in reverse.align(target, source).links("blanks")}
                for name, links in (
                    ("backward", back),
                    ("both agree", intersect(there, back)),
                    ("joined", grow(there, back)),
                ):
                    found.setdefault(name, []).append(links)
            counter.add()
    found["together"] = [*align_pairs(translator, pairs, reverse)]
    return {name: described(score_links(links, gold)) for name, links in found.items()}


def described(scores: tuple[float, float, float]) -> str:
    """Figures in percent."""
    return "AER {:.1%}, precision {:.1%}, recall {:.1%}".format(*scores)


def main() -> None:
    """Evaluate a model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--gold", type=Path, required=True, help="folder with text and gold")
    parser.add_argument("--reverse", default=AUTO, help="model of the other direction, auto or none")
    arguments = parser.parse_args()
    translator = Translator.from_pretrained(arguments.model)
    reverse = load_reverse(arguments.reverse, translator, "auto")
    for name, figures in compare(translator, reverse, arguments.gold).items():
        print(f"{name:<10} {figures}")


if __name__ == "__main__":
    main()
