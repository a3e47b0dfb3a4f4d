"""Who may ask what of the console, row by row, and what they get: written by hand.

It is not reckoned from the roles, so that a right that is given or taken by mistake turns
`test_roles.py` red. Whoever adds a row to the console adds it here, too.
"""

from reauth.access import Act, Role

LETTERS = {
    "v": Role.VIEWER,
    "a": Role.ANALYST,
    "p": Role.APPROVER,
    "m": Role.ADMIN,
    "o": Role.PRIVACY_OFFICER,
    "u": Role.AUDITOR,
}
ALL = "vapmou"
OPEN = "open"
"""To nobody, too; answered the same whoever asks, but for what `INSIDE` says."""

ROWS = {
    # devices and load balancers
    "GET /livez": (OPEN, 200),
    "GET /readyz": (OPEN, 200),
    "GET /startupz": (OPEN, 503),
    "GET /proxy.pac": (OPEN, 200),
    "GET /ca.pem": (OPEN, 200),
    "GET /ca.der": (OPEN, 200),
    "GET /setup": (OPEN, 200),
    # coming in
    "GET /login": (OPEN, 200),
    "POST /login": (OPEN, 403),
    "GET /login/oidc": (OPEN, 404),
    "GET /login/oidc/back": (OPEN, 404),
    "GET /login/oidc/leave": (OPEN, 404),
    "GET /first": (OPEN, 403),
    "POST /first": (OPEN, 403),
    "GET /login/again": (ALL, 200),
    "POST /login/again": (ALL, 403),
    "GET /login/oidc/again": (ALL, 404),
    "POST /logout": (ALL, 303),
    # one's own account
    "GET /account": (ALL, 200),
    "GET /api/v1/account": (ALL, 200),
    "POST /account/password": (ALL, 400),
    "POST /account/totp/begin": (ALL, 200),
    "POST /account/totp/confirm": (ALL, 400),
    "POST /account/totp/end": (ALL, 200),
    "POST /account/tokens": (ALL, 400),
    "POST /account/tokens/{id}/end": (ALL, 409),
    "POST /account/logins/{id}/end": (ALL, 200),
    "POST /account/logins/end": (ALL, 200),
    "GET /api/v1/me": (ALL, 200),
    "GET /api/v1/openapi.json": (ALL, 200),
    # everybody's accounts
    "GET /accounts": ("m", 200),
    "GET /api/v1/accounts": ("m", 200),
    "GET /api/v1/accounts/{name}": ("m", 404),
    "POST /accounts": ("m", 400),
    "POST /accounts/{name}/roles": ("m", 400),
    "POST /accounts/{name}/disable": ("m", 409),
    "POST /accounts/{name}/enable": ("m", 409),
    "POST /accounts/{name}/unlock": ("m", 409),
    "POST /accounts/{name}/reset": ("m", 409),
    "POST /accounts/{name}/remove": ("m", 409),
    "POST /accounts/{name}/logout": ("m", 409),
    "POST /logins/{id}/end": ("m", 200),
    "POST /tokens/{id}/end": ("m", 409),
    # what is watched
    "GET /": (ALL, 200),
    "GET /keys": (ALL, 200),
    "GET /system": (ALL, 200),
    "GET /users": ("vapmo", 200),
    "GET /users/{user}": ("vapmo", 404),
    "GET /api/v1/users": ("vapmo", 200),
    "GET /api/v1/users/{user}": ("vapmo", 404),
    "GET /coverage": ("vapmo", 200),
    "GET /api/v1/coverage": (ALL, 200),
    "GET /users/{user}/live": ("ap", 404),
    "GET /users/{user}/live/stream": ("ap", 200),
    "GET /users/{user}/sessions/{session}": ("ap", 404),
    # users learnt and forgotten
    "GET /enrol": ("m", 200),
    "GET /enrol/{run}": ("m", 404),
    "GET /api/v1/enrol/{run}": ("m", 404),
    "POST /enrol": ("m", 400),
    "POST /users/{user}/train": ("m", 409),
    "POST /users/{user}/pause": ("m", 400),
    "POST /users/{user}/resume": ("m", 409),
    "POST /users/{user}/rollback": ("m", 400),
    "POST /users/{user}/import": ("m", 400),
    "POST /users/{user}/delete": ("o", 400),
    # the machine
    "GET /settings": ("mou", 200),
    "GET /api/v1/settings": ("mou", 200),
    "GET /audit": ("mou", 200),
    "GET /audit/check": ("mou", 200),
    "GET /api/v1/audit": ("mou", 200),
    "GET /api/v1/audit/check": ("mou", 200),
    # alerts
    "GET /alerts": ("vapm", 200),
    "GET /alerts/{id}": ("vapm", 404),
    "GET /help/alerts": ("vapm", 200),
    "GET /suppressions": ("vapm", 200),
    "GET /api/v1/alerts": ("vapm", 200),
    "GET /api/v1/alerts/groups": ("vapm", 200),
    "GET /api/v1/alerts/{id}": ("vapm", 404),
    "GET /api/v1/suppressions": ("vapm", 200),
    "GET /api/v1/maintenance": ("vapm", 200),
    "POST /alerts/{id}/ack": ("ap", 404),
    "POST /alerts/{id}/confirm": ("ap", 400),
    "POST /alerts/{id}/dismiss": ("ap", 400),
    "POST /alerts/{id}/assign": ("ap", 404),
    "POST /alerts/{id}/tag": ("ap", 409),
    "POST /alerts/{id}/note": ("ap", 400),
    "POST /alerts/bulk/ack": ("ap", 400),
    "POST /alerts/bulk/confirm": ("ap", 400),
    "POST /alerts/bulk/dismiss": ("ap", 400),
    "POST /alerts/bulk/assign": ("ap", 400),
    "POST /alerts/bulk/tag": ("ap", 400),
    "POST /alerts/bulk/note": ("ap", 400),
    "POST /suppressions": ("ap", 400),
    "POST /suppressions/{id}/end": ("ap", 409),
    "POST /alerts/test": ("m", 200),
    "POST /maintenance": ("m", 400),
    "POST /maintenance/{id}/end": ("m", 409),
}
"""Of each row whom it lets in, and what they get: asked of what is not there, with nothing sent.

200 of an action is 303 for its form. All others are refused.
"""

INSIDE = {"GET /login": 303}
"""What an open row says to who is in already."""

SCOPES = {
    Act.LOOK: {"GET /api/v1/me", "GET /api/v1/openapi.json", "GET /api/v1/coverage"},
    Act.SEE_ALERTS: {
        "GET /api/v1/alerts",
        "GET /api/v1/alerts/groups",
        "GET /api/v1/alerts/{id}",
        "GET /api/v1/suppressions",
        "GET /api/v1/maintenance",
    },
    Act.SEE_USERS: {"GET /api/v1/users", "GET /api/v1/users/{user}"},
    Act.SEE_MOVEMENT: set(),
    Act.WORK_ALERTS: {
        "POST /alerts/{id}/ack",
        "POST /alerts/{id}/confirm",
        "POST /alerts/{id}/dismiss",
        "POST /alerts/{id}/assign",
        "POST /alerts/{id}/tag",
        "POST /alerts/{id}/note",
        "POST /alerts/bulk/ack",
        "POST /alerts/bulk/confirm",
        "POST /alerts/bulk/dismiss",
        "POST /alerts/bulk/assign",
        "POST /alerts/bulk/tag",
        "POST /alerts/bulk/note",
        "POST /suppressions",
        "POST /suppressions/{id}/end",
    },
    Act.APPROVE: set(),
    Act.ENROL: {
        "GET /api/v1/enrol/{run}",
        "POST /enrol",
        "POST /users/{user}/train",
        "POST /users/{user}/pause",
        "POST /users/{user}/resume",
        "POST /users/{user}/rollback",
        "POST /users/{user}/import",
    },
    Act.DELETE_USER: {"POST /users/{user}/delete"},
    Act.SEE_SETTINGS: {"GET /api/v1/settings"},
    Act.INTEGRATE: {"POST /alerts/test", "POST /maintenance", "POST /maintenance/{id}/end"},
    Act.SEE_AUDIT: {"GET /api/v1/audit", "GET /api/v1/audit/check"},
    Act.KEEP_ACCOUNTS: {
        "GET /api/v1/accounts",
        "GET /api/v1/accounts/{name}",
        "POST /accounts",
        "POST /accounts/{name}/roles",
        "POST /accounts/{name}/disable",
        "POST /accounts/{name}/enable",
        "POST /accounts/{name}/unlock",
        "POST /accounts/{name}/reset",
        "POST /accounts/{name}/remove",
        "POST /accounts/{name}/logout",
        "POST /logins/{id}/end",
        "POST /tokens/{id}/end",
    },
}
"""What a token of one scope may ask for under `/api/v1`; of one's own account nothing."""
