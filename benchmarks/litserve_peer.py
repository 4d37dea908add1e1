"""LitServe with its own batching around our translator: a peer that `serve_load.py` starts.

    python benchmarks/litserve_peer.py --model en-de --workers 2 --port 8000

LitServe sends its API object to a process of its own, so the class stands in a file that can be imported.
"""

import argparse

import litserve

BATCH, PATIENCE = 64, 0.005  # texts that run together, seconds that the first waits


class Api(litserve.LitAPI):
    """API object of LitServe: from requests to translations, in batches."""

    def __init__(self, model: str, workers: int) -> None:
        super().__init__(max_batch_size=BATCH, batch_timeout=PATIENCE)
        self.model = model
        self.workers = workers

    def setup(self, device: str) -> None:
        """Load the model in a process of LitServe, which shares the cores with the others."""
        import torch

        from seq2seq import Translator

        torch.set_num_threads(max(1, torch.get_num_threads() // self.workers))
        self.translator = Translator.from_pretrained(self.model, device="cpu")

    def decode_request(self, request: dict[str, str]) -> str:
        """Return the text of a request."""
        return request["q"]

    def batch(self, inputs: list[str]) -> list[str]:
        """Return the texts as a list, unchanged."""
        return inputs

    def predict(self, texts: list[str]) -> list[str]:
        """Return the translations of a batch."""
        return [found.text for found in self.translator.translate_batch(texts)]

    def unbatch(self, output: list[str]) -> list[str]:
        """Return the translations as a list, unchanged."""
        return output

    def encode_response(self, output: str) -> dict[str, str]:
        """Return the answer to a request."""
        return {"translatedText": output}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--workers", type=int, default=1, help="processes, each with the model")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    # Where `mcp` is installed without `fastmcp`, LitServe 0.2.19 starts a part that it has not imported.
    litserve.server._MCP_AVAILABLE = False
    server = litserve.LitServer(
        Api(arguments.model, arguments.workers), accelerator="cpu", workers_per_device=arguments.workers
    )
    server.run(port=arguments.port, generate_client_file=False, log_level="critical")
