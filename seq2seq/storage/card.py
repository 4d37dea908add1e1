"""Model cards: what every card says, and what none may say when it is published.

The sections on use and licence are the same for all models of a kind; `complete_card` adds those that a card
lacks. `without_local_paths` takes the folders of whoever trained the model out of the recipe.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import yaml

_RECIPE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_USE = """## Use

In a clone of seq2seq, after `pip install . -c constraints.txt`; `MODEL` is the directory of this card, or its
name on the hub:

```sh
seq2seq {command} --model MODEL "{text}"
```

```python
{program}
```

"""
_TRANSLATE = """from seq2seq import Translator

translator = Translator.from_pretrained("MODEL")
print(translator.translate("{text}"{languages}).text)"""
_GENERATE = """from seq2seq import DecodeOptions, Generator

generator = Generator.from_pretrained("MODEL")
print(generator.generate("{text}", DecodeOptions(max_length=50)).text)"""
_LICENSE = """
## License

The program is under the Apache License 2.0. What was learned from data is subject to the terms of that data,
which the section on data names.
"""


def complete_card(card: str, sources: Sequence[str] = (), targets: Sequence[str] = ()) -> str:
    """Return a card with a licence and the lines that install, load and use the model, where it has none.

    A model without target languages is a language model.
    """
    if not re.search(r"^license:", card, re.MULTILINE) and card.startswith("---\n"):
        card = card.replace("---\n", "---\nlicense: other\n", 1)
    if "\n## Use\n" not in card and (first := card.find("\n## ")) >= 0:
        card = card[: first + 1] + _use(sources, targets) + card[first + 1 :]
    if "\n## License\n" not in card:
        place = max(card.rfind("\n## Recipe\n"), 0) or len(card)
        card = card[:place] + _LICENSE + card[place:]
    return card


def _use(sources: Sequence[str], targets: Sequence[str]) -> str:
    """Return the section that says how the model is used."""
    if not targets:
        text = "The"
        return _USE.format(command="generate", text=text, program=_GENERATE.format(text=text))
    flags = languages = ""
    for name, several in (("source", sources), ("target", targets)):
        if len(several) > 1:
            # The last target: in a model of all directions, the first is often the first source.
            language = several[0] if name == "source" else next(t for t in targets if t != sources[0])
            flags += f" --{name}-language {language}"
            languages += f', {name}_language="{language}"'
    program = _TRANSLATE.format(text="TEXT", languages=languages)
    return _USE.format(command=f"translate{flags}", text="TEXT", program=program)


def without_local_paths(card: str) -> str:
    """Return a card whose recipes name files outside their own folder by their last part only.

    Absolute paths, those of a home and those that lead upwards tell how the disk of the trainer is laid out.
    Paths within the folder of the training stay: they are part of the recipe.
    """
    found: set[str] = set()
    for recipe in _RECIPE.findall(card):
        try:
            values = yaml.safe_load(recipe)
        except yaml.YAMLError:
            continue
        found.update(part for text in _texts(values) for part in text.split(",") if _is_local(part))
    for path in sorted(found, key=len, reverse=True):
        card = card.replace(path, PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name)
    return card


def _texts(values: Any) -> Iterator[str]:
    """Yield every text of YAML values, keys included."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(values, list):
        for value in values:
            yield from _texts(value)


def _is_local(text: str) -> bool:
    """Return whether a text is a path that leads out of the working directory."""
    path = PureWindowsPath(text)
    outside = path.is_absolute() or text.startswith(("/", "~")) or ".." in path.parts
    return outside and len(path.parts) > 1 and "\n" not in text
