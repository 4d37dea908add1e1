"""DeepL's routes with its official client, and requests that the client does not send."""

from typing import TYPE_CHECKING

import deepl
import pytest
from deepl.exceptions import AuthorizationException, DeepLException
from tables import check_rows

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Make, Refusal, Running

TEXT = "two dogs plays in the snow."
BODY = {"text": [TEXT], "source_lang": "EN", "target_lang": "DE"}


def test_official_client(address: str, translator: "Translator") -> None:
    """The official client translates a text and a list, with a given or a detected language."""
    client = deepl.DeepLClient("any", server_url=address)
    expected = translator.translate(TEXT).text
    result = client.translate_text(TEXT, source_lang="EN", target_lang="DE")
    assert (result.text, result.detected_source_lang, result.billed_characters) == (expected, "EN", len(TEXT))  # type: ignore[union-attr]
    results = client.translate_text([TEXT, "two dogs play"], target_lang="DE")
    assert [each.text for each in results] == [expected, translator.translate("two dogs play").text]  # type: ignore[union-attr]
    assert [each.detected_source_lang for each in results] == ["EN", "EN"]  # type: ignore[union-attr]
    assert client.translate_text(TEXT, source_lang="EN", target_lang="EN-GB").text == TEXT  # type: ignore[union-attr]


def test_hints_without_effect_are_left_out(address: str, translator: "Translator") -> None:
    """Formality, context and the like change nothing and are no error."""
    client = deepl.DeepLClient("any", server_url=address)
    result = client.translate_text(
        TEXT,
        source_lang="EN",
        target_lang="DE",
        context="a winter's day",
        formality="more",
        split_sentences="nonewlines",
        preserve_formatting=True,
        model_type="quality_optimized",
        custom_instructions=["be brief"],
    )
    assert result.text == translator.translate(TEXT).text  # type: ignore[union-attr]


def test_tags(address: str, translator: "Translator") -> None:
    """HTML and XML keep their tags, and ignored elements their text."""
    client = deepl.DeepLClient("any", server_url=address)
    man = translator.translate("a man").text

    def check(text: str, expected: str, options: dict[str, object]) -> None:
        result = client.translate_text(text, source_lang="EN", target_lang="DE", **options)  # type: ignore[arg-type]
        assert result.text == expected  # type: ignore[union-attr]

    html, xml = {"tag_handling": "html"}, {"tag_handling": "xml"}
    rows: list[tuple[str, str, dict[str, object]]] = [
        ("<p>a man</p>", f"<p>{man}</p>", {**html}),
        ("<s>a man</s><t>a man</t>", f"<s>{man}</s><t>{man}</t>", {**xml}),
        ("<s>a man</s><k>a man</k>", f"<s>{man}</s><k>a man</k>", {**xml, "ignore_tags": "k"}),
        ("<k>a man</k>", "<k>a man</k>", {**html, "ignore_tags": ["j", "k"]}),
        ("a man<b/>a man", f"{man}<b/>{man}", {**xml, "splitting_tags": "b"}),
    ]
    check_rows(check, rows)


def test_languages_and_usage(address: str, make: "Make", running: "Running") -> None:
    """The client lists languages, its own names for targets among them, and finds no limit of use."""
    client = deepl.DeepLClient("any", server_url=address)
    assert [(each.code, each.name) for each in client.get_source_languages()] == [("EN", "English")]
    assert [(each.code, each.name) for each in client.get_target_languages()] == [("DE", "German")]
    usage = client.get_usage()
    assert usage.character.valid and not usage.any_limit_reached
    with running(make(ways=[("zh", "en"), ("en", "zh")])) as other:
        client = deepl.DeepLClient("any", server_url=other)
        targets = [each.code for each in client.get_target_languages()]
        assert targets == ["EN-GB", "EN-US", "ZH", "ZH-HANS"]
        for target in targets:
            assert client.translate_text("a", source_lang="ZH", target_lang=target).text


def test_keys(make: "Make", running: "Running") -> None:
    """The key comes in DeepL's header; a wrong one is an authorization failure to the client."""
    from serve.app import ServerOptions

    with running(make(options=ServerOptions(keys=frozenset({"right"})))) as address:
        client = deepl.DeepLClient("right", server_url=address)
        assert client.translate_text(TEXT, source_lang="EN", target_lang="DE").text  # type: ignore[union-attr]
        with pytest.raises(AuthorizationException, match="not known"):
            deepl.DeepLClient("wrong", server_url=address).translate_text(TEXT, target_lang="DE")


def test_refusals_reach_the_client(address: str) -> None:
    """Languages that are not served, and glossaries, are refused with a sentence that the client shows."""
    client = deepl.DeepLClient("any", server_url=address)
    with pytest.raises(DeepLException, match=r"target_lang FR is not supported; GET /v2/languages"):
        client.translate_text(TEXT, target_lang="FR")
    with pytest.raises(DeepLException, match="this server has none"):
        client.translate_text(TEXT, source_lang="EN", target_lang="DE", glossary="an id")


def test_forms_and_query(client: "TestClient", translator: "Translator") -> None:
    """A form with repeated texts, and a query string with a key, are what older clients send."""
    expected = [translator.translate(text).text for text in (TEXT, "a man")]
    form = {**BODY, "text": [TEXT, "a man"], "auth_key": "any", "tag_handling": "", "unknown": "x"}
    answer = client.post("/v2/translate", data=form).json()
    assert [each["text"] for each in answer["translations"]] == expected
    query = client.post("/v2/translate", params={**BODY, "text": TEXT, "auth_key": "any"}).json()
    assert [each["text"] for each in query["translations"]] == expected[:1]


def test_wrong_bodies(client: "TestClient", refusal: "Refusal") -> None:
    """Wrong values are refused in DeepL's shape, with the value and what to give instead."""

    def check(fields: dict[str, object], sentence: str) -> None:
        body = {name: value for name, value in {**BODY, **fields}.items() if value is not None}
        assert sentence in refusal(client.post("/v2/translate", json=body))

    rows: list[tuple[dict[str, object], str]] = [
        ({"text": None}, "missing text"),
        ({"text": [1]}, "text has 1 at place 1"),
        ({"target_lang": None}, "missing target_lang"),
        ({"target_lang": "auto"}, "target_lang auto is not supported"),
        ({"source_lang": "xx"}, "source_lang xx is not supported; GET /v2/languages?type=source"),
        ({"source_lang": "DE", "target_lang": "EN"}, "is not supported as"),
        ({"tag_handling": "md"}, "tag_handling is 'md'; give"),
        ({"ignore_tags": 3}, "ignore_tags is 3; give"),
        ({"ignore_tags": ["a"] * 101}, "101 tags"),
        ({"glossary_ids": ["x"]}, "glossary_ids"),
        ({"translation_memory_id": "x"}, "translation_memory_id"),
        ({"text": ["x"] * 129}, "129 texts, but at most 128"),
    ]
    check_rows(check, rows)
    refusal(client.get("/v2/translate"), 405)
    refusal(client.post("/v2/translate", content=b"x" * 600_000), 413)
    assert "type is 'x'" in refusal(client.get("/v2/languages?type=x"))
