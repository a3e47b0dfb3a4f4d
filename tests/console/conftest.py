"""The console of its own tests, for those that look at all of its rows together."""

from tests.reauth.console.conftest import browse, site  # noqa: F401 - fixtures
