"""The behaviours of FortiMonitor on which public sources are silent or disagree."""

from __future__ import annotations

from ..kit.sending import SENDING
from ..kit.switches import Switch
from ..kit.texts import FORMS, WITH_AUTHOR

DECLARED = (
    Switch(
        "rate_limit",
        (True, False),
        "Whether more than 100 requests of one key in 60 s are refused with 429: documented, and in a long test's way.",
    ),
    Switch(
        "rate_limit_header",
        (
            "retry_after_seconds",
            "retry_after_date",
            "x_ratelimit_reset_epoch",
            "ratelimit_reset_seconds",
            "none",
        ),
        "Which header of a 429 says when to resume: documented to exist, its name and form are not.",
    ),
    Switch(
        "auth_order",
        ("key_first", "path_first"),
        "Whether the key or the path is checked first, and so what a wrong key on a wrong path gets: no source.",
    ),
    Switch(
        "allow_query_key",
        (False, True),
        "Whether ?api_key= is taken too: seen in use, off here so that a key in a URL is noticed.",
    ),
    Switch(
        "read_only_status",
        (405, 401, 403),
        "How a write with a read-only key is refused: 405 was seen, 401 was reported by the same author.",
    ),
    Switch(
        "error_shape",
        ("by_kind", "message", "error", "field_map", "details", "text", "html", "empty"),
        "The body of an error. by_kind: a map of fields for a validation, else error for 400 and message for the rest. "
        "Several shapes were seen.",
    ),
    Switch(
        "error_headers",
        (True, False),
        "Whether errors carry ErrorCode and ErrorMessage: documented for 500, read by the vendor's clients for all.",
    ),
    Switch(
        "custom_incidents",
        (True, False),
        "Whether the account has the Custom Incidents feature, which support must enable.",
    ),
    Switch(
        "feature_off_status",
        (400, 401, 404, 405),
        "How a create is refused while the feature is off: no source.",
    ),
    Switch(
        "unknown_textkeys_status",
        (400, 404, 500),
        "How a create is refused whose textkeys are not defined on the server: no source; some bad payloads give 500.",
    ),
    Switch(
        "strict_fields",
        (False, True),
        "Whether a field that the schema does not know is refused with 400 or ignored: no source.",
    ),
    Switch(
        "metadata_values",
        ("any", "text"),
        "Whether a metadata value may be other than text: no source.",
    ),
    Switch(
        "id_sign",
        ("negative", "positive"),
        "The sign of a custom incident's id: anomalies are negative, custom incidents are probably anomalies.",
    ),
    Switch(
        "create_status",
        (201, 200),
        "The status of a POST that worked: 201 in the vendor's schema, 200 in the documentation.",
    ),
    Switch(
        "create_body",
        ("empty", "outage", "null", "text"),
        "The body of a create that worked: empty on another create that was captured, else no source.",
    ),
    Switch(
        "location",
        ("outage", "trailing_slash", "relative", "missing", "custom_incident"),
        "What Location points to: promised to be the full URL of the new resource, which resource is not said.",
    ),
    Switch(
        "id_header",
        (False, True),
        "Whether a create also answers the id header, as most creates do: the schema promises only Location here.",
    ),
    Switch(
        "metadata_in_description",
        (True, False),
        "Whether the metadata is rendered into the description that is read back: documented, never seen.",
    ),
    Switch(
        "metadata_shown",
        (True, False),
        "Whether the metadata is listed in the outage and its outage_metadata: no source.",
    ),
    Switch(
        "server_id_form",
        ("number", "string"),
        "Whether server_id and server_group_id are numbers (captured 2026) or text (captured 2021).",
    ),
    Switch(
        "resolve_status",
        (204, 200),
        "The status of a force resolve that worked: 204 in the vendor's schema, 200 in the documentation.",
    ),
    Switch(
        "resolve_resolved_status",
        (400, 204),
        "How a force resolve of what is resolved already is answered: no source.",
    ),
    Switch(
        "resolve_ordinary_status",
        (400, 404, 405),
        "How a force resolve of an outage that is not custom is refused: no source.",
    ),
    Switch(
        "put_status",
        (204, 200),
        "The status of any other PUT that worked: 204 in the vendor's schema, 200 in the documentation.",
    ),
    Switch(
        "acknowledge_anomaly",
        (400, 204),
        "How an acknowledgement of an anomaly is answered: the schema calls it only available for outages, "
        "not what happens.",
    ),
    Switch(
        "who_required",
        (True, False),
        "Whether a summary must name its who and a log entry its user: both are in the schema, "
        "whether they are required is not.",
    ),
    Switch(
        "description_keeps_metadata",
        (True, False),
        "Whether the metadata in a description outlives a new description: no source.",
    ),
    Switch(
        "log_on_resolved",
        (400, 201),
        "How a log entry for a resolved outage is answered: the schema says it is for an ongoing one, "
        "not what happens.",
    ),
    Switch(
        "page_cap",
        (50, None),
        "Whether lists of outages silently give at most 50 a page: seen by two parties, not documented.",
    ),
    Switch(
        "fqdn_match",
        ("contains", "exact"),
        "How GET /server compares fqdn: name is known to match anywhere, for fqdn there is no source.",
    ),
    Switch(
        "people_match",
        ("contains", "exact"),
        "How GET /user compares username and GET /contact name: no source; a server's name matches anywhere.",
    ),
    Switch(
        "definitions_listed",
        (True, False),
        "Whether custom incident definitions appear among the agent resources and their types: no source.",
    ),
    # How outages are shown, and what lists say of themselves
    Switch(
        "severity_words",
        ("documented", "upper_case", "info", "unknown", "number"),
        "The word for a severity: critical and warning are documented, the web page has more, others change theirs.",
    ),
    Switch(
        "start_time",
        ("rfc_2822", "null", "iso_8601", "plain", "epoch_seconds", "epoch_milliseconds"),
        "The form of an outage's start_time: RFC 2822 was captured, other objects and products have other forms.",
    ),
    Switch("tags", ("list", "text"), "Whether an outage's tags are a list or one text with commas: both were seen."),
    Switch(
        "acknowledged",
        ("user", "flag", "url"),
        "What acknowledged holds: the whole user was captured, the name suggests true or false.",
    ),
    Switch(
        "description",
        FORMS,
        "What becomes of a description or summary on its way to a read: no source, and other products do all of this.",
    ),
    Switch(
        "notes",
        (*FORMS, WITH_AUTHOR),
        "What becomes of an entry of a log on its way to a read: no source, and other products do all of this.",
    ),
    Switch(
        "url_host",
        ("own", "another"),
        "Whether an outage's url is on the host that was asked: behind a proxy, products name themselves otherwise.",
    ),
    Switch(
        "total_count",
        ("counted", "absent", "null", "text", "double", "too_low", "too_high"),
        "The count of a list: captured, yet other products leave it out, round it or get it wrong.",
    ),
    Switch("next", ("url", "missing"), "Whether meta has next: captured, yet nothing promises it."),
    Switch(
        "odd_rows",
        ("none", "without_url", "no_object", "one_in_200", "one_in_20"),
        "Whether a list of outages has a row more that is none, or every 200th or 20th row lacks its url or its start.",
    ),
    Switch(
        "shows_after_seconds",
        (0, 5),
        "How long no read shows a new custom incident: nothing promises that lists are up to date.",
    ),
    *SENDING,
)
