"""Metrics of the server for Prometheus: GET /metrics. No label identifies a client or a text.

requests, seconds      by route and status; a path that is no route of ours is "other"
waiting, admitted      items in the queue; tokens of requests that wait or run
batch_size             items that ran together
tokens_in, tokens_out  tokens read and generated
first_token_seconds    from a stream's request to its first text
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The metrics of one application, in a registry of their own, so that tests can make several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.requests = Counter(
            "seq2seq_requests", "Requests answered.", ["route", "method", "status"], registry=own
        )
        self.seconds = Histogram(
            "seq2seq_request_seconds",
            "Time to the end of an answer.",
            ["route"],
            buckets=SECONDS,
            registry=own,
        )
        self.waiting = Gauge("seq2seq_queue_depth", "Segments that wait for the model.", registry=own)
        self.admitted = Gauge("seq2seq_queue_tokens", "Tokens of requests that wait or run.", registry=own)
        self.batch_size = Histogram(
            "seq2seq_batch_size", "Segments that ran together.", buckets=SIZES, registry=own
        )
        self.tokens_in = Counter("seq2seq_tokens_in", "Source tokens accepted.", registry=own)
        self.tokens_out = Counter("seq2seq_tokens_out", "Target tokens generated.", registry=own)
        self.first_token = Histogram(
            "seq2seq_first_token_seconds",
            "From a stream's request to its first text.",
            buckets=SECONDS,
            registry=own,
        )

    def write(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
