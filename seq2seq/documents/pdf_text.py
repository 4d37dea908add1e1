"""A program that prints the text of the PDF on its standard input, pages separated by form feeds.

    python -I pdf_text.py PAGES CHARACTERS BYTES SECONDS < file.pdf

It imports nothing of this package, since it is run as a file by itself, within limits of memory and time.
"""

import io
import sys

REFUSED = 3


def limit(memory: int, seconds: int) -> None:
    """Bound the memory, in bytes, and the processor time of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the caller's time limit remains
        return
    for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def refuse(reason: str) -> None:
    """End the program with a reason, a sentence without its subject."""
    print(reason, file=sys.stderr)
    raise SystemExit(REFUSED)


def main(pages: int, characters: int) -> None:
    """Print the text of the document on standard input."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
        if reader.is_encrypted and not reader.decrypt(""):
            refuse("has a password; save it without")
        count = len(reader.pages)
        if count > pages:
            refuse(f"has {count} pages, but at most {pages} are read; send it in smaller parts")
        texts: list[str] = []
        for page in reader.pages:
            texts.append(page.extract_text().replace("\f", "\n"))
            characters -= len(texts[-1])
            if characters < 0:
                refuse("has too many characters; send it in smaller parts")
    except (PyPdfError, RecursionError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        refuse("is damaged; save it again")
    sys.stdout.buffer.write("\f".join(texts).encode("utf-8", "replace"))


if __name__ == "__main__":
    limit(int(sys.argv[3]), int(sys.argv[4]))
    main(int(sys.argv[1]), int(sys.argv[2]))
