"""npm's clients of LibreTranslate, run by Node; skipped where there is no Node or no network.

They are installed into a temporary folder, at the versions named here.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from seq2seq import Translator

PACKAGES = ("translate@3.1.0", "libretranslate-ts@0.5.12")
TEXT = "two dogs plays in the snow."


@pytest.fixture(scope="module")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both packages."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip("there is no Node on this machine; install node and npm to run these tests")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}')
    command = [npm, "install", "--no-audit", "--no-fund", "--no-progress", "--fetch-retries=0", *PACKAGES]
    # A cache of its own, so that nothing is left on the machine.
    environment = {**os.environ, "npm_config_cache": str(folder / "cache")}
    try:
        installed = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not install the clients within two minutes; check the network")
    if installed.returncode:
        pytest.skip(f"npm cannot install the clients: {installed.stderr.strip().splitlines()[:1]}")
    return folder


def run_node(folder: Path, script: str, *arguments: str) -> Any:
    """Run a module in the folder, and return the JSON that it prints."""
    (folder / "main.mjs").write_text(script)
    command = ["node", "main.mjs", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert not ended.returncode, ended.stderr
    return json.loads(ended.stdout)


def test_translate(node_folder: Path, address: str, translator: "Translator") -> None:
    """npm's `translate` translates with its engine for LibreTranslate, and reads a refusal."""
    script = """
        import translate from "translate";
        const [, , address, text] = process.argv;
        translate.engine = "libre";
        translate.url = `${address}/translate`;
        const found = await translate(text, { from: "en", to: "de" });
        let refused = "";
        try { await translate(text, { from: "en", to: "fr" }); } catch (error) { refused = error.message; }
        console.log(JSON.stringify([found, refused]));
    """
    found, refused = run_node(node_folder, script, address, TEXT)
    assert found == translator.translate(TEXT).text
    assert refused == "fr is not supported"


def test_libretranslate_ts(node_folder: Path, address: str, translator: "Translator") -> None:
    """libretranslate-ts detects, translates with alternatives, and lists the languages."""
    script = """
        import { createRequire } from "node:module";
        const { libreTranslate } = createRequire(import.meta.url)("libretranslate-ts");
        const [, , address, text] = process.argv;
        libreTranslate.setApiEndpoint(address);
        const plain = await libreTranslate.translate(text, "en", "de");
        libreTranslate.setApiKey("any");
        console.log(JSON.stringify({
            plain,
            several: await libreTranslate.translate(text, "en", "de", 2),
            detected: await libreTranslate.detect("zwei Hunde spielen im Schnee"),
            languages: await libreTranslate.listLanguages(),
            refused: await libreTranslate.translate(text, "en", "fr"),
        }));
    """
    found = run_node(node_folder, script, address, TEXT)
    expected = translator.translate(TEXT).text
    assert (found["plain"]["status"], found["plain"]["translatedText"]) == (200, expected)
    assert found["several"]["translatedText"] == expected
    assert len(found["several"]["alternatives"]) == 2
    assert (found["detected"]["status"], found["detected"]["language"]) == (200, "de")
    assert [language["code"] for language in found["languages"]] == ["de", "en"]
    assert found["refused"]["error"] == "fr is not supported"
