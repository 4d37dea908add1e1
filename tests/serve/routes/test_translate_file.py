"""POST /translate_file: the same file comes back, as an attachment, for a while, to who knows its name."""

import threading
from typing import TYPE_CHECKING

import pytest

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
    """Subtitles would lose their times, or be translated into one another."""
    first, second = translator.translate("two dogs").text, translator.translate("a man").text
    answer = fetch(client, "film.srt", SUBTITLES.format("two dogs", "a man"))
    assert answer.text == SUBTITLES.format(first, second)
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''film.srt"


def test_column_is_chosen(client: "TestClient", translator: "Translator") -> None:
    """Columns of numbers and names would be translated, too."""
    answer = fetch(client, "x.csv", "id,text\n1,a man\n", column="text")
    assert answer.text == f"id,text\n1,{translator.translate('a man').text}\n"


def test_many_texts_of_auto_language(client: "TestClient") -> None:
    """More texts than one turn holds would be lost or swapped; a file in the target language be changed."""
    lines = "".join(f"Zwei Hunde und {number} Männer\n" for number in range(100))
    assert fetch(client, "x.txt", lines, source="auto").text == lines
    assert fetch(client, "y.txt", "a man\n" * 40).text.count("\n") == 40


def test_html_is_no_page_of_ours(client: "TestClient") -> None:
    """A script in somebody's file would run in the browser as if it were the server's."""
    answer = fetch(client, "../../evil.html", "<script>alert(1)</script><p>a man</p>")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-disposition"].endswith("evil.html")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "fields", "sentence"),
    [
        ("x.exe", {}, "is not a supported document"),
        ("", {}, "file is missing"),
        ("x.txt", {"target": "xx"}, "xx is not supported"),
        ("x.txt", {"column": "a"}, "has no columns"),
        ("x.txt", {"colour": "a"}, "'colour' is not a known field"),
    ],
)
def test_bad_file_is_refused(
    client: "TestClient", refusal: "Refusal", name: str, fields: dict[str, str], sentence: str
) -> None:
    """A file that cannot be read would be a fault, or come back unchanged without a word."""
    assert sentence in refusal(send(client, name, "a man", **fields))


def test_other_bodies_are_refused(client: "TestClient", refusal: "Refusal") -> None:
    """JSON would be read as an empty form."""
    assert "multipart/form-data" in refusal(client.post("/translate_file", json=LANGUAGES), 415)


def test_too_large_file_is_refused(client: "TestClient", refusal: "Refusal") -> None:
    """A book would keep the server busy for hours, or be refused by the smaller limit of texts."""
    assert "file characters, but at most 200000" in refusal(
        send(client, "x.txt", "a man and a dog\n" * 20_000)
    )
    assert "file bytes" in refusal(send(client, "x.txt", "x" * 10_500_000), 413)


def test_file_has_no_limit_of_one_request(make: "Make", translator: "Translator") -> None:
    """A file far below its own limits would be refused half way, by a limit that is not of files."""
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
    """Tags around a text would let it be longer than any text may be, or be refused when half is done."""
    from fastapi.testclient import TestClient

    from serve.limits import Limits

    html = {**LANGUAGES, "q": "<p>two dogs</p>" * 80, "format": "html"}
    with TestClient(make(limits=Limits(tokens=200)), base_url="http://localhost") as strict:
        assert "tokens, but at most 200" in refusal(strict.post("/translate", json=html))


def test_unknown_name_is_404(client: "TestClient", refusal: "Refusal") -> None:
    """A name that nobody was given would be a fault, or open a file of the machine."""
    for name in ("nowhere", "..%2f..%2fetc%2fpasswd", "%00"):
        answer = client.get(f"/download_file/{name}")
        assert refusal(answer, 404)


def test_files_leave_after_a_while_and_when_there_are_too_many() -> None:
    """The memory would fill with files, or somebody's file stay for whoever comes later."""
    now = [0.0]
    shelf = DownloadStore(clock=lambda: now[0])
    large = TranslatedDocument("a.txt", b"x" * (KEPT_BYTES // 2), "text/plain")
    first, second, third = (shelf.put(large) for _ in range(3))
    assert (shelf.get(first), shelf.get(second), shelf.get(third)) == (None, large, large)
    now[0] = KEPT_SECONDS + 1
    assert shelf.get(third) is None


def test_thread_of_a_client_that_left_ends(translator: "Translator") -> None:
    """A book would be translated to its end for a client that is no longer there."""
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
