"""The application as a whole: documentation without a network, Gradio's own routes, one shape of errors."""

import re
from typing import TYPE_CHECKING

from tables import check_rows

from serve.limits import Limits

if TYPE_CHECKING:
    from fastapi.testclient import TestClient


def test_documentation_is_served_from_here(client: "TestClient") -> None:
    """/docs works without a network: its script and style come from this server."""
    page = client.get("/docs").text
    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert len(loaded) == 3
    for path in loaded:
        assert path.startswith("/docs/assets/")
        assert client.get(path).status_code == 200
    assert '"validatorUrl": null' in page


def test_openapi_describes_the_routes(client: "TestClient") -> None:
    """/openapi.json describes every route with its required fields and its types of body."""
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/translate",
        "/translate_file",
        "/download_file/{key}",
        "/detect",
        "/languages",
        "/health",
        "/ready",
        "/metrics",
        "/v1/translate",
        "/v1/stream",
        "/v1/score",
        "/v1/align",
        "/v1/attention",
        "/v1/completions",
        "/v1/models",
        "/v1/models/{name}",
        "/spec",
        "/frontend/settings",
        "/suggest",
        "/v2/translate",
        "/v2/languages",
        "/v2/usage",
    }
    bodies = paths["/translate"]["post"]["requestBody"]["content"]
    assert {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"} == set(bodies)
    for body in bodies.values():
        assert body["schema"]["required"] == ["q", "source", "target"]
    assert "error" in client.get("/openapi.json").json()["components"]["schemas"]["ErrorAnswer"]["properties"]


def test_nothing_else_is_served(client: "TestClient") -> None:
    """No path opens a file of the machine or another host, and all refusals have the shape of our errors."""

    def check(path: str) -> None:
        answer = client.get(path)
        assert 400 <= answer.status_code < 500
        assert list(answer.json()) == ["error"]

    paths = [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=..%2f..%2f..%2fetc%2fpasswd",
        "/gradio_api/file=%00/etc/passwd",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/docs/assets/..%2f..%2f..%2fpyproject.toml",
        "/docs/assets/%00",
        "/nowhere",
        "/%00",
    ]
    check_rows(check, [(path,) for path in paths])


def test_large_uploads_are_refused(client: "TestClient") -> None:
    """Uploads to the page have the limit of /translate_file; Gradio's default is none."""
    too_much = b"x" * (Limits().file_bytes + 1)
    answer = client.post("/gradio_api/upload", files={"files": ("x.txt", too_much)})
    assert answer.status_code >= 400


def test_page_is_private_by_default(client: "TestClient") -> None:
    """The page reports nothing, is not shared, keeps no history of texts, and shows no monitor."""
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False
    assert not config.get("is_space")
    assert config["footer_links"] == ["api", "settings"]
    assert client.get("/monitoring").status_code in (403, 404)


def test_only_named_functions_are_an_api(client: "TestClient") -> None:
    """The page's API has the named functions only, none of its internals."""
    named = client.get("/gradio_api/info").json()["named_endpoints"]
    functions = ("languages", "translate", "alternatives", "score", "align", "attention", "candidates")
    assert sorted(named) == sorted(f"/{name}" for name in functions)
