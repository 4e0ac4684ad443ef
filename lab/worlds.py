"""Worlds: named sets of positions of all switches, so that whatever runs meets products that are not clean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .kit.product import Product
from .names import unknown

# By product; a switch that is not named stands at its default.
WORLDS: dict[str, dict[str, dict[str, Any]]] = {
    "clean": {},
    # Where what was seen in real products is other than what is documented.
    "captured": {
        "fortimonitor": {"allow_query_key": True},
        "fortisiem": {
            "attribute_lists": "without_spaces",
            "health_node_type_key": "nodeType",
            "json_content_type": "text/plain",
            "no_events": "null",
            "severity_category_filter": "ignored",
            "triggering_progress": "object",
            "xml_error_under_200": True,
        },
    },
    # What nobody promises not to happen, as much of it at once as leaves the products usable.
    "messy": {
        "fortimonitor": {
            "acknowledged": "flag",
            "charset": "utf-16",
            "content_encoding": "gzip",
            "create_body": "text",
            "create_status": 200,
            "description": "html_escaped",
            "description_keeps_metadata": False,
            "error_headers": False,
            "error_shape": "details",
            "id_header": True,
            "location": "trailing_slash",
            "metadata_shown": False,
            "next": "missing",
            "notes": "white_space_folded",
            "odd_rows": "no_object",
            "put_status": 200,
            "rate_limit_header": "none",
            "resolve_ordinary_status": 404,
            "resolve_status": 200,
            "seconds_to_answer": 2,
            "server_id_form": "string",
            "session_cookies": "forgotten",
            "severity_words": "upper_case",
            "shows_after_seconds": 5,
            "start_time": "iso_8601",
            "tags": "text",
            "total_count": "absent",
            "url_host": "another",
        },
        "fortisiem": {
            "attribute_lists": "json",
            "charset": "iso-8859-1",
            "comments": "html_escaped",
            "comments_mode": "overwrite",
            "content_encoding": "deflate",
            "expires_in_unit": "seconds",
            "health_summary": "forbidden",
            "ids_need_times": True,
            "json_content_type": "text/plain",
            "no_events": "error",
            "numbers": "texts",
            "odd_rows": "no_object",
            "ok_body": "empty",
            "ok_content_type": "application/json",
            "organization_shown": "object",
            "page_not_ready": 1,
            "seconds_to_answer": 2,
            "session_cookies": "kept",
            "severity_category_filter": "ignored",
            "shows_after_seconds": 5,
            "times": "rfc_2822",
            "total": "absent",
            "triggering_query_steps": 1,
            "unauthorized_body": "text",
            "unknown_id_mode": "400xml",
            "unset_attributes": "absent",
            "words": "lower_case",
            "xml_error_under_200": True,
        },
    },
}
SHOWN_WITHIN = 10  # seconds of the lab's time, after which a read shows what was done, in every world


def enter(world: object, products: Mapping[str, Product]) -> None:
    """Put all switches of the products as a world has them; raise ValueError, naming what there is, for no such one."""
    if not isinstance(world, str) or world not in WORLDS:
        raise ValueError(unknown("world", world, WORLDS))
    for name, product in products.items():
        product.switches.reset()
        for switch, position in WORLDS[world].get(name, {}).items():
            product.switches.set(switch, position)
