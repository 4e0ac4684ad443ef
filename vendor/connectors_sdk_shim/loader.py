"""Load a connector's folder the way FortiSOAR does: as the package ``connectors.<name>_<v_v_v>``.

That name holds dashes and a version, so no ``import`` statement can spell it, and the folder itself is never on
``sys.path`` through this module: an absolute import between a connector's own modules fails here as it fails on the
appliance.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import sys
import threading
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Optional, Type, Union

PACKAGES = Path(__file__).resolve().parent / "packages"

# Installing, executing and forgetting a connector may happen in several threads of one server.
_lock = threading.RLock()


class LoadError(Exception):
    """The folder does not hold a connector that FortiSOAR could load; the text says why."""


def ensure_sdk() -> None:
    """Make ``connectors.core.connector`` importable: the appliance's own if it is there, else the stand-in."""
    with _lock:
        try:
            importlib.import_module("connectors.core.connector")
        except ModuleNotFoundError as missing:
            if missing.name not in ("connectors", "connectors.core", "connectors.core.connector"):
                raise
            # A mere folder of that name on sys.path is found as an empty package and would hide the stand-in.
            sys.modules.pop("connectors", None)
            sys.path.insert(0, str(PACKAGES))
            importlib.invalidate_caches()


def package_name(name: str, version: str) -> str:
    """Return the package name FortiSOAR imports a connector under, e.g. ``connectors.virustotal_1_0_0``."""
    return f"connectors.{name}_{version.replace('.', '_')}"


def load_connector(folder: Path) -> Any:
    """Make a new instance of the connector in a folder.

    Parameters:
        folder: holds ``info.json`` and ``connector.py``; may be a repository root with much else beside them.
    Returns: an instance of the first concrete subclass of ``Connector``, in the alphabetical order of their names.
    Raises: LoadError.
    """
    info = _read_info(folder)
    source = folder / "connector.py"
    if not source.is_file():
        raise LoadError(f"There is no connector.py in {folder}.")
    try:
        classes = _concrete_connectors(import_module(folder, "connector"))
        connector = classes[0](info_json=info) if classes else None
    except Exception as error:
        forget(folder)
        raise LoadError(f"Loading {source} failed: {type(error).__name__}: {error}") from error
    if connector is None:
        forget(folder)
        raise LoadError(f"There is no concrete subclass of Connector in {source}.")
    return connector


def import_module(folder: Path, dotted: str) -> ModuleType:
    """Import one module of the connector in a folder, e.g. ``core.errors``, and nothing it does not ask for.

    Raises: LoadError if the folder's info.json is not usable; else whatever the import raises.
    """
    with _lock:
        ensure_sdk()
        return importlib.import_module(f"{_register(folder)}.{dotted}")


def forget(folder_or_package_name: Union[Path, str]) -> None:
    """Drop every module of a connector, so that it is imported afresh when it is asked for again.

    A folder (``Path``) may already be gone. Python checks byte code by time and size alone, so whoever replaces a
    connector removes the old folder, with its ``__pycache__``, first.
    """
    with _lock:
        for package in _package_names(folder_or_package_name):
            for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
                del sys.modules[name]
        importlib.invalidate_caches()


def _read_info(folder: Path) -> Dict[str, Any]:
    path = folder / "info.json"
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LoadError(f"There is no info.json in {folder}.") from None
    except ValueError as error:
        raise LoadError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(info, dict) or not all(
        info.get(key) and isinstance(info[key], str) for key in ("name", "version")
    ):
        raise LoadError(f"{path} must be an object whose name and version are texts.")
    return info


def _concrete_connectors(module: ModuleType) -> List[Type[Any]]:
    base = sys.modules["connectors.core.connector"].Connector
    classes = [value for _, value in inspect.getmembers(module, inspect.isclass)]
    return [value for value in classes if issubclass(value, base) and not inspect.isabstract(value)]


def _register(folder: Path) -> str:
    """Put the folder into ``sys.modules`` as its connector's package, unless it is there; return the package's name."""
    info = _read_info(folder)
    name = package_name(info["name"], info["version"])
    home = folder.resolve()
    if _home(name) != str(home):
        forget(name)
        _import_package(name, home)
    return name


def _import_package(name: str, folder: Path) -> None:
    init = folder / "__init__.py"
    loader = SourceFileLoader(name, str(init)) if init.is_file() else None
    spec = ModuleSpec(name, loader, origin=str(init) if loader else None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    spec.has_location = loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    if loader:
        try:
            loader.exec_module(module)
        except BaseException:
            forget(name)
            raise


def _package_names(folder_or_package_name: Union[Path, str]) -> List[str]:
    if isinstance(folder_or_package_name, str):
        return [folder_or_package_name]
    home = str(folder_or_package_name.resolve())
    return [name for name in list(sys.modules) if name.startswith("connectors.") and _home(name) == home]


def _home(name: str) -> Optional[str]:
    """Return the folder of a package that is in ``sys.modules``."""
    return next(iter(getattr(sys.modules.get(name), "__path__", ())), None)
