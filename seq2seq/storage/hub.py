"""Upload of a model directory to the Hugging Face hub.

The account is that of huggingface_hub: `hf auth login`, or the environment variable HF_TOKEN.
"""

from pathlib import Path

from seq2seq.storage.card import without_local_paths
from seq2seq.storage.model_directory import load_any, write_card
from seq2seq.storage.registry import HUB_ID
from seq2seq.storage.settings import CARD, CONFIG, TOKENIZER, WEIGHTS


def push(directory: str | Path, hub_id: str, *, private: bool = False) -> str:
    """Upload the four files of a model directory to a repository of the hub and return its address.

    A missing repository is created. The model is loaded first, so that no damaged model is published. Paths
    of this machine in the recipe of its card, as earlier versions wrote them, are shortened to names.

    Raises:
        ValueError: a malformed hub id, a damaged model, or a refusal of the hub.
    """
    if not HUB_ID.fullmatch(hub_id):
        raise ValueError(f"{hub_id!r} is no hub id; give owner/name, of letters, digits, '.', '-' and '_'")
    card = load_any(directory).card
    if (public := without_local_paths(card)) != card:
        write_card(directory, public)
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        address = api.create_repo(hub_id, private=private, exist_ok=True)
        api.upload_folder(
            repo_id=hub_id,
            folder_path=directory,
            allow_patterns=[CONFIG, WEIGHTS, TOKENIZER, CARD],
            commit_message="A model of seq2seq",
        )
    except Exception as error:  # the hub's client raises many kinds, from offline to not allowed
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"{hub_id} was not put on the hub ({reason}); check the name, the connection and `hf auth login`"
        ) from error
    return str(address)
