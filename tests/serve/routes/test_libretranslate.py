"""The routes in LibreTranslate's shapes: answers, and one sentence for each refusal."""

import json
from typing import TYPE_CHECKING

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import check_rows

from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Make

TEXT = "two dogs plays in the snow."
LANGUAGES = {"source": "en", "target": "de"}


def ask(client: "TestClient", **fields: object) -> httpx.Response:
    """POST /translate with JSON, English to German unless the fields say otherwise."""
    return client.post("/translate", json={**LANGUAGES, **fields})


def check_refused(answer: httpx.Response, status: int = 400) -> str:
    """Check the status and shape of a refusal, and return its sentence, which holds no traceback."""
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    sentence = answer.json()["error"]
    assert sentence and "\n" not in sentence and "Traceback" not in sentence
    return sentence


def test_text_gives_text(client: "TestClient", translator: "Translator") -> None:
    """A text is answered with a text, the library's translation."""
    assert ask(client, q=TEXT).json() == {"translatedText": translator.translate(TEXT).text}


def test_list_gives_list_in_order(client: "TestClient", translator: "Translator") -> None:
    """A list is answered with a list in its order, also where it takes several batches."""
    texts = [TEXT, "", "a man", "an old woman sits in the garden."] * 8
    expected = [translator.translate(text).text for text in texts]
    assert ask(client, q=texts).json() == {"translatedText": expected}


def test_alternatives_only_when_asked(client: "TestClient", translator: "Translator") -> None:
    """Alternatives are the library's, and are there only when requested."""
    from seq2seq import DecodeOptions

    best = translator.translate(TEXT, DecodeOptions(num_hypotheses=3))
    expected = [other.text for other in best.alternatives]
    assert "alternatives" not in ask(client, q=TEXT, alternatives=0).json()
    assert ask(client, q=TEXT, alternatives=2).json()["alternatives"] == expected
    assert ask(client, q=[TEXT, ""], alternatives=2).json()["alternatives"] == [expected, []]


def test_more_candidates_than_the_usual_beam(client: "TestClient") -> None:
    """As many alternatives as the limit allows are possible, although the default beam is narrower."""
    most = Limits().candidates - 1
    assert len(ask(client, q=TEXT, alternatives=most).json()["alternatives"]) == most


def test_form_means_what_json_means(client: "TestClient") -> None:
    """Forms of both types are answered as the same fields in JSON are."""
    fields = {**LANGUAGES, "q": TEXT, "alternatives": "1", "api_key": ""}
    expected = ask(client, q=TEXT, alternatives=1).json()
    assert client.post("/translate", data=fields).json() == expected
    parts = {name: (None, value) for name, value in fields.items()}
    assert client.post("/translate", files=parts).json() == expected


def test_several_q_of_a_form_are_a_list(client: "TestClient") -> None:
    """A repeated q of a form is a list of texts."""
    expected = ask(client, q=[TEXT, "a man"]).json()
    assert client.post("/translate", data={**LANGUAGES, "q": [TEXT, "a man"]}).json() == expected


def test_blank_in_is_blank_out(client: "TestClient") -> None:
    """A text without words comes back as it is."""
    blanks = ["", "   ", "\n\n", "😀", "\u200f"]
    assert ask(client, q=blanks).json() == {"translatedText": blanks}
    for blank in blanks:
        assert ask(client, q=blank).json() == {"translatedText": blank}


def test_odd_characters_are_translated_or_left(client: "TestClient") -> None:
    """Control characters, another script and stacked marks are answered with a text."""

    def check(text: str) -> None:
        answer = ask(client, q=text)
        assert answer.status_code == 200
        assert isinstance(answer.json()["translatedText"], str)

    texts = ["\0two dogs", "two\x1bdogs", "\ufefftwo dogs", "مرحبا two", "е́" * 200]
    check_rows(check, [(text,) for text in texts])


def test_paragraphs_are_kept(client: "TestClient") -> None:
    """Line breaks between paragraphs stay."""
    assert ask(client, q=f"{TEXT}\n\n  a man\n").json()["translatedText"].count("\n") == 3


def test_codes_may_be_in_capitals(client: "TestClient") -> None:
    """Language codes may be in upper case."""
    assert ask(client, q=TEXT, source="EN", target="DE").status_code == 200


REFUSED = {
    b"not json": "the body is not JSON",
    b"\xff\xfe": "not UTF-8",
    b"[" * 100_000: "nested too deeply",
    b'{"q":' * 20_000: "nested too deeply",
    b'["a"]': "Invalid JSON format",
    b"null": "Invalid JSON format",
    b'"text"': "Invalid JSON format",
    b'{"q": 1, "source": "en", "target": "de"}': "q is 1; give a text",
    b'{"q": ["a", 1], "source": "en", "target": "de"}': "q has 1 at place 2; give a text or a list",
    b'{"q": {"a": 1}, "source": "en", "target": "de"}': "q is an object; give a text",
    b'{"q": NaN, "source": "en", "target": "de"}': "the body is not JSON",
    b'{"q": "a", "source": ["en"], "target": "de"}': "source is a list; give the code",
    b'{"q": "a", "source": "auto", "target": "xx"}': "xx is not supported",
    b'{"q": "a", "source": "auto", "target": "en"}': "en is not supported as target; choose de",
    b'{"q": "a", "source": "de", "target": "en"}': "de is not supported as source; choose en",
    b'{"q": "a", "source": "en", "target": "\\ud800"}': "half a character",
    b'{"q": ["a", "\\udfff"], "source": "en", "target": "de"}': "half a character",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": %s}' % (b"9" * 400): "must be <= 7",
    b'{"q": "a", "source": "en", "target": "de", "alternatives": %s}' % (b"9" * 5000): "not JSON",
    b'{"q": "a", "source": "en", "target": "de", "format": "\\u0000"}': "'\\x00' format is not supported",
    b'{"q": "a", "source": "en", "target": "de", "format": ["text"]}': "a list format is not supported",
}  # fmt: skip


def test_bad_json_is_refused_with_a_sentence(client: "TestClient") -> None:
    """Every bad body is refused with a sentence that names the field and the remedy."""

    def check(body: bytes, sentence: str) -> None:
        answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
        assert sentence in check_refused(answer)

    check_rows(check, REFUSED.items())


def test_refusals_in_the_words_of_libretranslate(client: "TestClient") -> None:
    """A refusal has LibreTranslate's own sentence where its tests compare it."""

    def check(fields: dict[str, object], sentence: str) -> None:
        fields = {"q": "a", **LANGUAGES, **fields}
        body = {name: value for name, value in fields.items() if value != "absent"}
        assert check_refused(client.post("/translate", json=body)) == sentence
        form = {name: value for name, value in body.items() if value not in (None, [])}
        assert check_refused(client.post("/translate", data=form)) == sentence
        assert check_refused(client.post("/translate", params=form)) == sentence

    rows: list[tuple[dict[str, object], str]] = [
        ({"q": "absent"}, "Invalid request: missing q parameter"),
        ({"q": None}, "Invalid request: missing q parameter"),
        ({"q": []}, "Invalid request: missing q parameter"),
        ({"source": "absent"}, "Invalid request: missing source parameter"),
        ({"source": ""}, "Invalid request: missing source parameter"),
        ({"target": "absent"}, "Invalid request: missing target parameter"),
        ({"source": "zz"}, "zz is not supported"),
        ({"target": "zz"}, "zz is not supported"),
        ({"source": "auto", "target": "zz"}, "zz is not supported"),
        ({"format": "xml"}, "xml format is not supported"),
        ({"alternatives": "abc"}, "Invalid request: alternatives parameter is not a number"),
        ({"alternatives": 8}, "Invalid request: alternatives parameter must be <= 7"),
    ]
    check_rows(check, rows)
    assert check_refused(client.post("/detect")) == "Invalid request: missing q parameter"


def test_lenient_values(client: "TestClient", translator: "Translator") -> None:
    """Values that LibreTranslate takes mean here what they mean there; unknown fields are left out."""
    text = translator.translate(TEXT).text

    def check(fields: dict[str, object], alternatives: int | None) -> None:
        answer = ask(client, q=TEXT, **fields).json()
        assert answer["translatedText"] == text
        assert (len(answer["alternatives"]) if "alternatives" in answer else None) == alternatives

    rows: list[tuple[dict[str, object], int | None]] = [
        ({"format": ""}, None),
        ({"format": None}, None),
        ({"alternatives": "3"}, 3),
        ({"alternatives": ""}, None),
        ({"alternatives": None}, None),
        ({"alternatives": 1.5}, 1),
        ({"alternatives": -1}, None),
        ({"secret": "x", "bem_size": 4, "\u2028": [None]}, None),
        ({"api_key": 5}, None),
        ({"format": "html", "alternatives": 2}, 0),
    ]
    check_rows(check, rows)
    answer = ask(client, q=[TEXT, "a man"], format="html", alternatives=2).json()
    assert answer["alternatives"] == [[], []]


def test_query_string(client: "TestClient", translator: "Translator") -> None:
    """All fields may stand in the query string; those of a body come first."""
    expected = {"translatedText": translator.translate(TEXT).text}
    fields = {**LANGUAGES, "q": TEXT}
    assert client.post("/translate", params=fields).json() == expected
    assert client.post("/translate", params={**fields, "q": "x"}, json={"q": TEXT}).json() == expected
    assert client.post("/translate", params=fields, files={"x": (None, "y")}).json() == expected
    several = client.post("/translate", params={**fields, "q": [TEXT, "a man"]}).json()
    assert len(several["translatedText"]) == 2
    assert client.post("/detect", params={"q": "zwei Hunde"}).json()[0]["language"] == "de"


def test_regions_and_scripts(make: "Make") -> None:
    """Codes with regions and scripts are those of the served language; another script is refused."""
    from fastapi.testclient import TestClient

    client = TestClient(make(ways=[("en", "zh"), ("zh", "en")]), base_url="http://localhost")
    expected = ask(client, q="two dogs", source="en", target="zh").json()
    for source in ("en-US", "en_GB", "EN"):
        for target in ("zh-Hans", "zh_Hans", "zh-CN"):
            assert ask(client, q="two dogs", source=source, target=target).json() == expected
    refused = check_refused(ask(client, q="two dogs", source="en", target="zh-TW"))
    assert refused == "zh-TW is not supported; zh is served as zh-Hans"
    assert ask(client, q="two dogs", source="en-US", target="en-GB").json() == {"translatedText": "two dogs"}
    auto = ask(client, q="two dogs play in the snow", source="auto", target="zh-CN").json()
    assert auto["detectedLanguage"]["language"] == "en"
    assert client.get("/languages").json() == [
        {"code": "en", "name": "English", "targets": ["zh", "zh-Hans"]},
        {"code": "zh", "name": "Chinese", "targets": ["en"]},
        {"code": "zh-Hans", "name": "Simplified Chinese", "targets": ["en"]},
    ]


def test_same_language_gives_the_text_back(client: "TestClient") -> None:
    """Source and target may be the same language, and the texts come back as they are."""

    def check(fields: dict[str, object], expected: dict[str, object]) -> None:
        assert ask(client, **{"source": "de", "target": "de-AT", **fields}).json() == expected

    rows: list[tuple[dict[str, object], dict[str, object]]] = [
        ({"q": TEXT}, {"translatedText": TEXT}),
        ({"q": [TEXT, ""], "alternatives": 1}, {"translatedText": [TEXT, ""], "alternatives": [[], []]}),
        ({"q": "<p>a &amp; b<br>", "format": "html"}, {"translatedText": "<p>a &amp; b<br>"}),
    ]
    check_rows(check, rows)


def test_two_values_of_one_key_are_the_last(client: "TestClient") -> None:
    """Of a repeated key in JSON the last value counts."""
    body = '{"q": "a", "source": "en", "target": "de", "q": "😀"}'
    answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
    assert answer.json() == {"translatedText": "😀"}


def test_byte_order_mark_before_json_is_no_error(client: "TestClient") -> None:
    """A byte order mark, which clients of some systems write, is skipped."""
    body = b"\xef\xbb\xbf" + json.dumps({**LANGUAGES, "q": TEXT}).encode()
    answer = client.post("/translate", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200


def test_json_sent_as_a_form_says_so(client: "TestClient") -> None:
    """JSON that is sent as a form, as `curl -d` does without a header, is told which header is missing."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/translate", content=b' {"q": "a"}', headers=headers)
    assert "send Content-Type: application/json" in check_refused(answer)


def test_file_in_a_form_is_refused(client: "TestClient") -> None:
    """A file where a text belongs is refused."""
    check_refused(client.post("/translate", data=LANGUAGES, files={"q": ("../../x", b"a")}))


def test_other_bodies_are_refused(client: "TestClient") -> None:
    """A body that is neither JSON nor a form is refused with 415."""
    answer = client.post("/translate", content=b"<q/>", headers={"content-type": "text/xml"})
    assert "JSON or a form" in check_refused(answer, 415)


def test_too_much_is_refused_with_both_numbers(client: "TestClient") -> None:
    """Too many texts or characters are refused with their number and the limit."""

    def check(q: object, sentence: str) -> None:
        refused = check_refused(ask(client, q=q))
        assert sentence in refused
        assert "exceeds text limit" in refused  # the words for which GNOME Dialect looks

    rows = [
        ([""] * 129, "129 texts, but at most 128"),
        ("x" * 20_001, "20001 characters, but at most 20000"),
        (["x" * 10_000, "y" * 10_001], "20001 characters, but at most 20000"),
    ]
    check_rows(check, rows)


def test_too_many_tokens_are_refused(client: "TestClient") -> None:
    """A text within the limit of characters may exceed that of tokens."""
    assert "tokens, but at most 8000" in check_refused(ask(client, q="a b " * 5_000))


def test_languages(client: "TestClient") -> None:
    """Languages come with names and targets, also for the official client, which sends a body with GET."""
    expected = [
        {"code": "de", "name": "German", "targets": []},
        {"code": "en", "name": "English", "targets": ["de"]},
    ]
    assert client.get("/languages").json() == expected
    assert client.request("GET", "/languages", json={}).json() == expected


def test_health(client: "TestClient") -> None:
    """A running server says that it is healthy."""
    assert client.get("/health").json() == {"status": "ok"}


def test_other_methods_are_405(client: "TestClient") -> None:
    """Another method of a known path is refused with those that it has, and not answered by the demo."""

    def check(method: str, path: str, allowed: str) -> None:
        answer = client.request(method, path)
        assert answer.status_code == 405
        assert method == "HEAD" or f"use {allowed}" in check_refused(answer, 405)
        assert answer.headers["allow"] == allowed

    rows = [
        ("GET", "/translate", "POST"),
        ("HEAD", "/translate", "POST"),
        ("PUT", "/translate", "POST"),
        ("GET", "/detect", "POST"),
        ("POST", "/languages", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("POST", "/spec", "GET, HEAD"),
    ]
    check_rows(check, rows)


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
    """Any JSON object is answered with a translation or a refusal in the shape of all errors."""
    answer = client.post(
        "/translate", content=json.dumps(fields).encode(), headers={"content-type": "application/json"}
    )
    if answer.status_code != 200:
        check_refused(answer)


def test_html_keeps_its_tags(client: "TestClient", translator: "Translator") -> None:
    """Tags and their attributes stay, and each block is translated on its own."""
    first, second = translator.translate(TEXT).text, translator.translate("a man").text
    html = f'<p>{TEXT}</p><p lang="en">a man</p>'
    expected = f'<p>{first}</p><p lang="en">{second}</p>'
    assert ask(client, q=html, format="html").json() == {"translatedText": expected}
    assert ask(client, q=[html, ""], format="html").json() == {"translatedText": [expected, ""]}


def test_inline_tags_move_with_the_alignment(client: "TestClient") -> None:
    """Each inline tag is in the translation once, placed by the alignment."""
    answer = ask(client, q="<p>two <b>dogs</b> in the <i>snow</i>.</p>", format="html").json()
    for tag in ("<p>", "<b>", "</b>", "<i>", "</i>", "</p>"):
        assert answer["translatedText"].count(tag) == 1


def test_detected_language_only_for_auto(client: "TestClient", translator: "Translator") -> None:
    """With `auto` each answer has the detected language; a text in the target language stays as it is."""
    english, german = "two dogs play in the snow", "zwei Hunde spielen im Schnee und der Mann"
    answer = ask(client, q=[english, german], source="auto").json()
    assert answer["translatedText"] == [translator.translate(english).text, german]
    assert [detected["language"] for detected in answer["detectedLanguage"]] == ["en", "de"]
    for detected in answer["detectedLanguage"]:
        assert 50 < detected["confidence"] <= 100
    one = ask(client, q=english, source="AUTO").json()
    assert one["detectedLanguage"]["language"] == "en"
    assert "detectedLanguage" not in ask(client, q=english).json()
    html = ask(client, q=[f"<p>{german}</p>"], source="auto", format="html").json()
    assert (html["translatedText"], html["detectedLanguage"][0]["language"]) == ([f"<p>{german}</p>"], "de")


def test_detect(client: "TestClient") -> None:
    """Languages are detected from JSON and forms, likeliest first."""
    for sent in ({"json": {"q": "zwei Hunde spielen"}}, {"data": {"q": "zwei Hunde spielen"}}):
        languages = client.post("/detect", **sent).json()  # type: ignore[arg-type]
        assert languages[0]["language"] == "de"
        assert languages == sorted(languages, key=lambda language: -language["confidence"])
    assert client.post("/detect", json={"q": "123"}).json() == [{"confidence": 0.0, "language": "de"}]
    several = client.post("/detect", json={"q": ["zwei Hunde", "spielen im Schnee"], "format": "text"}).json()
    assert several[0]["language"] == "de"
