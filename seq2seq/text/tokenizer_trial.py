"""Trial of a tokenizer file in a process of its own, before this one trusts it.

SentencePiece is written in C++: what no check of ours foresaw could end the process that loads the file,
such as a server. The child loads it, reads every piece, and encodes and decodes all of them. It takes some
0.1 s, once for each content in a process. Files of released models came with the program and are not tried.
"""

import hashlib
import os
import subprocess
import sys

PATIENCE = 60  # seconds
_CHILD = """
import sys
import sentencepiece
processor = sentencepiece.SentencePieceProcessor()
processor.LoadFromSerializedProto(sys.stdin.buffer.read())
pieces = [processor.IdToPiece(index) for index in range(processor.GetPieceSize())]
text = " ".join(pieces)
assert len(processor.Encode(text)) == len(processor.Encode(text, out_type=str))
for index in range(len(pieces)):
    processor.Decode([index])
processor.Decode(list(range(len(pieces))))
"""

_passed: set[str] = set()  # sha256 of what was tried in this process


def try_tokenizer(data: bytes) -> None:
    """Load a serialized SentencePiece model in a child process and use all of its pieces.

    Raises:
        ValueError: the child failed, was ended by a signal, or did not end in time.
    """
    name = hashlib.sha256(data).hexdigest()
    if name in _passed:
        return
    # -P: a module in the working directory must not take the place of an installed one.
    command = [sys.executable, "-P", "-c", _CHILD]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        child = subprocess.run(
            command, input=data, capture_output=True, timeout=PATIENCE, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(
            f"the SentencePiece model was tried for {PATIENCE} seconds; use another file"
        ) from error
    if child.returncode:
        last = child.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        reason = last if child.returncode > 0 else f"signal {-child.returncode}"
        raise ValueError(f"the SentencePiece model failed when it was tried ({reason}); use another file")
    _passed.add(name)
