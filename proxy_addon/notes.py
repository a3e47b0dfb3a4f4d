"""What the ingest is told beside batches: that a page was served, and that pages change something.

So that what is missing can be noticed. A note is a claim without a batch: whose, the site's keyed
hash, when, and which of a few things; never an address or anything of a page. Nobody waits for it,
and where too much waits already it is left out: that makes us blind and speaks against nobody.
"""

from collections import OrderedDict
from collections.abc import Callable

from proxy_addon.forward import Forward
from proxy_addon.policy import RequestHead, is_document
from proxy_addon.route import Route, Sender
from reauth.claim import Note, page_of

MEMORY = 4096
"""Pages and targets of requests kept in mind, as hashes of this process."""
OF_LATE = 3600.0
"""s in which another one of the same is a repetition: boards load themselves each minute, mail is
asked for each few seconds. Each repetition counts anew, so what goes on all day is told once."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_MODES = frozenset({"cors", "same-origin"})
"""Of requests by scripts; beacons, and what asks nothing back, are no-cors (Beacon, 2.1)."""


class Notes:
    """Tells of pages and changes, each once.

    Parameters
    ----------
    clock
        Seconds since 1970.
    acts
        Whether changes are told.
    """

    def __init__(
        self, route: Route, forward: Forward, clock: Callable[[], float], acts: bool = True
    ) -> None:
        self._route = route
        self._forward = forward
        self._clock = clock
        self._acts = acts
        self._known: OrderedDict[int, float] = OrderedDict()

    def served(self, head: RequestHead, sender: Sender, token: str) -> None:
        """A watched page goes to a browser: tell, if it is one that a person goes to."""
        if head.headers.get("sec-fetch-dest", "document") == "document" and not _is_ahead(head):
            again = self._is_known(head, sender)
            self._tell(sender, page_of(token), Note.AGAIN if again else Note.PAGE)

    def unwatched(self, head: RequestHead, sender: Sender) -> None:
        """A page goes to a browser without the observer: tell, if a person goes to it."""
        if head.headers.get("sec-fetch-dest", "document") == "document" and not _is_ahead(head):
            self._tell(sender, "", Note.UNWATCHED)

    def tunnelled(self, sender: Sender) -> None:
        """A connection is not decrypted; nobody knows what goes over it."""
        self._tell(sender, "", Note.TUNNELLED)

    def requested(self, head: RequestHead, sender: Sender) -> None:
        """A request of a site's own pages goes to its origin: tell, if it changes something."""
        own = head.headers.get("sec-fetch-site") == "same-origin"
        if not self._acts or head.method in _SAFE or not own:
            return
        # A form that is sent is an act each time; scripts repeat themselves without anybody.
        asks = head.headers.get("sec-fetch-mode") in _MODES and not self._is_known(head, sender)
        posts = is_document(head) and head.headers.get("sec-fetch-dest", "") == "document"
        if asks or posts:
            self._tell(sender, "", Note.UNSAFE)

    def _tell(self, sender: Sender, page: str, note: Note) -> None:
        self._forward.note(self._route.claim(sender, page, note, self._clock()))

    def _is_known(self, head: RequestHead, sender: Sender) -> bool:
        """Whether they had this page, or asked for the same, there of late; its query aside."""
        who = (sender.identity.user, sender.client, sender.origin)
        key, now = hash((who, head.method, head.path.partition("?")[0])), self._clock()
        known = self._known.pop(key, None)
        self._known[key] = now
        if len(self._known) > MEMORY:
            self._known.popitem(last=False)
        return known is not None and 0 <= now - known < OF_LATE


def _is_ahead(head: RequestHead) -> bool:
    """Whether it is fetched ahead: nobody has gone there (Fetch, "Sec-Purpose")."""
    return "prefetch" in head.headers.get("sec-purpose", head.headers.get("purpose", ""))
