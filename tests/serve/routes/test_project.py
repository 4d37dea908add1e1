"""The memory, the glossary and the suggestions of a project, heeded on every route."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from seq2seq import Translator
from serve import command
from serve.app import ServerOptions, make_app
from serve.engine.project import Project
from serve.engine.registry import ModelRegistry

PAIR = {"source": "en", "target": "de"}
KNOWN, RECALLED = "Open the file", "Öffne die Datei"
Refusal = Callable[..., str]  # the fixture `refusal`


@pytest.fixture(scope="module")
def translator() -> Translator:
    """The released model from English to German, which knows terms."""
    return Translator.from_pretrained("en-de", device="cpu")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory and a glossary."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "project.tsv").write_text(
        f"en\tde\n{KNOWN}\t{RECALLED}\nSend %s now\t%s jetzt senden\nA dog\tEin Tölchen\n", encoding="utf-8"
    )
    (folder / "terms.tsv").write_text("dog\tKöter\n", encoding="utf-8")
    return folder


def client_of(translator: Translator, project: Project | None, **options: Any) -> TestClient:
    """Return a client of a server with a project."""
    app = make_app(ModelRegistry({"en-de": translator}), options=ServerOptions(project=project, **options))
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client(translator: Translator, files: Path) -> Iterator[TestClient]:
    """A client of a server with a memory and a glossary."""
    project = Project.load([("en", "de")], [str(files / "project.tsv")], [str(files / "terms.tsv")])
    with client_of(translator, project) as client:
        yield client


def translated(client: TestClient, **fields: Any) -> Any:
    """Return the translation of POST /translate."""
    answer = client.post("/translate", json={**PAIR, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["translatedText"]


def test_weblate_gets_memory_and_terms(client: TestClient) -> None:
    """Regression for Weblate: a form with twenty texts, its stand-ins [X0X], and no field for a project."""
    texts = [KNOWN, f"_{KNOWN}…", "Send [X5X] now", "Two dogs run.", *(f"A man {n}" for n in range(16))]
    answer = client.post("/translate", data={**PAIR, "q": texts[0], "api_key": ""})
    assert answer.json() == {"translatedText": RECALLED}
    many = translated(client, q=texts, api_key="")
    assert many[:3] == [RECALLED, f"_{RECALLED}…", "[X5X] jetzt senden"]
    assert translated(client, q="A dog runs.") == translated(client, q=["A dog runs."])[0]
    assert "Köter" in translated(client, q="A dog runs.")


def test_own_words_go_before_those_of_the_server(client: TestClient) -> None:
    """A glossary of the request replaces the server's, and goes before the memory."""
    body = {**PAIR, "q": ["A dog runs.", "A dog"], "glossary": {"dog": "Vierbeiner"}}
    first, second = client.post("/v1/translate", json=body).json()["translations"]
    assert "Vierbeiner" in first["text"] and "Köter" not in first["text"]
    assert second["origin"] == "model" and "Tölchen" not in second["text"]
    body = {**PAIR, "q": "A dog runs.", "banned_words": ["Köter"]}
    (banned,) = client.post("/v1/translate", json=body).json()["translations"]
    assert "Köter" not in banned["text"]


def test_the_origin_is_told(client: TestClient) -> None:
    """/v1/translate says whether a text was recalled, with confidence 1, and what is similar."""
    body = {**PAIR, "q": [f"{KNOWN}…", "Open the files", "Nothing like it at all"]}
    recalled, similar, other = client.post("/v1/translate", json=body).json()["translations"]
    assert (recalled["text"], recalled["origin"], recalled["confidence"]) == (f"{RECALLED}…", "memory", 1.0)
    assert recalled["matches"] == [{"source": KNOWN, "target": f"{RECALLED}…", "score": 99, "is_exact": True}]
    assert recalled["tokens"] == [] and recalled["alignment"]["links"]
    assert similar["origin"] == other["origin"] == "model"
    assert [match["score"] for match in similar["matches"]] == [92] and other["matches"] == []


def test_deepl_stream_and_html_heed_them(client: TestClient) -> None:
    """DeepL's route, a stream, and texts with tags heed memory and glossary, too."""
    answer = client.post("/v2/translate", json={"text": [KNOWN, "A dog runs."], "target_lang": "DE"})
    first, second = (each["text"] for each in answer.json()["translations"])
    assert first == RECALLED and "Köter" in second
    stream = client.post("/v1/stream", json={**PAIR, "q": KNOWN}).text
    assert json.loads(stream.split("data: ")[-1]) == {"text": RECALLED, "languages": ["en", "de"]}
    assert "Köter" in client.post("/v1/stream", json={**PAIR, "q": "A dog runs."}).text.replace(
        "\\u00f6", "ö"
    )
    html = translated(client, q=f"<p>Open the <b>file</b></p><p>A dog runs.</p><p>{KNOWN}</p>", format="html")
    assert html.startswith("<p>Öffne die <b>Datei</b></p>") and html.endswith(f"<p>{RECALLED}</p>")
    assert "Köter" in html


def test_files_heed_them(client: TestClient) -> None:
    """A file's texts are recalled in their order, among others that are translated."""
    content = f"A man sings.\n{KNOWN}\nA dog runs.\n{KNOWN}.\n"
    answer = client.post("/translate_file", data=PAIR, files={"file": ("a.txt", content)})
    lines = client.get(answer.json()["translatedFileUrl"]).text.splitlines()
    assert (lines[1], lines[3]) == (RECALLED, f"{RECALLED}.")
    assert "Köter" in lines[2] and lines[0]


def test_suggestions_are_off_by_default(client: TestClient, refusal: Refusal) -> None:
    """Without a file for them, suggestions are refused with 403, memory or not."""
    suggestion = {**PAIR, "q": "a", "s": "b"}
    assert "disabled" in refusal(client.post("/suggest", json=suggestion), 403)
    assert client.get("/frontend/settings").json()["suggestions"] is False


def test_suggestions_are_kept_and_heeded(translator: Translator, files: Path, tmp_path: Path) -> None:
    """A suggestion goes before the memory from then on, in every process that shares the file."""
    path = tmp_path / "kept.jsonl"
    load = [("en", "de")], [str(files / "project.tsv")], [], str(path)
    with (
        client_of(translator, Project.load(*load)) as client,
        client_of(translator, Project.load(*load)) as other,
    ):
        assert client.get("/frontend/settings").json()["suggestions"] is True
        sent = client.post("/suggest", data={**PAIR, "q": KNOWN, "s": "Datei öffnen"})
        assert (sent.status_code, sent.json()) == (200, {"success": True})
        client.post("/suggest", json={**PAIR, "q": "Grün\n%s", "s": "Vert %s 😀"})
        for each in (client, other):
            assert translated(each, q=[KNOWN, f"{KNOWN}…"]) == ["Datei öffnen", "Datei öffnen…"]
    with client_of(translator, Project.load(*load)) as later:
        assert translated(later, q="Grün\n%s") == "Vert %s 😀"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(row["source"], row["target"]) for row in rows] == [
        (KNOWN, "Datei öffnen"),
        ("Grün\n%s", "Vert %s 😀"),
    ]


def test_wrong_suggestions_are_refused(translator: Translator, tmp_path: Path, refusal: Refusal) -> None:
    """What is no suggestion is refused with a sentence, and no file is made."""
    project = Project.load([("en", "de")], suggestions=str(tmp_path / "kept.jsonl"))
    with client_of(translator, project) as client:
        for fields, sentence in (
            ({"q": "a"}, "missing s"),
            ({"q": "a", "s": " "}, "must have text"),
            ({"q": "a", "s": "b", "target": "xx"}, "not supported"),
            ({"q": "ein Hund läuft im Schnee", "s": "b", "source": "auto"}, "name its language"),
            ({"q": "a", "s": "b" * 20_000}, "characters"),
            ({"q": ["a"], "s": "b"}, "q is"),
        ):
            assert sentence in refusal(client.post("/suggest", json={**PAIR, **fields}), 400)
    assert not (tmp_path / "kept.jsonl").exists()


def test_a_file_that_cannot_be_written_is_told(
    translator: Translator, tmp_path: Path, refusal: Refusal
) -> None:
    """Where the file cannot be written any more the answer is 503, without its name; the server lives on."""
    (tmp_path / "kept").mkdir()
    project = Project.load([("en", "de")], suggestions=str(tmp_path / "kept" / "kept.jsonl"))
    (tmp_path / "kept").rmdir()
    with client_of(translator, project) as client:
        sentence = refusal(client.post("/suggest", json={**PAIR, "q": "a", "s": "b"}), 503)
        assert "kept" not in sentence
        assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("pairs", "memories", "glossaries", "sentence"),
    [
        ([("en", "de"), ("de", "en")], [], ["terms.tsv"], "names no languages"),
        ([("en", "fr")], ["project.tsv"], [], "of de, en; name another memory"),
        ([("en", "de")], ["none.tmx"], [], "cannot read"),
        ([("en", "de")], [], ["none.tsv"], "cannot read the glossary"),
    ],
)
def test_files_of_other_languages_are_refused(
    files: Path,
    pairs: list[tuple[str, str]],
    memories: list[str],
    glossaries: list[str],
    sentence: str,
) -> None:
    """A server does not start with files that it cannot heed."""
    paths = [[str(files / name) for name in names] for names in (memories, glossaries)]
    with pytest.raises(ValueError, match=sentence):
        Project.load(pairs, *paths)


def test_flags_of_the_command(files: Path, tmp_path: Path, translator: Translator) -> None:
    """The flags of `seq2seq serve` load memories, glossaries and suggestions; without them there are none."""
    memory, terms, kept = files / "project.tsv", files / "terms.tsv", tmp_path / "kept.jsonl"
    flags = ["--memory", str(memory), "--glossary", str(terms), "--keep-suggestions", str(kept)]
    registry = ModelRegistry({"en-de": translator})
    project = command._project(command._parser().parse_args(flags), registry)
    assert project is not None and project.suggestions is not None
    assert len(project.memories["en", "de"]) == 3 and project._glossaries == {
        ("en", "de"): (("dog", "Köter"),)
    }
    assert command._project(command._parser().parse_args([]), registry) is None


def test_a_glossary_names_its_languages(tmp_path: Path) -> None:
    """Where several directions are served, the first line of a glossary says which one it is for."""
    path = tmp_path / "terms.tsv"
    path.write_text("en-US\tde\ndog\tKöter\n", encoding="utf-8")
    project = Project.load([("en", "de"), ("en", "fr"), ("de", "en")], glossaries=[str(path)])
    assert project is not None and project._glossaries == {("en", "de"): (("dog", "Köter"),)}
