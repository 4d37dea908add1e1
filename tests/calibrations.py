"""A calibration whose confidences are computed by pencil: of the score alone, and of a word's tokens alone."""

from seq2seq.storage.calibration import SENTENCE_FEATURES, WORD_FEATURES, Calibration

ONLY_SCORE = Calibration(
    {"bias": 2.0, **dict.fromkeys(SENTENCE_FEATURES, 0.0), "score": 1.0},
    {"bias": 0.0, **dict.fromkeys(WORD_FEATURES, 0.0), "word": 1.0},
    -1.5,
)
