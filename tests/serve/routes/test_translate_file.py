"""POST /translate_file: the translated file can be fetched for a while, as an attachment, by its name."""

import threading
from typing import TYPE_CHECKING

from tables import check_rows

from seq2seq.documents import TranslatedDocument
from serve.routes.files import KEPT_BYTES, KEPT_SECONDS, DownloadStore

if TYPE_CHECKING:
    import httpx
    from fastapi.testclient import TestClient

    from seq2seq import Translator
    from tests.serve.conftest import Make, Refusal

LANGUAGES = {"source": "en", "target": "de"}
SUBTITLES = "1\n00:00:01,000 --> 00:00:02,000\n{}\n\n2\n00:00:03,000 --> 00:00:04,000\n{}\n"


def send(client: "TestClient", name: str, content: str, **fields: str) -> "httpx.Response":
    """POST /translate_file with a file and fields."""
    return client.post(
        "/translate_file", data={**LANGUAGES, **fields}, files={"file": (name, content.encode())}
    )


def fetch(client: "TestClient", name: str, content: str, **fields: str) -> "httpx.Response":
    """The translated file."""
    answer = send(client, name, content, **fields)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["translatedFileUrl"]
    return client.get(answer.json()["translatedFileUrl"])


def test_structure_comes_back(client: "TestClient", translator: "Translator") -> None:
    """Subtitles keep their numbers and times, and each is translated on its own."""
    first, second = translator.translate("two dogs").text, translator.translate("a man").text
    answer = fetch(client, "film.srt", SUBTITLES.format("two dogs", "a man"))
    assert answer.text == SUBTITLES.format(first, second)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''film.de.srt"


def test_column_is_chosen(client: "TestClient", translator: "Translator") -> None:
    """Only the chosen column of a table is translated."""
    answer = fetch(client, "x.csv", "id,text\n1,a man\n", column="text")
    assert answer.text == f"id,text\n1,{translator.translate('a man').text}\n"


def test_unknown_fields_and_same_language(client: "TestClient") -> None:
    """`format`, which clients send, is left out; a file for its own language comes back as it is."""
    assert fetch(client, "x.html", "<p>a man</p>", format="html", target="en-GB").text == "<p>a man</p>"


def test_many_texts_of_auto_language(client: "TestClient") -> None:
    """A file of several portions keeps all its lines; one in the target language comes back unchanged."""
    lines = "".join(f"Zwei Hunde und {number} Männer\n" for number in range(100))
    assert fetch(client, "x.txt", lines, source="auto").text == lines
    assert fetch(client, "y.txt", "a man\n" * 40).text.count("\n") == 40


def test_html_is_no_page_of_ours(client: "TestClient") -> None:
    """An HTML file is an attachment in a sandbox, so that its scripts never run as the server's."""
    answer = fetch(client, "../../evil.html", "<script>alert(1)</script><p>a man</p>")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-disposition"].endswith("evil.de.html")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_bad_file_is_refused(client: "TestClient", refusal: "Refusal") -> None:
    """A file or a field that cannot be used is refused with a sentence that says what to change."""

    def check(name: str, fields: dict[str, str], sentence: str) -> None:
        assert sentence in refusal(send(client, name, "a man", **fields))

    rows: list[tuple[str, dict[str, str], str]] = [
        ("x.exe", {}, "Invalid request: file format not supported"),
        ("", {}, "file is missing"),
        ("x.txt", {"target": "xx"}, "xx is not supported"),
        ("x.txt", {"column": "a"}, "has no columns"),
        ("x.txt", {"target": ""}, "Invalid request: missing target parameter"),
    ]
    check_rows(check, rows)


def test_other_bodies_are_refused(client: "TestClient", refusal: "Refusal") -> None:
    """A body that is no form is refused with the type to send."""
    assert "multipart/form-data" in refusal(client.post("/translate_file", json=LANGUAGES), 415)


def test_too_large_file_is_refused(client: "TestClient", refusal: "Refusal") -> None:
    """A file has limits of its own for characters and bytes, and the refusal names them."""
    assert "file characters, but at most 200000" in refusal(
        send(client, "x.txt", "a man and a dog\n" * 20_000)
    )
    assert "file bytes" in refusal(send(client, "x.txt", "x" * 10_500_000), 413)


def test_file_has_no_limit_of_one_request(make: "Make", translator: "Translator") -> None:
    """The limits of one request (tokens, characters, texts, seconds) do not apply to a file."""
    from fastapi.testclient import TestClient

    from serve.limits import Limits

    line = "two dogs plays in the snow. "
    content = f"{line * 4}\na man\n{line}\n"
    expected = translator.translate(content).text
    limits = Limits(tokens=20, characters=20, texts=1)
    object.__setattr__(limits, "seconds", -1)
    with TestClient(make(limits=limits), base_url="http://localhost") as strict:
        assert fetch(strict, "x.txt", content).text == expected


def test_html_has_the_limits_of_one_request(make: "Make", refusal: "Refusal") -> None:
    """HTML has the limits of one request, its tags aside, and is refused before it is translated."""
    from fastapi.testclient import TestClient

    from serve.limits import Limits

    html = {**LANGUAGES, "q": "<p>two dogs</p>" * 80, "format": "html"}
    with TestClient(make(limits=Limits(tokens=200)), base_url="http://localhost") as strict:
        assert "tokens, but at most 200" in refusal(strict.post("/translate", json=html))


def test_unknown_name_is_404(client: "TestClient", refusal: "Refusal") -> None:
    """An unknown name is 404, also one that looks like a path."""
    for name in ("nowhere", "..%2f..%2fetc%2fpasswd", "%00"):
        answer = client.get(f"/download_file/{name}")
        assert refusal(answer, 404)
    assert refusal(client.get("/download_file/%2e%2e")) == "Invalid filename"


def test_files_leave_after_a_while_and_when_there_are_too_many() -> None:
    """Files leave after their time, and the oldest leaves first where room is needed."""
    now = [0.0]
    downloads = DownloadStore(clock=lambda: now[0])
    large = TranslatedDocument("a.txt", b"x" * (KEPT_BYTES // 2), "text/plain")
    first, second, third = (downloads.put(large) for _ in range(3))
    assert (downloads.get(first), downloads.get(second), downloads.get(third)) == (None, large, large)
    now[0] = KEPT_SECONDS + 1
    assert downloads.get(third) is None


def test_thread_of_a_client_that_left_ends(translator: "Translator") -> None:
    """The thread of a document ends when its client leaves, long before the end of the document."""
    import asyncio

    from seq2seq.documents.template import TranslateTexts
    from serve.engine.batcher import Batcher
    from serve.engine.documents import DocumentExecutor, DocumentLimits
    from serve.engine.executor import Executor
    from serve.engine.registry import ModelRegistry
    from serve.engine.segments import TEXTS
    from serve.engine.service import Service
    from serve.limits import Limits
    from serve.metrics import Metrics

    seen: list[str] = []
    first, ended = threading.Event(), threading.Event()

    def work(translate: TranslateTexts) -> None:
        try:
            for translation in translate(["a man"] * (20 * TEXTS)):
                seen.append(translation.text)
                first.set()
        finally:
            ended.set()

    async def main() -> None:
        limits, metrics = Limits(), Metrics()
        service = Service(
            ModelRegistry({"tiny": translator}), Batcher(Executor(), limits, metrics), limits, metrics
        )
        terms = DocumentLimits(lambda texts: None, lambda count: None, 60)
        run = DocumentExecutor(service).run(work, "en", "de", "client", terms)
        task = asyncio.create_task(run)
        await asyncio.to_thread(first.wait, 60)
        task.cancel()
        assert await asyncio.to_thread(ended.wait, 60)

    asyncio.run(main())
    assert len(seen) < 20 * TEXTS
