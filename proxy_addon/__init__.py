"""What runs inside the proxy process, and nothing heavier.

Pages pass through here, so everything here either ends quickly or is bounded. The pure half
(`policy`, `locate`, `codec`, `csp`, `headers`) knows neither mitmproxy nor sockets; the other half
is short hook classes around it. Numbers, stores and people's pages live in the `reauth` process:
of it only `reauth.claim`, `reauth.settings` and `reauth.errors` may be imported here.
"""
