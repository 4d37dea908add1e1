"""Texts of the page and of its drawings, one file a language, loaded once.

    serve/demo/i18n/en.json    {"page": {label: text}, "drawings": {label: text}}

The loader stands here, not beside the files: the drawings must not import the page. Of the texts of the
drawings, {names} in braces are filled in by the scripts.
"""

import json
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("en", "zh", "de")
FOLDER: Final = Path(__file__).parent.parent / "demo" / "i18n"

TEXTS: Final[dict[str, dict[str, dict[str, str]]]] = {
    language: json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES
}
LABELS: Final = {language: texts["drawings"] for language, texts in TEXTS.items()}
