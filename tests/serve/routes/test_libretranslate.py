"""The REST routes: LibreTranslate's shapes, one sentence for every refusal, never a fault."""

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator

TEXT = "two dogs plays in the snow."
LANGUAGES = {"source": "en", "target": "de"}


def ask(client: "TestClient", **fields: object) -> httpx.Response:
    """POST /translate with JSON, English to German unless the fields say otherwise."""
    return client.post("/translate", json={**LANGUAGES, **fields})


def check_refused(answer: httpx.Response, status: int = 400) -> str:
    """The sentence of a refusal, which must have the shape of all errors and tell no insides."""
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    sentence = answer.json()["error"]
    assert sentence and "\n" not in sentence and "Traceback" not in sentence
    return sentence


def test_text_gives_text(client: "TestClient", translator: "Translator") -> None:
    """A client would get another translation than the library's, or another shape."""
    assert ask(client, q=TEXT).json() == {"translatedText": translator.translate(TEXT).text}


def test_list_gives_list_in_order(client: "TestClient", translator: "Translator") -> None:
    """Texts of a list would be swapped, or lost where one list is worked on in several turns."""
    texts = [TEXT, "", "a man", "an old woman sits in the garden."] * 8
    expected = [translator.translate(text).text for text in texts]
    assert ask(client, q=texts).json() == {"translatedText": expected}


def test_alternatives_only_when_asked(client: "TestClient", translator: "Translator") -> None:
    """Alternatives would be missing, repeat the best translation, or come unasked."""
    from seq2seq import DecodeOptions

    best = translator.translate(TEXT, DecodeOptions(num_hypotheses=3))
    expected = [other.text for other in best.alternatives]
    assert "alternatives" not in ask(client, q=TEXT, alternatives=0).json()
    assert ask(client, q=TEXT, alternatives=2).json()["alternatives"] == expected
    assert ask(client, q=[TEXT, ""], alternatives=2).json()["alternatives"] == [expected, []]


def test_more_candidates_than_the_usual_beam(client: "TestClient") -> None:
    """The most that the limit allows would be refused by the search, whose beam is 5 by default."""
    most = Limits().candidates - 1
    assert len(ask(client, q=TEXT, alternatives=most).json()["alternatives"]) == most


def test_form_means_what_json_means(client: "TestClient") -> None:
    """Clients that send forms (Weblate) would get other answers than those that send JSON (Mastodon)."""
    fields = {**LANGUAGES, "q": TEXT, "alternatives": "1", "api_key": ""}
    expected = ask(client, q=TEXT, alternatives=1).json()
    assert client.post("/translate", data=fields).json() == expected
    parts = {name: (None, value) for name, value in fields.items()}
    assert client.post("/translate", files=parts).json() == expected


def test_several_q_of_a_form_are_a_list(client: "TestClient") -> None:
    """All but one text of a form would be lost."""
    expected = ask(client, q=[TEXT, "a man"]).json()
    assert client.post("/translate", data={**LANGUAGES, "q": [TEXT, "a man"]}).json() == expected


@pytest.mark.parametrize("blank", ["", "   ", "\n\n", "😀", "\u200f"])
def test_blank_in_is_blank_out(client: "TestClient", blank: str) -> None:
    """A text without words would be an error, or would be given words."""
    assert ask(client, q=blank).json() == {"translatedText": blank}


@pytest.mark.parametrize("text", ["\0two dogs", "two\x1bdogs", "\ufefftwo dogs", "مرحبا two", "е́" * 200])
def test_odd_characters_are_translated_or_left(client: "TestClient", text: str) -> None:
    """A control character, another script or marks would bring the server down."""
    answer = ask(client, q=text)
    assert answer.status_code == 200
    assert isinstance(answer.json()["translatedText"], str)


def test_paragraphs_are_kept(client: "TestClient") -> None:
    """A text of several paragraphs would come back as one."""
    assert ask(client, q=f"{TEXT}\n\n  a man\n").json()["translatedText"].count("\n") == 3


def test_codes_may_be_in_capitals(client: "TestClient") -> None:
    """A client that writes EN would be refused."""
    assert ask(client, q=TEXT, source="EN", target="DE").status_code == 200


REFUSED = {
    b"": "the body is not JSON",
    b"not json": "the body is not JSON",
    b"\xff\xfe": "not UTF-8",
    b"[" * 100_000: "nested too deeply",
    b'{"q":' * 20_000: "nested too deeply",
    b'["a"]': "the JSON is a list",
    b"null": "the JSON is null",
    b'"text"': "the JSON is 'text'",
    b"{}": "q is missing; give a text or a list of texts",
    b'{"q": "a", "target": "de"}': "source is missing",
    b'{"q": "a", "source": "en"}': "target is missing",
    b'{"q": 1, "source": "en", "target": "de"}': "q is 1; give a text",
    b'{"q": null, "source": "en", "target": "de"}': "q is null; give a text",
    b'{"q": ["a", 1], "source": "en", "target": "de"}': "q has 1 at place 2; give a text or a list",
    b'{"q": {"a": 1}, "source": "en", "target": "de"}': "q is an object; give a text",
    b'{"q": NaN, "source": "en", "target": "de"}': "the body is not JSON",
    b'{"q": "a", "source": ["en"], "target": "de"}': "source is a list; give the code",
    b'{"q": "a", "source": "auto", "target": "xx"}': "xx is not supported as target; choose de",
    b'{"q": "a", "source": "en", "target": "xx"}': "xx is not supported",
    b'{"q": "a", "source": "en", "target": "\\ud800"}': "half a character",
    b'{"q": ["a", "\\udfff"], "source": "en", "target": "de"}': "half a character",
    b'{"q": "a", "source": "en", "target": "de", "bem_size": 4}': "'bem_size' is not a known field",
    b'{"q": "a", "source": "en", "target": "de", "\\ud800": 4}': "not a known field",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": true}': "alternatives is true",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": 1.5}': "alternatives is 1.5",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": -1}': "alternatives is -1",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": 8}': "9 candidates, but at most 8",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": %s}' % (b"9" * 400): "alternatives is 9",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": %s}' % (b"9" * 5000): "not JSON",
    b'{"q": "a", "source": "en", "target": "de", "format": "html", "alternatives": 1}': "not made of HTML",
    b'{"q": "a", "source": "en", "target": "de", "format": "pdf"}': "format is 'pdf'",
}  # fmt: skip


@pytest.mark.parametrize("body", REFUSED, ids=range(len(REFUSED)))
def test_bad_json_is_refused_with_a_sentence(client: "TestClient", body: bytes) -> None:
    """A bad request would be a fault, be taken for another one, or be refused without help."""
    answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
    assert REFUSED[body] in check_refused(answer)


def test_two_values_of_one_key_are_the_last(client: "TestClient") -> None:
    """JSON with a repeated key would be a fault."""
    body = '{"q": "a", "source": "en", "target": "de", "q": "😀"}'
    answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
    assert answer.json() == {"translatedText": "😀"}


def test_byte_order_mark_before_json_is_no_error(client: "TestClient") -> None:
    """Clients of some systems write one before every text."""
    body = b"\xef\xbb\xbf" + json.dumps({**LANGUAGES, "q": TEXT}).encode()
    answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200


def test_json_sent_as_a_form_says_so(client: "TestClient") -> None:
    """`curl -d '{...}'` without a header, the commonest mistake, would be told that q is missing."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/translate", content=b' {"q": "a"}', headers=headers)
    assert "send Content-Type: application/json" in check_refused(answer)


def test_file_in_a_form_is_refused(client: "TestClient") -> None:
    """An upload would be read although the route takes none."""
    check_refused(client.post("/translate", data=LANGUAGES, files={"q": ("../../x", b"a")}))


def test_other_bodies_are_refused(client: "TestClient") -> None:
    """XML would be parsed as something else."""
    answer = client.post("/translate", content=b"<q/>", headers={"content-type": "text/xml"})
    assert "JSON or a form" in check_refused(answer, 415)


@pytest.mark.parametrize(
    ("q", "sentence"),
    [
        ([""] * 129, "129 texts, but at most 128"),
        ("x" * 20_001, "20001 characters, but at most 20000"),
        (["x" * 10_000, "y" * 10_001], "20001 characters, but at most 20000"),
    ],
)
def test_too_much_is_refused_with_both_numbers(client: "TestClient", q: object, sentence: str) -> None:
    """One request could keep the server busy for hours, or its sender would not learn the limit."""
    assert sentence in check_refused(ask(client, q=q))


def test_too_many_tokens_are_refused(client: "TestClient") -> None:
    """Characters that become a piece each would cost far more than the characters limit suggests."""
    assert "tokens, but at most 8000" in check_refused(ask(client, q="d\u0301x" * 6_000))


def test_languages(client: "TestClient") -> None:
    """Clients could not fill their menus; the official one sends a body with GET."""
    expected = [
        {"code": "de", "name": "German", "targets": []},
        {"code": "en", "name": "English", "targets": ["de"]},
    ]
    assert client.get("/languages").json() == expected
    assert client.request("GET", "/languages", json={}).json() == expected


def test_health(client: "TestClient") -> None:
    """A supervisor would take a healthy server for a dead one."""
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/translate", "POST"), ("PUT", "/translate", "POST"), ("POST", "/languages", "GET")],
)
def test_other_methods_are_405(client: "TestClient", method: str, path: str, allowed: str) -> None:
    """The demo, mounted behind the routes, would answer instead, with a page or with 404."""
    answer = client.request(method, path)
    assert f"use {allowed}" in check_refused(answer, 405)
    assert answer.headers["allow"] == allowed


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "q": VALUES | st.just(TEXT),
        "source": VALUES | st.just("en"),
        "target": VALUES | st.just("de"),
        "format": VALUES | st.sampled_from(["text", "html"]),
        "alternatives": VALUES | st.integers(0, 3),
        "other": VALUES,
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=FIELDS)
def test_no_json_is_a_fault(client: "TestClient", fields: dict[str, object]) -> None:
    """Some body would end in 500, or in an error of another shape."""
    answer = client.post(
        "/translate", content=json.dumps(fields).encode(), headers={"content-type": "application/json"}
    )
    if answer.status_code != 200:
        check_refused(answer)


def test_html_keeps_its_tags(client: "TestClient", translator: "Translator") -> None:
    """Mastodon's posts would lose their paragraphs and links, or their texts would be translated as one."""
    first, second = translator.translate(TEXT).text, translator.translate("a man").text
    html = f'<p>{TEXT}</p><p lang="en">a man</p>'
    expected = f'<p>{first}</p><p lang="en">{second}</p>'
    assert ask(client, q=html, format="html").json() == {"translatedText": expected}
    assert ask(client, q=[html, ""], format="html").json() == {"translatedText": [expected, ""]}


def test_inline_tags_move_with_the_alignment(client: "TestClient") -> None:
    """A tag inside a sentence would be lost, or its thread would wait for ever for the alignment."""
    answer = ask(client, q="<p>two <b>dogs</b> in the <i>snow</i>.</p>", format="html").json()
    for tag in ("<p>", "<b>", "</b>", "<i>", "</i>", "</p>"):
        assert answer["translatedText"].count(tag) == 1


def test_detected_language_only_for_auto(client: "TestClient", translator: "Translator") -> None:
    """A client would not learn what was detected, or be told what nobody detected."""
    english, german = "two dogs play in the snow", "zwei Hunde spielen im Schnee und der Mann"
    found = ask(client, q=[english, german], source="auto").json()
    assert found["translatedText"] == [translator.translate(english).text, german]
    assert [each["language"] for each in found["detectedLanguage"]] == ["en", "de"]
    for each in found["detectedLanguage"]:
        assert 50 < each["confidence"] <= 100
    one = ask(client, q=english, source="AUTO").json()
    assert one["detectedLanguage"]["language"] == "en"
    assert "detectedLanguage" not in ask(client, q=english).json()
    html = ask(client, q=[f"<p>{german}</p>"], source="auto", format="html").json()
    assert (html["translatedText"], html["detectedLanguage"][0]["language"]) == ([f"<p>{german}</p>"], "de")


def test_detect(client: "TestClient") -> None:
    """Clients could not ask for a language alone, by JSON or form; likeliest first."""
    for sent in ({"json": {"q": "zwei Hunde spielen"}}, {"data": {"q": "zwei Hunde spielen"}}):
        found = client.post("/detect", **sent).json()  # type: ignore[arg-type]
        assert found[0]["language"] == "de"
        assert found == sorted(found, key=lambda each: -each["confidence"])
    assert client.post("/detect", json={"q": "123"}).json() == [{"confidence": 0.0, "language": "de"}]
    check_refused(client.post("/detect", json={"q": ["a"]}))
