"""POST /v1/translate and /v1/stream: the library's numbers, and events that join to the translation."""

import json
import math
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from calibrations import ONLY_SCORE
from tables import check_rows

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from seq2seq import Tokenizer, Translator
    from seq2seq.model.transformer import Transformer
    from tests.serve.conftest import Refusal

TEXT = "two dogs plays in the snow."
LANGUAGES = {"source": "en", "target": "de"}


def ask(client: "TestClient", path: str = "/v1/translate", **fields: object) -> httpx.Response:
    """POST with JSON, English to German unless the fields say otherwise."""
    return client.post(path, json={**LANGUAGES, **fields})


def events_of(answer: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """The names and data of server-sent events."""
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_numbers_are_the_librarys(client: "TestClient", translator: "Translator") -> None:
    """Text, score, tokens and links are those of the library."""
    expected = translator.translate(TEXT)
    (answer,) = ask(client, q=TEXT).json()["translations"]
    assert answer["text"] == expected.text
    assert answer["score"] == pytest.approx(expected.score)
    assert [token["text"] for token in answer["tokens"]] == [*expected.tokens, "</s>"]
    values = [token["log_probability"] for token in answer["tokens"]]
    assert values == pytest.approx(expected.token_log_probabilities)
    assert math.fsum(values[: None if expected.finish == "end" else -1]) == pytest.approx(
        expected.log_probability, rel=1e-3
    )
    assert answer["alignment"]["links"] == [list(link) for link in expected.alignment.links()]
    assert answer["languages"] == ["en", "de"]
    assert answer["confidence"] is None and not answer["is_unlike"], "the model has no calibration"


def test_what_is_left_out_is_named(client: "TestClient", monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches that no word looked at come with the alignment; from a quarter on a text is incomplete."""
    from seq2seq.alignment.maps import Alignment

    def check(spans: list[tuple[int, int]], is_incomplete: bool) -> None:
        monkeypatch.setattr(Alignment, "uncovered", lambda alignment: spans)
        (answer,) = ask(client, q=TEXT).json()["translations"]
        named = [{"text": TEXT[start:end], "start": start, "end": end} for start, end in spans]
        assert (answer["uncovered"], answer["is_incomplete"]) == (named, is_incomplete)

    check_rows(check, [([], False), ([(4, 8)], False), ([(0, 3), (4, 8)], True)])
    (short,) = ask(client, q=TEXT, explain=False).json()["translations"]
    assert "uncovered" not in short and "is_incomplete" not in short


def test_confidences_are_the_librarys(tiny_model: "Transformer", tiny_tokenizer: "Tokenizer") -> None:
    """The confidence of a text always comes, that of words with `explain`, elsewhere on request.

    That of HTML and of files is the mean of their texts, by characters.
    """
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from seq2seq.storage.settings import Settings
    from serve.app import make_app
    from serve.engine.registry import ModelRegistry

    settings = Settings(["en"], ["de"], 40, 40, confidence={"de": ONLY_SCORE})
    translator = Translator(tiny_model, tiny_tokenizer, settings)
    expected = translator.translate(TEXT)
    application = make_app(ModelRegistry({"tiny": translator}))
    with TestClient(application, base_url="http://localhost") as client:
        (answer,) = ask(client, q=TEXT).json()["translations"]
        assert answer["confidence"] == pytest.approx(expected.confidence, abs=1e-3)
        assert answer["is_unlike"] is expected.is_unlike
        words = [(word["text"], word["start"], word["end"]) for word in answer["word_confidence"]]
        assert words == [word[:3] for word in expected.word_confidence]
        (short,) = ask(client, q=TEXT, explain=False).json()["translations"]
        assert short["confidence"] == answer["confidence"] and "word_confidence" not in short
        assert "confidence" not in ask(client, "/translate", q=TEXT).json()
        requested = ask(client, "/translate", q=TEXT, confidence=True).json()
        assert requested["confidence"] == answer["confidence"]
        several = ask(client, "/translate", q=[TEXT, ""], confidence="true").json()
        assert several["confidence"] == [answer["confidence"], None]
        html = ask(client, "/translate", q=f"<p>{TEXT}</p>", format="html", confidence=True).json()
        assert html["confidence"] == requested["confidence"]
        assert (
            ask(client, "/translate", q="<p>1</p>", format="html", confidence=True).json()["confidence"]
            is None
        )
        other = translator.translate("a man").confidence
        assert other is not None and expected.confidence is not None
        mean = (other * len("a man") + expected.confidence * len(TEXT)) / (len("a man") + len(TEXT))
        sent = {"file": ("x.txt", f"a man\n1\n{TEXT}\n".encode())}
        file = client.post("/translate_file", data={**LANGUAGES, "confidence": "true"}, files=sent).json()
        assert file["confidence"] == pytest.approx(mean, abs=1e-3)
        assert "confidence" not in client.post("/translate_file", data=LANGUAGES, files=sent).json()


def test_character_ranges_cut_the_words(client: "TestClient") -> None:
    """The range of each word cuts its characters out of the text, and links point at existing words."""
    text = f"{TEXT}\n  a man"
    (answer,) = ask(client, q=text).json()["translations"]
    for side, whole in (("source", text), ("target", answer["text"])):
        for unit in answer["alignment"][side]:
            assert whole[unit["start"] : unit["end"]] == unit["text"]
    for source, target in answer["alignment"]["links"]:
        assert source < len(answer["alignment"]["source"])
        assert target < len(answer["alignment"]["target"])


def test_options_reach_the_search(client: "TestClient", translator: "Translator") -> None:
    """Options change the search as they do in the library; without `explain` there are no tokens."""
    from seq2seq import DecodeOptions

    options = {"beam_size": 4, "num_hypotheses": 3, "length_penalty": 0.5, "max_length": 7}
    expected = translator.translate(TEXT, DecodeOptions(**options))  # type: ignore[arg-type]
    (answer,) = ask(client, q=TEXT, explain=False, **options).json()["translations"]
    assert [answer["text"], *(a["text"] for a in answer["alternatives"])] == [
        expected.text,
        *(a.text for a in expected.alternatives),
    ]
    assert "tokens" not in answer


def test_prefix_begins_the_text_not_each_part(client: "TestClient", translator: "Translator") -> None:
    """A forced beginning begins the text, not each paragraph."""
    from seq2seq import DecodeOptions

    text = f"{TEXT}\n{TEXT}"
    expected = translator.translate(text, DecodeOptions(target_prefix="two")).text
    assert ask(client, q=text, target_prefix="two").json()["translations"][0]["text"] == expected


def test_blank_text_has_no_tokens(client: "TestClient") -> None:
    """A text without words comes back as it is, without tokens and links."""
    (answer,) = ask(client, q=["  "]).json()["translations"]
    assert (answer["text"], answer["tokens"], answer["alignment"]["links"]) == ("  ", [], [])


def test_bad_option_is_refused(client: "TestClient", refusal: "Refusal") -> None:
    """Both routes refuse a wrong option with its value and the remedy, a stream before it begins."""

    def check(path: str, fields: dict[str, object], sentence: str) -> None:
        assert sentence in refusal(ask(client, path, q=TEXT, **fields))

    rows: list[tuple[dict[str, object], str]] = [
        ({"beam_size": 0}, "beam_size is 0; give a whole number from 1 to 64"),
        ({"beam_size": 9}, "9 candidates, but at most 8"),
        ({"beam_size": 2.0}, "beam_size is 2.0"),
        ({"num_hypotheses": 8}, "num_hypotheses is 8"),
        ({"length_penalty": "1"}, "length_penalty is '1'; give a number from -5.0 to 5.0"),
        ({"max_length": 1000}, "max_length is 1000, but this model writes at most 63"),
        ({"disable_unk": 1}, "disable_unk is 1; give true or false"),
        ({"target_prefix": 3}, "target_prefix is 3; give a text or a list of tokens"),
        ({"glossary": {"dog": ""}}, "glossary has a pair with an empty side, beside 'dog'"),
        ({"glossary": "terms.tsv"}, "glossary is 'terms.tsv'; give terms with their translations"),
        ({"banned_words": "dog"}, "banned_words is 'dog'; give a list of texts"),
        ({"forced_words": ["dog"] * 3, "max_length": 3}, "more than the limit of 3"),
        ({"source": "xx"}, "xx is not supported as source; choose en"),
        ({"bem_size": 3}, "'bem_size' is not a known field"),
    ]
    check_rows(check, [(path, *row) for path in ("/v1/translate", "/v1/stream") for row in rows])


@pytest.mark.parametrize("glossary", ['{"dog": "\\ud800"}', '{"\\ud800": "dog"}'])
def test_half_a_character_in_a_glossary_is_refused(
    client: "TestClient", refusal: "Refusal", glossary: str
) -> None:
    """A lone surrogate in a term or its translation is the client's mistake, 400."""
    body = f'{{"q": "a dog", "source": "en", "target": "de", "glossary": {glossary}}}'
    answer = client.post("/v1/translate", content=body, headers={"content-type": "application/json"})
    assert "half a character" in refusal(answer)


def test_glossary_and_kept_things_reach_the_search(client: "TestClient", translator: "Translator") -> None:
    """Glossary and protected placeholders work as in the library, in both routes."""
    from seq2seq import DecodeOptions

    text = "a dog {x} runs.\na dog"
    expected = translator.translate(text, DecodeOptions(glossary={"dog": "snow man"})).text  # type: ignore[arg-type]
    assert expected.count("snow man") == 2 and "{x}" in expected
    (answer,) = ask(client, q=text, glossary={"dog": "snow man"}).json()["translations"]
    assert answer["text"] == expected
    *_, (last, whole) = events_of(ask(client, "/v1/stream", q=text, glossary={"dog": "snow man"}))
    assert (last, whole["text"]) == ("end", expected)


def test_forms_are_refused(client: "TestClient", refusal: "Refusal") -> None:
    """A form is refused with 415: its values have no types."""
    answer = client.post("/v1/translate", data={**LANGUAGES, "q": TEXT})
    assert "must be JSON" in refusal(answer, 415)


@pytest.mark.parametrize("text", [TEXT, f"{TEXT}\n\n a man\n", "", "  ", "😀"])
def test_stream_joined_is_the_greedy_translation(
    client: "TestClient", translator: "Translator", text: str
) -> None:
    """The pieces of a stream join to its whole text, which is the library's greedy translation."""
    from seq2seq import DecodeOptions

    *pieces, (last, whole) = events_of(ask(client, "/v1/stream", q=text))
    assert {name for name, _ in pieces} <= {"piece"}
    assert last == "end"
    joined = "".join(data["text"] for _, data in pieces)
    assert joined == whole["text"] == translator.translate(text, DecodeOptions(beam_size=1)).text


def test_stream_is_sent_piece_by_piece(client: "TestClient") -> None:
    """A stream has several events for one sentence."""
    assert len(events_of(ask(client, "/v1/stream", q=TEXT))) > 3


def test_fault_in_a_stream_is_an_event(make, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
    """A fault after the first piece becomes an error event, and neither event nor log holds its message."""
    from fastapi.testclient import TestClient

    from seq2seq import Translator

    class Failing(Translator):
        def stream(self, *arguments, **options):  # type: ignore[no-untyped-def]
            yield "ein"
            raise RuntimeError("my secret")

    client = TestClient(make(Failing), base_url="http://localhost")
    (_, (name, data)) = events_of(ask(client, "/v1/stream", q=TEXT))
    assert name == "error"
    assert data["error"].startswith("the server failed")
    assert "secret" not in caplog.text
