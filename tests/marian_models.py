"""Marian models of `transformers` with random weights and tokenizers trained on a few lines."""

import io
import json
from pathlib import Path

import sentencepiece
import torch
from transformers import MarianConfig, MarianMTModel

SOURCES = [
    "Two dogs play in the snow.",
    "A man rides a bicycle through the park.",
    "The children eat an apple and a banana.",
    "Is there a house with 12 windows?",
    "A woman reads a book on a bench in the park.",
] * 3
TARGETS = [
    "Zwei Hunde spielen im Schnee.",
    "Ein Mann fährt Fahrrad durch den Park.",
    "Die Kinder essen einen Apfel und eine Banane.",
    "Gibt es ein Haus mit 12 Fenstern?",
    "Eine Frau liest ein Buch auf einer Bank im Park.",
] * 3


def train_spm(texts: list[str], size: int = 90) -> bytes:
    """Return a unigram model with SentencePiece's usual normalization, as OPUS-MT's are."""
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(texts),
        model_writer=file,
        vocab_size=size,
        model_type="unigram",
        minloglevel=2,
        num_threads=1,
        hard_vocab_limit=False,
    )
    return file.getvalue()


def pieces_of(spm: bytes) -> list[str]:
    """Return the pieces of a SentencePiece model that stand for text."""
    processor = sentencepiece.SentencePieceProcessor()
    processor.LoadFromSerializedProto(spm)
    ids = range(processor.GetPieceSize())
    return [processor.IdToPiece(i) for i in ids if not (processor.IsControl(i) or processor.IsUnknown(i))]


def write_marian(
    folder: Path, *, tags: tuple[str, ...] = (), separate: bool = False, **settings: object
) -> None:
    """Write a checkpoint with its tokenizer, as `save_pretrained` and OPUS-MT's repositories lay them out."""
    folder.mkdir(parents=True)
    spm = train_spm(SOURCES), train_spm(TARGETS, 110)
    (folder / "source.spm").write_bytes(spm[0])
    (folder / "target.spm").write_bytes(spm[1])
    own = [list(dict.fromkeys(pieces_of(each))) for each in spm]
    joint = own if separate else [list(dict.fromkeys([*own[0], *own[1]]))]
    longest = max(map(len, joint))
    joint = [[*side, *(f"filler{number}" for number in range(longest - len(side)))] for side in joint]
    # OPUS-MT's order: end, unknown, pieces, tags, padding.
    ids = [
        {piece: index for index, piece in enumerate(["</s>", "<unk>", *side, *tags, "<pad>"])}
        for side in joint
    ]
    for name, side in zip(("vocab.json", "target_vocab.json"), ids, strict=False):
        (folder / name).write_text(json.dumps(side), encoding="utf-8")
    settings = {"source_lang": "en", "target_lang": "de", "separate_vocabs": separate}
    if separate:
        settings["target_vocab_file"] = str(folder / "target_vocab.json")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "MarianTokenizer", "model_max_length": 64, **settings}),
        encoding="utf-8",
    )
    size, padding = len(ids[0]), ids[-1]["<pad>"]
    config = MarianConfig(
        **{
            "vocab_size": size,
            "decoder_vocab_size": len(ids[-1]),
            "d_model": 24,
            "encoder_layers": 2,
            "decoder_layers": 1,
            "encoder_ffn_dim": 40,
            "decoder_ffn_dim": 40,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 3,
            "max_position_embeddings": 64,
            "activation_function": "swish",
            "scale_embedding": True,
            "share_encoder_decoder_embeddings": not separate,
            "pad_token_id": padding,
            "decoder_start_token_id": padding,
            "eos_token_id": 0,
            "init_std": 0.3,
            **settings,
        }
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        model = MarianMTModel(config)
        model.final_logits_bias.normal_()
        model.generation_config.bad_words_ids = [[padding]]
        model.save_pretrained(folder)
