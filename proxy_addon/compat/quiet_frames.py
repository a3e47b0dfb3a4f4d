"""HTTP/2 frames are not written out for a log that nobody keeps.

h2 makes a text of every frame that comes, hexadecimal bytes and all, for its logger to drop
(proxy-performance.md, 3: records are formatted even when quiet).
"""

from hyperframe.frame import Frame


def apply() -> None:
    """Let a frame's text be its class and place."""
    Frame.__repr__ = object.__repr__  # type: ignore[method-assign] # the patch
