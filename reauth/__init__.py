"""Continuous re-authentication of web sessions by mouse dynamics: the house behind the proxy.

Imports run downwards, and a tool holds them to it (`pyproject.toml`, import-linter):

    cli                        what a person types: parse, call, exit code
    app                        the only file that names stores, sinks and intakes
    ingest, console, lab       HTTP in, people, papers
    store, sinks, intake, ca   each implements a door of `ports`
    engine, enrol              live sessions; learning a user
    ports                      Store, Sink, Intake
    ---- below this line nothing reads a clock, a file or a socket ----
    session, wire              events in, outcomes out; bytes to events
    verify, decide, alert      whose movement, what follows, what a person is told
    features, template         numbers of a movement; what enrolment learnt
    trajectory
    event, claim, settings
    errors                     whose fault it is

The proxy is a process of its own (`proxy_addon`) that takes no more from here than `claim`,
`settings` and `errors`.
"""

__version__ = "0.1.0"
