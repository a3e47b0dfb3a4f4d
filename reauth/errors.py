"""Errors, one class for each answer to "whose fault is it?"."""


class ReauthError(Exception):
    """Whatever this product raises on purpose; anything else is a bug."""


class WireError(ReauthError):
    """The client's fault: bytes that are no batch of ours (HTTP 400)."""


class RecordingError(ReauthError):
    """The user's fault: a recording that breaks its format; names file and line."""


class ClaimError(ReauthError):
    """The proxy's or a forger's fault: a seal that does not hold, or holds no longer (HTTP 403)."""


class SettingsError(ReauthError):
    """The operator's fault: exit code 2; the message names key and file and the next step."""


class TemplateError(ReauthError):
    """A template of other feature or verifier versions, or one whose arrays are not as listed."""


class StoreError(ReauthError):
    """The world's fault: the store cannot keep or give (HTTP 503); try again."""


class SinkError(ReauthError):
    """The world's fault: an alert could not be delivered; try again."""


class Overloaded(ReauthError):
    """More than is admitted.

    Parameters
    ----------
    reason
        Label of the counter.
    status
        429 where the client should slow down, 503 where we cannot take anything.
    retry_after
        s until the next try.
    """

    def __init__(self, reason: str, status: int, retry_after: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


class AccountError(ReauthError):
    """Whoever asks's fault: a name that is taken, a password that will not do; says no secret."""


class Refused(AccountError):
    """Not who they say they are; the same words whatever was wrong (HTTP 403)."""


class Locked(AccountError):
    """Too many tries.

    Parameters
    ----------
    wait
        s until the next one is looked at.
    """

    def __init__(self, wait: float) -> None:
        super().__init__(f"too many tries: wait {wait:.0f} s, then try again")
        self.wait = wait


class TooShort(ReauthError):
    """Nobody's fault: a trajectory without enough points for a feature set; an outcome."""


class NotEnrolled(ReauthError):
    """Nobody's fault: too little is known of a user; the message says how much is missing."""


class CaError(ReauthError):
    """The operator's fault: a CA file that is missing, readable by others, or already there."""
