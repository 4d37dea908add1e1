"""Calibrations of confidence for tests, with numbers chosen by hand."""

from seq2seq.storage.calibration import SENTENCE_FEATURES, WORD_FEATURES, Calibration

ONLY_SCORE = Calibration(
    {"bias": 2.0, **dict.fromkeys(SENTENCE_FEATURES, 0.0), "score": 1.0},
    {"bias": 0.0, **dict.fromkeys(WORD_FEATURES, 0.0), "word": 1.0},
    -1.5,
)
