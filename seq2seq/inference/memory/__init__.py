"""Translation memory: earlier translations of one's own, which go before the model.

    TMX, PO, MO, TSV, JSONL ─> TranslationMemory ─> same text, same but for its frame, similar text

`memory` has the class, `forms` what two labels have in common, `similar` the search among many, `files` and
`tmx` the formats.
"""
