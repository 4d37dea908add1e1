"""Texts that are made to cost time: each is answered with itself or with a sentence, and holds up nobody."""

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest
from tables import check_rows

from seq2seq import DecodeOptions, Translator
from serve.engine.segments import SegmentedText, most_kept
from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tests.serve.conftest import MakeBackend, Refusal

LANGUAGES = {"source": "en", "target": "de"}
# Without a word, whatever their length: they come back as they are.
WORDLESS = {
    "ten thousand placeholders": "%s" * 10_000,
    "placeholders apart": "{a} " * 1_000,
    "nested braces": "{" * 10_000 + "}" * 10_000,
    "digits": "9" * 20_000,
    "zero-width joiners": "\u200d" * 20_000,
    "joined emoji": "👩\u200d" * 10_000,
    "addresses": "http://a.b/" * 1_800,
    "tags": "<x>" * 6_000,
    "lines of placeholders": "%s\n" * 3_000,
}


def test_texts_without_words_come_back(client: "TestClient") -> None:
    """Placeholders, braces, digits and joiners by the thousand are their own translation."""

    def check(name: str) -> None:
        text = WORDLESS[name]
        answer = client.post("/translate", json={"q": text, **LANGUAGES})
        is_same = answer.json().get("translatedText") == text
        assert is_same, answer.text[:100]

    check_rows(check, [(name,) for name in WORDLESS])


def test_what_is_too_much_is_refused(client: "TestClient", refusal: "Refusal") -> None:
    """Text beyond a limit is refused with both numbers before it is read, in a body, a list and a file."""
    digits = "9" * 2_000_000
    assert "body bytes, but at most" in refusal(
        client.post("/translate", json={"q": digits, **LANGUAGES}), 413
    )
    words = client.post("/translate_file", data=LANGUAGES, files={"file": ("x.txt", b"a b " * 60_000)})
    assert "239999 file characters, but at most 200000" in refusal(words)
    file = client.post("/translate_file", data=LANGUAGES, files={"file": ("x.txt", digits.encode())})
    assert client.get(file.json()["translatedFileUrl"]).content == digits.encode()  # nothing to translate
    long = {"q": "{" + "a" * 20_000 + "}", **LANGUAGES}
    assert "20002 characters, but at most 20000" in refusal(client.post("/translate", json=long))


def test_tokens_are_refused_before_the_model_works(client: "TestClient", refusal: "Refusal") -> None:
    """What is within the characters but beyond the tokens is refused, too."""

    texts = ["{a x} " * 3_000, "a b " * 5_000]

    def check(number: int) -> None:
        answer = client.post("/translate", json={"q": texts[number], **LANGUAGES})
        assert "tokens, but at most 8000 are allowed" in refusal(answer)

    check_rows(check, [(0,), (1,)])


def test_addresses_by_the_thousand(client: "TestClient", refusal: "Refusal") -> None:
    """Placeholders that touch words multiply the tokens of their sentence; too many are refused at once."""
    addresses = "a@a." * 5_000
    text = client.post("/translate", json={"q": addresses, **LANGUAGES})
    assert "tokens, but at most 8000 are allowed" in refusal(text)
    few = client.post("/translate", json={"q": "a man and a@a.com, b@b.com", **LANGUAGES}).json()[
        "translatedText"
    ]
    assert "a@a.com" in few and "b@b.com" in few


def test_placeholders_multiply_tokens(translator: "Translator") -> None:
    """The cost of a sentence with k placeholders is 1 + k (k - 1) / 2 times its tokens."""

    def check(text: str, kept: int, times: int) -> None:
        plain = translator.prepare(text)
        tokens = sum(len(segment.source.ids) for segment in plain)
        segmented = SegmentedText.of(translator, text)
        assert most_kept([segmented]) == kept
        assert sum(segmented.costs) == tokens * times + 1

    rows = [("a man", 0, 1), ("a man %s", 1, 1), ("%s a man %d", 2, 2), ("%s a man %d and {x}", 3, 4)]
    check_rows(check, rows)
    limits = Limits(tokens=5)
    with pytest.raises(ValueError, match=r"6 tokens, but at most 5 are allowed; send it in smaller parts$"):
        limits.check_token_count(6)
    with pytest.raises(ValueError, match="has 3 placeholders, so that its tokens count 4 times"):
        limits.check_token_count(6, 3)


def test_document_of_placeholders(client: "TestClient") -> None:
    """A document of placeholders alone comes back byte for byte."""
    content = b"%s\n{name}\n\n<x id='1'/>\n" * 500
    sent = client.post("/translate_file", data=LANGUAGES, files={"file": ("x.txt", content)})
    assert client.get(sent.json()["translatedFileUrl"]).content == content


def test_a_text_that_takes_long_to_read_holds_up_nobody(
    translator: "Translator", make_backend: "MakeBackend"
) -> None:
    """While long texts of some clients are segmented, one of another is, too; so is a list of short ones."""
    release = threading.Event()

    class Slow(Translator):
        def prepare(self, text, options=None):  # type: ignore[no-untyped-def]
            if text.startswith("slow"):
                assert release.wait(60)
            return super().prepare(text, options)

    service = make_backend(
        {"tiny": Slow(translator.model, translator.tokenizer, translator.settings)}
    ).service

    async def ask() -> None:
        async def plan(*texts: str) -> int:
            return len((await service.plan(texts, "en", "de", DecodeOptions())).texts)

        held = [asyncio.create_task(plan("slow " * 300)) for _ in range(2)]
        held.append(asyncio.create_task(plan("slow", "a man" * 250)))
        await asyncio.sleep(0)
        assert await asyncio.wait_for(plan("a man " * 300), 60) == 1
        assert await asyncio.wait_for(plan(*["a man"] * 128), 60) == 128
        assert not any(task.done() for task in held)
        release.set()
        assert await asyncio.gather(*held) == [1, 1, 2]

    try:
        asyncio.run(ask())
    finally:
        release.set()
