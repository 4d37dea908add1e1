"""Waits for the server at the address given, asks it for one translation, and checks that it answered.

Ends with 1 and one sentence when no answer came within five minutes or the answer is not a translation.
"""

import json
import sys
import time
import urllib.request

DEADLINE_SECONDS = 300


def wait_until_healthy(address: str) -> None:
    """Returns once GET /health answers 200."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(1)
    sys.exit(f"{address}/health did not answer 200 within {DEADLINE_SECONDS} seconds")


def translate(address: str, text: str) -> str:
    """The translation that POST /translate gives for an English text."""
    body = json.dumps({"q": text, "source": "en", "target": "de"}).encode()
    request = urllib.request.Request(
        f"{address}/translate", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["translatedText"])


def main() -> None:
    """Checks the server whose address stands on the command line."""
    address = sys.argv[1]
    wait_until_healthy(address)
    translation = translate(address, "Two dogs play in the snow.")
    if not translation.strip():
        sys.exit(f"{address}/translate gave an empty translation")
    print(f"Two dogs play in the snow. -> {translation}")


if __name__ == "__main__":
    main()
