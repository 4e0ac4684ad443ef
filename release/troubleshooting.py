"""What an analyst reads when something goes wrong, and what to do: a row for each kind of failure in core/errors.py."""

from __future__ import annotations

from typing import NamedTuple


class Trouble(NamedTuple):
    """A kind of failure.

    Parameters:
        kind: its name in core/errors.py.
        seen: pieces of its messages, as they stand in the package.
        why: what is behind it.
        what_to_do: in the order in which it is tried.
    """

    kind: str
    seen: tuple[str, ...]
    why: str
    what_to_do: str


TROUBLES = (
    Trouble(
        "InvalidInput",
        ("The configuration is not valid", "The parameters are not valid"),
        "A value cannot be right: a required one is missing, it has another type, or it names an incident of another "
        "server. Nothing was sent.",
        "Correct each value that the message names. In a playbook, look at the step's input: an expression that found "
        "nothing leaves an empty text or `None`.",
    ),
    Trouble(
        "UnknownOperation",
        ("This connector has no operation",),
        "The call or the playbook step names an action that this version does not have.",
        "Take the name from [the actions](actions.md). After an upgrade, open the step, choose the action anew and "
        "save.",
    ),
    Trouble(
        "ProductNotConfigured",
        ("is switched off in this configuration",),
        "The action needs FortiMonitor or FortiSIEM, and the configuration that was chosen does not use it.",
        "Choose another configuration in the step, or switch the product on in this one.",
    ),
    Trouble(
        "Unreachable",
        ("cannot be reached", "its name does not resolve", "the connection was refused"),
        "No connection came about, so nothing was sent: a wrong address, DNS, a firewall, or the proxy.",
        "From the FortiSOAR node (or the agent) try `curl -v https://<address>/`. Open "
        "[the ports](README.md#ports-and-proxy), correct the address or the proxy. Running the action again is safe.",
    ),
    Trouble(
        "UntrustedServer",
        ("shows a certificate that is not trusted",),
        "The server's certificate comes from an authority that FortiSOAR does not know, has expired, or is for "
        "another name.",
        "Paste the authority's PEM text into **CA Certificate**, or use the name that the certificate has. Leave "
        "**Verify SSL** on.",
    ),
    Trouble(
        "OutcomeUnknown",
        ("Whether anything was changed is unknown",),
        "The request left, and nothing trustworthy came back. The product may have done it.",
        "Do what the message says. A create names its Correlation ID: running it again with that one creates "
        "nothing twice.",
    ),
    Trouble(
        "AnswerLate",
        ("did not answer in time to", "may still carry it out"),
        "The product, or a gateway before it, took too long. It may still carry the request out.",
        "Wait as long as the message says, look whether it was done, then run it again. If it happens often, raise the "
        "time limits of the configuration.",
    ),
    Trouble(
        "AnswerLost",
        ("broke the connection before its answer was whole",),
        "The connection ended too early: a restart of the product, a proxy, or the network.",
        "Look whether it was done, or run the action again where the message says that it is safe.",
    ),
    Trouble(
        "AnswerBroken",
        ("with a web page instead of an API answer", "without a JSON object"),
        "Something else than the product's API answered, such as a login page, a captive portal or a proxy.",
        "Check the address in the configuration (FortiMonitor's usually ends in `/v2`) and what lies on the way.",
    ),
    Trouble(
        "Redirected",
        ("which is not followed",),
        "The address answers with a redirect. Redirects are not followed, since credentials would go elsewhere.",
        "Put the address that the message names into the configuration, if it is the right server.",
    ),
    Trouble(
        "Rejected",
        ("often due to a missing or misconfigured parameter",),
        "The product understood the request and refused it (400 and other 4xx). Nothing was changed.",
        "Read the product's own words in the message. For a create, check that a custom incident with these textkeys "
        "is defined on the server, and that the *Custom Incidents* feature is enabled on the account.",
    ),
    Trouble(
        "AuthenticationFailed",
        ("The API key provided is not valid", "Check user name, password and organization", "Check Client ID"),
        "The credentials are wrong, expired or of another account (401).",
        "Enter them anew. For FortiSIEM check the organization: `super` for Enterprise and Super Global accounts.",
    ),
    Trouble(
        "PermissionDenied",
        ("The API key's role does not allow this",),
        "The credentials are right, but their role may not do this (403).",
        "Give the role what [the action's page](actions.md) names under *Permissions*.",
    ),
    Trouble(
        "NotFound",
        ("The requested resource does not exist",),
        "There is no such incident, server or address there (404), or the account cannot see it.",
        "Check the ID; those of custom incidents may be negative. Check the address and, for FortiSIEM, the "
        "organization.",
    ),
    Trouble(
        "MethodNotAllowed",
        ("A read-only API key is the usual reason",),
        "FortiMonitor refuses writes of a read-only key with 405.",
        "Use a key whose role may change incidents.",
    ),
    Trouble(
        "RateLimited",
        ("requests a minute",),
        "Too many requests (429). FortiMonitor allows 100 a minute by default.",
        "Run it again in a minute. For many incidents use the bulk actions, which keep to the limit.",
    ),
    Trouble(
        "AlreadyExists",
        ("there is one with correlation id", "it has the external ticket"),
        "An incident with this Correlation ID exists, or the FortiSIEM incident has another system's ticket.",
        "Use the incident that the message names, or choose *Return Existing* or *Create Another* in **If Exists**.",
    ),
    Trouble(
        "AlreadyClosed",
        ("Only an active incident is escalated",),
        "The FortiSIEM incident is cleared, so there is nothing to raise.",
        "Nothing to do. In a playbook, look at the state first.",
    ),
    Trouble(
        "NotResolvable",
        ("Only custom incidents can be force-resolved", "It is another incident; check its ID"),
        "It is an outage that FortiMonitor found by itself, or an incident without the expected marker.",
        "Check the ID. An ordinary outage ends by itself once its cause does.",
    ),
    Trouble(
        "HalfDone",
        ("A part of it was done. Running it again finishes the rest",),
        "An action on both products did one side and not the other. The message says which.",
        "Mend the cause that the message names, and run the action again: it does only what is missing.",
    ),
    Trouble(
        "ProductFailed",
        ("The API request failed due to an internal server error",),
        "The product failed while it worked on the request (5xx).",
        "Look whether it was done, try later, and tell the product's support if it stays.",
    ),
)
