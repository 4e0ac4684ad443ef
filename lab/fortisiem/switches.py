"""The behaviours of FortiSIEM on which versions differ, or public sources are silent or disagree."""

from __future__ import annotations

from ..kit.sending import SENDING
from ..kit.switches import Switch
from ..kit.texts import FORMS, WITH_AUTHOR
from .versions import VERSIONS

SWITCHES = (
    Switch("version", VERSIONS, "The FortiSIEM version: endpoints, keys and answers differ between versions."),
    # Updates
    Switch("external_endpoint", ("present", "retired"), "The vendor may retire /incident/external for its twin."),
    Switch("twin_endpoint", ("present", "retired"), "The vendor may retire /pub/incident/update/{id} for its twin."),
    Switch("comments_mode", ("append", "overwrite"), "Whether a comment is added or replaces: sources disagree."),
    Switch(
        "comments",
        (*FORMS, WITH_AUTHOR),
        "What becomes of comments on their way to a read; the author's name is stored before. No source, and other "
        "products do all of this.",
    ),
    Switch("ok_body", ('"OK"', "OK", "SUCCESS", "empty"), "The success body of /incident/external: not documented."),
    Switch("ok_content_type", ("text/plain", "application/json"), "The type of that body: clients suggest both."),
    Switch("unknown_id_mode", ("ok200", "400xml", "404"), "The answer for an unknown incident: no source."),
    Switch(
        "updates_reach",
        ("own_organization", "any_organization"),
        "Which incidents an account of one organization may update: no source says that it must see them.",
    ),
    Switch("strict_vocab", (False, True), "Whether /incident/external checks ticket type and state: no source."),
    Switch("empty_text", ("blanks", "ignored"), "Whether empty text blanks an attribute: no source."),
    Switch(
        "resolution_clears",
        ("no", "false_positive", "true_or_false_positive"),
        "Whether a resolution also clears the incident, as in the user interface: no source for the APIs.",
    ),
    Switch(
        "twin_body_id", ("optional", "required"), "Whether the twin wants incidentId in the body: its text says both."
    ),
    Switch("xml_error_under_200", (False, True), "Whether an XML error comes with status 200, as one client has seen."),
    Switch("xml_error_shape", ("response", "result"), "Where the XML error stands; clients read both places."),
    # Lists
    Switch("paging_6_7", ("start_size", "query_id"), "How 6.7 pages: its guide says start and size, a client queryId."),
    Switch("page_not_ready", (0, 1, 2), "How many times a further page is not ready when it is asked for."),
    Switch(
        "page_not_ready_status",
        ("by_version", "404", "429", "503"),
        "The status of such a page: clients wait on each of these.",
    ),
    Switch(
        "two_page_defect", (True, False), "Whether page 2 of exactly 2 never comes in 6.7 to 7.0, as a client says."
    ),
    Switch(
        "severity_category_filter",
        ("works", "ignored"),
        "The filter eventSeverityCat: documented, yet seen not to work.",
    ),
    Switch(
        "unset_attributes", ("empty", "null", "absent"), "How an attribute that was never set is listed: no source."
    ),
    Switch(
        "json_content_type", ("application/json", "text/plain"), "The type of JSON answers: clients have seen both."
    ),
    Switch(
        "largest_page",
        (1000, 2),
        "How many incidents a page has at most: size=5000 was seen to give 1000, and other products clamp lower.",
    ),
    Switch(
        "further_pages", ("next", "repeated"), "Whether further pages go on: a server may send its first one again."
    ),
    Switch(
        "total",
        ("counted", "absent", "null", "double", "too_low", "too_high"),
        "The count of a list: documented, yet other products leave it out, round it or get it wrong.",
    ),
    Switch(
        "shows_after_seconds",
        (0, 5),
        "How long no list shows an incident after it first occurred: nothing promises that lists are up to date.",
    ),
    Switch("ids_need_times", (False, True), "Whether a list by id needs times too, which its text denies."),
    # How incidents are shown
    Switch("numbers", ("integers", "doubles", "texts"), 'How numbers are written, such as 5.0 or "5" for 5.'),
    Switch("times", ("milliseconds", "iso_8601", "rfc_2822"), "How times are written: milliseconds are documented."),
    Switch(
        "words",
        ("documented", "lower_case", "status_as_word"),
        "How known words are written, such as high for HIGH, or ACTIVE in place of 0.",
    ),
    Switch(
        "attribute_lists",
        ("with_spaces", "without_spaces", "json"),
        "How source, target and detail are written: the examples have a space behind most commas, clients met none.",
    ),
    Switch("organization_shown", ("name", "object", "list"), "What customer holds: a name is documented."),
    Switch(
        "odd_rows",
        ("none", "without_first_seen", "without_id", "no_object", "one_in_200", "one_in_20"),
        "Whether incidents lack a time, a list has a row more that is no incident, or every 200th or 20th lacks ID or "
        "last occurrence.",
    ),
    Switch(
        "concurrency_limit",
        (10, 0),
        "How many lists and queries for events one address may run at once; 0 is no limit. Seen, not documented.",
    ),
    # Triggering events
    Switch(
        "triggering_progress",
        ("number", "object"),
        'The progress of a query for events: 100 as documented, or {"progressPct": 100} as clients have seen.',
    ),
    Switch(
        "no_events",
        ("empty", "null", "error"),
        "How an incident without events is told: an empty list is documented, null and error 255 were seen.",
    ),
    Switch("triggering_query_steps", (0, 1, 2), "How many times the progress of such a query is below 100 first."),
    # Health
    Switch("health_summary", ("present", "missing", "forbidden"), "The health APIs: their first version is not known."),
    Switch("health_node_type_key", ("nodesType", "nodeType"), "The key of a node's type: documented, and seen."),
    # Access
    Switch("unauthorized_body", ("html", "text", "empty"), "The body of 401 and 403: no source."),
    Switch("token_single_use", (False, True), "Whether a client gets one token only, as seen on 8.0."),
    Switch("token_rate_limit", (True, False), "Whether a client ID may ask for a token only every 5 seconds."),
    Switch("expires_in_unit", ("minutes", "seconds"), "The unit of expires_in: schema and example disagree."),
    Switch(
        "token_answer",
        ("issued", "unauthorized_user", "secret_expired", "client_revoked", "internal_error"),
        "What a good token request gets: the documented failures of an account or of the server, on demand.",
    ),
    *SENDING,
    # Faults
    Switch(
        "failure",
        ("none", "429", "500", "503_html", "html_200"),
        "A fault of the whole product, before anything is done, for every authenticated request.",
    ),
)
