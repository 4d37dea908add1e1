"""Who caused the event of the page that is being worked on: the address that rate and turns go by."""

from gradio.context import LocalContext


def address() -> str:
    """The visitor's address, as a proxy on this machine tells it or as it is; to be asked before any wait."""
    request = LocalContext.request.get(None)
    client = getattr(request, "client", None)
    return client.host if client else ""
