"""Where an accepted batch goes before it is acknowledged; today the engine of this process."""

from reauth.intake.local import LocalIntake

__all__ = ["LocalIntake"]
