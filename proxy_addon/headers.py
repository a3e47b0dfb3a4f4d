"""Pure edits of header fields as mitmproxy holds them: a tuple of (name, value) byte pairs."""

Fields = tuple[tuple[bytes, bytes], ...]


def edit_request(fields: Fields, *, version: str, navigation: bool = True) -> Fields:
    """Prepare the request of a document or a worker script.

    Accept-Encoding keeps what codec can undo, dictionary headers go, our validators are unwrapped,
    others (and ranges, on a navigation) dropped.
    """
    raise NotImplementedError


def edit_response(
    fields: Fields, *, version: str, encoding: str, client_http: str, body: bool = True
) -> Fields:
    """Make the headers of a changed body true.

    `encoding` is what the browser will get ("identity", "gzip"); `client_http` the client's
    version ("HTTP/1.1", "HTTP/2.0"); `body` False for HEAD and 304.
    """
    raise NotImplementedError


def strip_alt_svc(fields: Fields) -> Fields:
    """Drop Alt-Svc, so that no browser goes round us by HTTP/3."""
    raise NotImplementedError


def values(fields: Fields, name: bytes) -> tuple[str, ...]:
    """Return the values of every line of that name, in order (for csp.relax)."""
    raise NotImplementedError


def replace(fields: Fields, name: bytes, new: tuple[str, ...]) -> Fields:
    """Put `new` into the lines of that name, one for one (from csp.relax)."""
    raise NotImplementedError
