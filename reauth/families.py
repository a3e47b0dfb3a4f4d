"""Every metric that there is: what it counts, in which unit, under which labels.

The names are those of privacy-ops.md §3, under the prefix `reauth_`, and a few more. Labels have
few values, and none of them is a person, an address or a site.
"""

from typing import NamedTuple

from reauth.histogram import BOUNDS


class Family(NamedTuple):
    """A metric: its type (counter, gauge or histogram), one line of help, and its labels."""

    kind: str
    help: str
    labels: tuple[str, ...] = ()


_COUNTERS = {
    # proxy
    "inject_total": "Documents, by what became of them: a tag, or why none.",
    "csp_rewrites_total": "Policies of documents, by what had to be done to let our script run.",
    "worker_prelude_total": "Service-worker scripts that got our prelude.",
    "unwatched_total": "Pages served without our script although they should have it, by reason.",
    "silent_total": "Watched pages of which nothing was heard although they were used.",
    "bad_tokens_total": "Batches refused for their page token.",
    "first_tokens_total": "Pages made by service workers that asked for their first token.",
    "oversize_total": "Bodies for our path that were too large.",
    "control_stale": "Times that a proxy process lost the control stream; its last snapshot holds.",
    "tunnelled_total": "Connections not decrypted, by reason.",
    "tunnel_refused_total": "Connections of browsers that trust us not, and are not tunnelled.",
    "tunnels_learnt_total": "Host and client pairs tunnelled from then on, for a day.",
    "obs_refused_total": "Batches answered with an error by the proxy, by reason.",
    "outbound_refused_total": "Connections to origins that the guard refused, by reason.",
    "hook_errors_total": "Faults of ours in a hook of the proxy; the page was served all the same.",
    "cut_total": "Pages that had to break off after their beginning was sent.",
    "no_transform_total": "Pages injected although they ask not to be transformed.",
    "untrue_origin_total": "Origins whose certificate does not hold.",
    "forward_failed_total": "Groups of batches that did not reach the ingest.",
    "bad_answers_total": "Answers to a proxy process without the ingest's seal.",
    "proxy_protocol_refused_total": "Connections of load balancers without the PROXY protocol.",
    "reload_failed_total": "Reloads of lists that a proxy process refused.",
    "ldap_failed_total": "Questions to the directory that got no answer.",
    # ingest
    "ingest_requests_total": "Requests to the ingest, by status.",
    "ingest_batches_total": "Batches read, by format and version.",
    "ingest_events_total": "Events of pointers in new batches.",
    "ingest_bytes_total": "Bytes of sealed groups.",
    "ingest_dropped_total": "Batches refused, by cause.",
    "ingest_duplicates_total": "Batches that came again.",
    "ingest_late_total": "Batches whose hole had been given up: kept, never scored.",
    "ingest_forked_total": "Batches that contradict another of their number.",
    "ingest_gap_total": "Holes in a session that nothing filled.",
    "ingest_skewed_total": "Tabs whose clock had to be set.",
    "shed_total": "What was held off under load: asked to send less often, told to wait, refused.",
    "bad_claims_total": "Groups refused for their seal.",
    "client_dropped_events_total": "Events that a page had to drop before it could send them.",
    "untrusted_events_total": "Synthetic events (isTrusted is false).",
    "radius_total": "Packets of RADIUS accounting, by result.",
    "leases_failed_total": "Looks at a file of leases that failed.",
    # engine
    "score_total": "Trajectories compared, by lane and whether the score was below the threshold.",
    "model_cache_hits_total": "Templates wanted that were in memory.",
    "model_cache_misses_total": "Templates wanted that came from the store.",
    "templates_unusable_total": "Templates that another release made and this one cannot use.",
    "detectors_unusable_total": "Learnt detectors that this release cannot use.",
    "adaptations_total": "Templates learnt anew because people drift.",
    "adaptations_refused_total": "Templates not learnt anew, by reason.",
    # alerts
    "alerts_raised_total": "Alerts that somebody is to be told of.",
    "alerts_total": "Alerts closed by people, by verdict; kept over restarts, without tests.",
    "delivery_total": "Attempts to deliver an alert, by sink and result.",
}
_GAUGES = {
    "build_info": "1; the label says which release runs.",
    "sessions": "Sessions in memory.",
    "ingest_queue_depth": "Batches that wait for their commit.",
    "score_queue_depth": "Batches that are being read and compared.",
    "users": "People by the state of their enrolment.",
    "model_age_seconds": "Age of the oldest active template.",
    "alerts_open": "Alerts that nobody has acknowledged, by severity.",
    "outbox_depth": "Deliveries that wait.",
    "outbox_failed": "Deliveries that were given up.",
    "db_size_bytes": "Size of the store and its day files.",
    "wal_size_bytes": "Size of their write-ahead logs.",
    "disk_free_share": "Share of the store's disk that is free.",
    "retention_overdue_rows": "Rows that should have been deleted two looks ago.",
    "audit_chain_ok": "Whether the audit's chain held when it was looked at last.",
    "audit_entries": "Entries of that chain.",
    "alerts_held": "Open alerts of which nobody was told, by what holds them back.",
    "clock_synchronised": "Whether the kernel says that the clock is synchronised.",
}
_HISTOGRAMS = {
    "added_ttfb_seconds": "From an answer's head to the first byte of its page, in the proxy.",
    "inject_seconds": "Processing of a page by the injector, all of its pieces together.",
    "obs_ack_seconds": "From a batch that has come whole to the answer that it is stored.",
    "obs_queue_depth": "Batches that wait in a proxy process, once a second.",
    "proxy_event_loop_lag_seconds": "How late a proxy process comes to what is due, once a second.",
    "ingest_batch_events": "Events in a batch.",
    "ingest_commit_seconds": "A commit of a group of batches.",
    "ingest_commit_rows": "Rows of such a commit: batches, trajectories, sessions, alerts.",
    "client_clock_skew_seconds": "Between a batch's last event, by its page, and its receipt.",
    "score_seconds": "Cutting, extracting and comparing of a group of batches.",
    "event_to_score_seconds": "From the end of a trajectory to its score.",
    "time_to_triage_seconds": "From an alert to somebody's first act on it.",
    "delivery_lag_seconds": "From an alert to its delivery at a sink.",
    "event_loop_lag_seconds": "How late this process comes to what is due, once a second.",
}

_LABELS = {
    "inject_total": ("result",),
    "csp_rewrites_total": ("action",),
    "unwatched_total": ("reason",),
    "tunnelled_total": ("reason",),
    "obs_refused_total": ("reason",),
    "outbound_refused_total": ("reason",),
    "hook_errors_total": ("hook",),
    "ingest_requests_total": ("code",),
    "ingest_batches_total": ("format", "ver"),
    "ingest_dropped_total": ("cause",),
    "shed_total": ("level",),
    "radius_total": ("result",),
    "score_total": ("lane", "decision"),
    "adaptations_refused_total": ("reason",),
    "alerts_total": ("verdict",),
    "delivery_total": ("sink", "result"),
    "build_info": ("version",),
    "users": ("state",),
    "alerts_open": ("severity",),
    "alerts_held": ("by",),
}

FAMILIES = {
    name: Family(kind, told, _LABELS.get(name, ()))
    for kind, families in (
        ("counter", _COUNTERS),
        ("gauge", _GAUGES),
        ("histogram", _HISTOGRAMS),
    )
    for name, told in families.items()
}
"""By name, without the prefix."""


def unheard() -> dict[str, float]:
    """0 for each counter without labels, and for each histogram: a rate needs a beginning."""
    plain = {
        name: 0.0
        for name, family in FAMILIES.items()
        if family.kind == "counter" and not family.labels
    }
    return plain | {f"{name}_sum": 0.0 for name in BOUNDS}
