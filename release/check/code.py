"""Rules of the code: what an appliance trips over, and what an action promises in info.json."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .package import Package, said
from .rules import Found, Scope, Severity, rule, shown

SDK = {"connectors", "integrations", "django", "cshmac"}
# Imported by official connectors without a line in requirements.txt, so they are there.
PREINSTALLED = {
    "requests", "requests_toolbelt", "urllib3", "arrow", "simplejson", "xmltodict", "bs4", "jmespath", "pytz",
    "dateutil", "yaml", "jinja2",
}  # fmt: skip
IMPORTED_AS = {  # where a module is not called like its distribution
    "Crypto": "pycryptodome", "OpenSSL": "pyopenssl", "PIL": "pillow", "cv2": "opencv-python", "docx": "python-docx",
    "fitz": "pymupdf", "google": "google-api-python-client", "googleapiclient": "google-api-python-client",
    "jwt": "pyjwt", "magic": "python-magic", "sklearn": "scikit-learn", "taxii2client": "taxii2-client",
}  # fmt: skip
GONE = {"asynchat", "asyncore", "distutils", "imp", "smtpd"}
FOR_TESTS = {"pytest", "unittest", "mock", "pdb", "ipdb", "tests", "responses"}
ENDING = {"exit", "quit"}
SHELL = {("os", "system"), ("os", "popen"), ("subprocess", "getoutput"), ("subprocess", "getstatusoutput")}
SENDING = {"get", "post", "put", "patch", "delete", "head", "request"}
NEWLINE = b"\n"
KEY = re.compile(rb"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|ghp_[A-Za-z0-9]{36}|xox[bp]-[0-9A-Za-z-]{20,}")
PRIVATE = re.compile(
    r"\b(10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|172\.(1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3})\b"
)
LIKE_A_SECRET = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[^\s/{}<>%:.]{12,}")  # no address, path, pattern or plain word
SECRET_NAME = re.compile(r"passw|secret|api_?key|token$", re.IGNORECASE)


@rule(
    "FSR501",
    "FortiSOAR takes the first class of the kind that it finds.",
    "Define one, and import no other.",
    Scope.APPLIANCE,
)
def there_is_one_connector(package: Package) -> Iterator[Found]:
    """connector.py defines one class that is a Connector."""
    if "connector.py" in package.trees:
        names = [each.name for each in _connectors(package)]
        if len(names) != 1:
            yield Found("connector.py", ", ".join(names) or "no such class", "class ...(Connector)")


@rule(
    "FSR502",
    "FortiSOAR calls it for each action.",
    "Define execute(self, config, operation, params, **kwargs).",
    Scope.APPLIANCE,
)
def connector_executes(package: Package) -> Iterator[Found]:
    """The connector has a method execute."""
    yield from _lacks(package, "execute")


@rule(
    "FSR503",
    "Without it every configuration is called available.",
    "Define check_health(self, config), and raise ConnectorError.",
    Scope.APPLIANCE,
)
def connector_checks_its_health(package: Package) -> Iterator[Found]:
    """The connector has a method check_health."""
    yield from _lacks(package, "check_health")


@rule(
    "FSR504",
    "FortiSOAR imports the connector as connectors.<name>_<version>, which no import can spell; another connector may "
    "have a module of the same name.",
    "Import with a leading dot.",
    Scope.APPLIANCE,
)
def own_modules_are_imported_relatively(package: Package) -> Iterator[Found]:
    """The package's own modules are imported relatively."""
    own = {path.partition("/")[0].removesuffix(".py") for path in package.trees} - SDK - set(sys.stdlib_module_names)
    for where, module in _imports(package):
        if module.partition(".")[0] in own:
            yield Found(where, shown(module), f".{module}")


@rule(
    "FSR505",
    "Python 3.12 does not have them; FortiSOAR 8.0 runs on 3.9 or 3.12.",
    "Use what took their place.",
    Scope.APPLIANCE,
)
def modules_are_still_there(package: Package) -> Iterator[Found]:
    """No module is imported that Python 3.12 lacks."""
    for where, module in _imports(package):
        if module.partition(".")[0] in GONE:
            yield Found(where, shown(module))


@rule("FSR506", "An appliance does not have them.", "Keep tests and debuggers out of the package.", Scope.APPLIANCE)
def nothing_for_tests_is_imported(package: Package) -> Iterator[Found]:
    """Nothing is imported that only tests or debuggers need."""
    for where, module in _imports(package):
        if module.partition(".")[0] in FOR_TESTS:
            yield Found(where, shown(module))


@rule(
    "FSR507",
    "The first call fails where no other connector brought it.",
    "Add it to requirements.txt.",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def imports_are_required(package: Package) -> Iterator[Found]:
    """What is imported is Python's own, preinstalled, or in requirements.txt."""
    own = {path.partition("/")[0].removesuffix(".py") for path in package.files}
    known = own | SDK | PREINSTALLED | GONE | FOR_TESTS | set(sys.stdlib_module_names)
    required = _required(package)
    for where, module in _imports(package):
        top = module.partition(".")[0]
        if top not in known and canonicalize_name(IMPORTED_AS.get(top, top)) not in required:
            yield Found(where, shown(module), "a line in requirements.txt")


@rule(
    "FSR508",
    "It goes into a log that nobody reads, without time or level.",
    "Use get_logger of connectors.core.connector.",
    Scope.READER,
    Severity.WARNING,
)
def nothing_is_printed(package: Package) -> Iterator[Found]:
    """Nothing is printed."""
    for where, call in _calls(package):
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            yield Found(where, "print")


@rule(
    "FSR509",
    "It ends the worker process, and with it other connectors' calls.",
    "Raise ConnectorError.",
    Scope.APPLIANCE,
)
def the_process_is_not_ended(package: Package) -> Iterator[Found]:
    """The process is not ended."""
    for where, call in _calls(package):
        name = ast.unparse(call.func)
        if name in ENDING or name in {"sys.exit", "os._exit", "os.abort"}:
            yield Found(where, shown(name))


@rule(
    "FSR510",
    "Anybody between the appliance and the server can read the credentials.",
    "Take it from the configuration.",
    Scope.APPLIANCE,
)
def certificates_are_not_ignored(package: Package) -> Iterator[Found]:
    """No call leaves certificates unverified whatever the configuration says."""
    for where, call in _calls(package):
        for keyword in call.keywords:
            if keyword.arg == "verify" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False:
                yield Found(where, "verify=False")


@rule("FSR511", "What an analyst or a server sends may be run.", "Do it without.", Scope.APPLIANCE)
def no_text_is_run(package: Package) -> Iterator[Found]:
    """No text is run as code or as a command line."""
    for where, call in _calls(package):
        name = ast.unparse(call.func)
        shell = any(k.arg == "shell" and isinstance(k.value, ast.Constant) and k.value.value for k in call.keywords)
        if name in {"eval", "exec"} or tuple(name.split(".")) in SHELL or shell:
            yield Found(where, shown(name))


@rule(
    "FSR512",
    "A server that does not answer holds the call, and one of few workers, for ever.",
    "Give a timeout.",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def requests_have_a_timeout(package: Package) -> Iterator[Found]:
    """Calls of requests have a timeout."""
    for where, call in _calls(package):
        named = {keyword.arg for keyword in call.keywords}
        if _is_of(call.func, "requests", SENDING) and not named & {"timeout", None}:
            yield Found(where, shown(ast.unparse(call.func)))


@rule("FSR513", "Whoever has the archive has it.", "Take it out, and change it where it is valid.", Scope.APPLIANCE)
def there_are_no_keys(package: Package) -> Iterator[Found]:
    """No file holds a private key or an access key."""
    for path, data in sorted(package.files.items()):
        if (found := KEY.search(data)) is not None:
            yield Found(f"{path}:{1 + data.count(NEWLINE, 0, found.start())}", "a key that is not shown here")


@rule("FSR514", "Whoever has the archive has it.", "Take it from the configuration.", Scope.APPLIANCE, Severity.WARNING)
def secrets_are_not_written_down(package: Package) -> Iterator[Found]:
    """No secret is assigned as a text."""
    for where, node in package.nodes(ast.Assign):
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            value = node.value.value
            if any(map(SECRET_NAME.search, names)) and LIKE_A_SECRET.fullmatch(value):
                yield Found(where, f"{names[0]} = a text that is not shown here")


@rule(
    "FSR515",
    "It is somebody's own network.",
    "Use a name or address that is made for examples, such as 192.0.2.1.",
    Scope.READER,
    Severity.WARNING,
)
def there_are_no_private_addresses(package: Package) -> Iterator[Found]:
    """No text holds an address of a private network."""
    for path in sorted(package.files):
        if path.endswith((".py", ".json", ".md", ".txt")):
            for number, line in enumerate(package.text(path).splitlines(), 1):
                if (found := PRIVATE.search(line)) is not None:
                    yield Found(f"{path}:{number}", found.group())
                    break


@rule(
    "FSR516",
    "FortiSOAR makes a new object for every call, so it is lost; in a lab it may seem to work.",
    "Pass it on, or keep it in the module.",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def nothing_is_kept_on_the_connector(package: Package) -> Iterator[Found]:
    """The connector keeps nothing on itself."""
    for connector in _connectors(package):
        for node in ast.walk(connector):
            for target in _targets(node):
                if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                    yield Found(f"connector.py:{target.lineno}", shown(ast.unparse(target)))


@rule(
    "FSR517",
    "Analysts see an action that fails whenever it is run.",
    "Implement it, or take it out of info.json.",
    Scope.APPLIANCE,
)
def actions_are_implemented(package: Package) -> Iterator[Found]:
    """Each action is named in the code."""
    for action in package.operations:
        name = action.get("operation")
        if isinstance(name, str) and name.strip() and package.trees and not package.names(name):
            yield Found(f"action {name}", shown(name))


@rule("FSR518", "Nobody can call it.", "Declare it in info.json, or take it out.", Scope.READER, Severity.WARNING)
def what_is_implemented_is_declared(package: Package) -> Iterator[Found]:
    """Each entry of a table of operations is an action in info.json."""
    declared = {said(action, "operation") for action in package.operations}
    assignments: list[tuple[str, ast.Assign | ast.AnnAssign]] = [
        *package.nodes(ast.Assign),
        *package.nodes(ast.AnnAssign),
    ]
    for where, node in assignments:
        if isinstance(node.value, ast.Dict):
            named = {ast.unparse(target).lower() for target in _targets(node)}
            if named & {"operations", "supported_operations", "actions"}:
                for key, value in zip(node.value.keys, node.value.values, strict=True):
                    text = key.value if isinstance(key, ast.Constant) else None
                    if isinstance(value, (ast.Name, ast.Attribute)) and text not in declared | {None, "check_health"}:
                        yield Found(where, shown(text))


@rule(
    "FSR519", "The analyst fills a field that changes nothing.", "Read it, or take it out of the form.", Scope.APPLIANCE
)
def parameters_are_read(package: Package) -> Iterator[Found]:
    """Each field of a form is named in the code."""
    whole = {source: _takes_all(package, source) for source in ("params", "config")}
    for where, field in package.fields() if package.trees else ():
        source = "config" if where.startswith("configuration") else "params"
        name = said(field, "name")
        if name.strip() and not package.names(name) and not whole[source]:
            yield Found(where, shown(name))


@rule(
    "FSR520",
    "It is always empty: no form has such a field.",
    "Declare it in info.json, or correct the name.",
    Scope.APPLIANCE,
    Severity.WARNING,
)
def what_is_read_is_declared(package: Package) -> Iterator[Found]:
    """What the code reads from its parameters or its configuration is a field of a form."""
    declared = {str(field.get("name")) for _, field in package.fields()}
    known = {"params": declared, "config": declared | {"config_id", "connector_info", "name", "default"}}
    for where, function in package.nodes(ast.FunctionDef):
        for source in known.keys() & _given(function):
            for line, key in _read_of(source, function):
                if key not in known[source]:
                    yield Found(f"{where.partition(':')[0]}:{line}", shown(f"{source}: {key}"))


@rule(
    "FSR521",
    "The checks of contributions look for these lines, with the year of today.",
    "Put them into each file.",
    Scope.CONTRIBUTE,
)
def files_carry_the_copyright(package: Package) -> Iterator[Found]:
    """Each Python file carries Fortinet's lines of copyright."""
    lines = re.compile(r'"""\nCopyright start\nMIT License\nCopyright \(c\) \d{4} Fortinet Inc\nCopyright end\n"""')
    for path in sorted(package.trees):
        if not lines.search(package.text(path)):
            yield Found(path)


def _connectors(package: Package) -> list[ast.ClassDef]:
    tree = package.trees.get("connector.py")
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)] if tree else []
    return [each for each in classes if any(ast.unparse(base).split(".")[-1] == "Connector" for base in each.bases)]


def _lacks(package: Package, method: str) -> Iterator[Found]:
    for connector in _connectors(package)[:1]:
        if not any(isinstance(node, ast.FunctionDef) and node.name == method for node in connector.body):
            yield Found(f"connector.py:{connector.lineno}", f"{connector.name} has no {method}")


def _imports(package: Package) -> Iterator[tuple[str, str]]:
    for where, node in package.nodes(ast.Import):
        for alias in node.names:
            yield where, alias.name
    for where, from_node in package.nodes(ast.ImportFrom):
        if not from_node.level and from_node.module:
            yield where, from_node.module


def _calls(package: Package) -> Iterator[tuple[str, ast.Call]]:
    yield from package.nodes(ast.Call)


def _is_of(function: ast.expr, module: str, names: set[str]) -> bool:
    return isinstance(function, ast.Attribute) and function.attr in names and ast.unparse(function.value) == module


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    return [node.target] if isinstance(node, (ast.AnnAssign, ast.AugAssign)) else []


def _required(package: Package) -> set[str]:
    found: set[str] = set()
    for line in package.text("requirements.txt").splitlines():
        try:
            found.add(canonicalize_name(Requirement(line.partition(" #")[0]).name))
        except InvalidRequirement:
            continue
    return found


def _takes_all(package: Package, source: str) -> bool:
    """Return whether the code hands all of its parameters, or its configuration, on: then every one of them is read."""
    unpacked = (node.arg is None and ast.unparse(node.value) == source for _, node in package.nodes(ast.keyword))
    return any(unpacked) or any(ast.unparse(call.func) == f"{source}.items" for _, call in _calls(package))


def _given(function: ast.FunctionDef) -> set[str]:
    """Return the arguments of an action to which it assigns nothing, not even a key."""
    names = {argument.arg for argument in function.args.args} & {"params", "config"}
    if not names or function.args.args[0].arg == "self":  # of a client's method, params are those of a request
        return set()
    stored = {
        ast.unparse(node.value) if isinstance(node, ast.Subscript) else node.id
        for node in ast.walk(function)
        if isinstance(node, (ast.Name, ast.Subscript)) and isinstance(node.ctx, ast.Store)
    }
    return names - stored


def _read_of(source: str, function: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    """Return the texts that a function uses as a key of an argument, with the line."""
    for node in ast.walk(function):
        key: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == source:
            key = node.slice
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == f"{source}.get" and node.args:
            key = node.args[0]
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.lineno, key.value
