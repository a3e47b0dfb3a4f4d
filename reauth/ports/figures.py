"""The door to what the metrics tell of the store, beyond its health."""

from typing import Protocol


class Figures(Protocol):
    """What takes longer to find out than a health probe may."""

    async def standing(self, now: float) -> tuple[float | None, int]:
        """How the store stands at `now` (s since 1970).

        Returns
        -------
        float or None, int
            When the oldest active template was made, None where there is none; rows that should
            have been deleted by now.

        Raises
        ------
        StoreError
            If it cannot be read.
        """
