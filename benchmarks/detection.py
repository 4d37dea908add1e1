"""Accuracy of language detection on words and sentences, and on languages that are not served.

    SEQ2SEQ_DATA=FOLDER python benchmarks/detection.py
    SEQ2SEQ_DATA=FOLDER python benchmarks/detection.py --split valid     what the weights were chosen on

FOLDER has the corpora that the released models come from: `multi30k/raw`, `en-zh-tatoeba` and `gettext`, each
with files for validation and for the test. Words are the first of a sentence, or neighbours at any place
(for Chinese, characters), or a whole label of a program. Each figure is of up to 200 samples a language.
The sentences of ten further languages are our own: `detection_sentences.txt`.
"""

import argparse
import gzip
import json
import os
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from seq2seq.text.detection import detect_language

SERVED = ("en", "de", "fr", "cs", "zh")
SENTENCES = Path(__file__).parent / "detection_sentences.txt"
SAMPLES, SEED = 200, 7
LETTERS = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
HAN = re.compile(r"[\u4e00-\u9fff]")
NOT_A_LABEL = re.compile(r"[%{}<>\\/]")  # placeholders, markup, and time zones, which are names

Detect = Callable[[str], list[str]]  # text -> languages, most probable first


def read_lines(path: Path) -> list[str]:
    """Return the lines of a gzipped file."""
    # Not `splitlines`: a text of a program may hold U+2028.
    return gzip.decompress(path.read_bytes()).decode("utf-8").removesuffix("\n").split("\n")


def sentences(data: Path, split: str) -> dict[str, list[str]]:
    """Return language -> sentences of the captions and, for English and Chinese, of Tatoeba."""
    captions = {"valid": "val", "test": "test_2016_flickr"}[split]
    texts = {code: read_lines(data / f"multi30k/raw/{captions}.{code}.gz") for code in SERVED if code != "zh"}
    pairs = [line.split("\t") for line in read_lines(data / f"en-zh-tatoeba/{split}.tsv.gz")]
    return {**texts, "en": [*texts["en"], *(pair[0] for pair in pairs)], "zh": [pair[1] for pair in pairs]}


def labels(data: Path, split: str, code: str) -> list[str]:
    """Return texts of programs without marks of access keys, placeholders and markup."""
    rows = read_lines(data / f"gettext/{split}.en-{'de' if code == 'en' else code}.jsonl.gz")
    texts = (re.sub(r"[_&~]", "", json.loads(row)[code]) for row in rows)
    return list(dict.fromkeys(text for text in texts if not NOT_A_LABEL.search(text)))


def words_of(text: str, code: str) -> list[str]:
    """Return the words of a text; of Chinese its characters."""
    return (HAN if code == "zh" else LETTERS).findall(text)


def first_words(texts: Iterable[str], code: str, count: int, rng: random.Random) -> Iterable[str]:
    """Yield the first words of texts."""
    for text in texts:
        yield ("" if code == "zh" else " ").join(words_of(text, code)[:count])


def any_words(texts: Iterable[str], code: str, count: int, rng: random.Random) -> Iterable[str]:
    """Yield words that are neighbours somewhere in texts."""
    for text in texts:
        words = words_of(text, code)
        begin = rng.randrange(len(words) - count + 1)
        yield ("" if code == "zh" else " ").join(words[begin : begin + count])


def right(detect: Detect, texts: Iterable[str], code: str, among: Iterable[str] = ()) -> float:
    """Return the share of texts whose first language, of those it is chosen among, is the right one."""
    chosen = set(among)
    answers = [next((c for c in detect(text) if not chosen or c in chosen), "") for text in texts]
    return sum(answer == code for answer in answers) / max(len(answers), 1)


def restricted_ngrams() -> Detect:
    """Return the detector by n-grams alone, restricted to the served languages."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(SERVED)
    return lambda text: [code for code, _ in identifier.rank(text)]


def ours(text: str) -> list[str]:
    """Return the languages of a text by our detector."""
    return list(detect_language(text, SERVED))


def row(name: str, shares: Iterable[float]) -> str:
    """Return a row of a table."""
    return f"| {name} | " + " | ".join(f"{100 * share:.1f}" for share in shares) + " |"


def short_texts(
    data: Path, split: str, by_code: dict[str, list[str]], kind: str, count: int
) -> dict[str, list[str]]:
    """Return language -> samples of so many words: "first" or "any" of a sentence, or a whole "label"."""
    samples = {}
    for code in SERVED:
        rng = random.Random(f"{SEED} {kind} {count} {code}")
        if kind == "label":
            texts = [text for text in labels(data, split, code) if len(words_of(text, code)) == count]
            samples[code] = rng.sample(texts, min(SAMPLES, len(texts)))
            continue
        texts = [text for text in by_code[code] if len(words_of(text, code)) >= count]
        cut = first_words if kind == "first" else any_words
        samples[code] = list(cut(rng.sample(texts, min(SAMPLES, len(texts))), code, count, rng))
    return samples


def other_sentences() -> dict[str, list[str]]:
    """Return language -> our own sentences, of languages that are not served."""
    others = defaultdict(list)
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        code, _, text = line.partition("\t")
        others[code].append(text)
    return dict(others)


def print_short_texts(data: Path, split: str) -> None:
    """Print the accuracy on one to three words, for both detectors."""
    detectors: dict[str, Detect] = {"n-grams": restricted_ngrams(), "ours": ours}
    by_code = sentences(data, split)
    print(f"| words | detector | {' | '.join(SERVED)} | mean |\n|{' --- |' * (len(SERVED) + 3)}")
    for kind, count in [(kind, count) for kind in ("first", "any", "label") for count in (1, 2, 3)]:
        samples = short_texts(data, split, by_code, kind, count)
        for name, detect in detectors.items():
            shares = [right(detect, texts, code, SERVED) for code, texts in samples.items()]
            print(row(f"{kind} {count} | {name}", [*shares, sum(shares) / len(shares)]), flush=True)


def print_sentences(data: Path, split: str) -> None:
    """Print the accuracy on sentences among all languages, and the mean probability beside it."""
    others = other_sentences()
    spanish = [text for text in labels(data, split, "es") if len(words_of(text, "es")) >= 5]
    others["es, programs"] = random.Random(SEED).sample(spanish, SAMPLES)
    print("\n| sentences | number | right | given back | probability |\n| --- | --- | --- | --- | --- |")
    for code, texts in [*sentences(data, split).items(), *others.items()]:
        share = right(ours, texts, code[:2])
        detected = [detect_language(text, SERVED) for text in texts]
        sure = sum(max(each.values()) for each in detected) / len(texts)
        # As the server decides: where the languages that are not served are together the more probable.
        back = sum(sum(each[served] for served in SERVED) < 0.5 for each in detected) / len(texts)
        shares = [f"{100 * each:.1f}" for each in (share, back, sure)]
        print(f"| {code} | {len(texts)} | {' | '.join(shares)} |", flush=True)


def print_calibration(data: Path, split: str) -> None:
    """Print how often answers of a given probability are right, on two words at any place."""
    bins = defaultdict(list)
    for code, texts in sentences(data, split).items():
        rng = random.Random(SEED)
        for count in (1, 2, 3):
            enough = [text for text in texts if len(words_of(text, code)) >= count]
            for text in any_words(enough, code, count, rng):
                best, probability = next(iter(detect_language(text, SERVED).items()))
                bins[min(int(probability * 5), 4)].append((probability, best == code))
    print("\n| probability | texts | mean | right |\n| --- | --- | --- | --- |")
    for number, answers in sorted(bins.items()):
        mean = sum(probability for probability, _ in answers) / len(answers)
        share = sum(is_right for _, is_right in answers) / len(answers)
        print(
            f"| {20 * number} to {20 * number + 20} | {len(answers)} | {100 * mean:.1f} | {100 * share:.1f} |"
        )


def print_time() -> None:
    """Print the time of a sentence and of a long text."""
    sentence = "Zwei Hunde spielen im Schnee und ein Mann sieht ihnen zu."
    for name, text in (("sentence", sentence), ("100,000 characters", 1_725 * sentence)):
        times = []
        for _ in range(200):
            begin = time.perf_counter()
            detect_language(text, SERVED)
            times.append(time.perf_counter() - begin)
        print(f"{name}: {1000 * sorted(times)[100]:.2f} ms")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--split", choices=["valid", "test"], default="test")
    split = parser.parse_args().split
    data = Path(os.environ["SEQ2SEQ_DATA"])
    print_short_texts(data, split)
    print_sentences(data, split)
    print_calibration(data, split)
    print_time()


if __name__ == "__main__":
    main()
