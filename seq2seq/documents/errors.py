"""Errors with a kind, by which a page can show a sentence in its own language."""


class RefusalError(ValueError):
    """A refused value: an English sentence, its kind, and a note of what needs no translation.

    The note has names, codes or numbers that a translated sentence takes over.
    """

    def __init__(self, kind: str, sentence: str, note: str = "") -> None:
        super().__init__(sentence)
        self.kind = kind
        self.note = note
