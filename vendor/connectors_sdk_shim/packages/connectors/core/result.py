"""The envelope in which an action's value reaches the playbook."""

from __future__ import annotations

from typing import Any, Dict, Optional


class Result:
    """Status, message, data and environment of one call.

    Differs from the appliance's: none known in what ``get_result`` returns and raises. The precedence in ``set_result``
    of a message over the exception's text is assumed: no source.
    """

    def __init__(self) -> None:
        self._operation: Optional[str] = None
        self._status = "Success"
        self._message = ""
        self._data: Any = []
        self._binary = False
        self._env: Dict[str, Any] = {}

    def set_status(self, status: str) -> None:
        """Set the status, ``Success`` or ``Failed``."""
        self._status = status

    def get_status(self) -> str:
        """Return the status."""
        return self._status

    def set_message(self, message: str) -> None:
        """Set the message."""
        self._message = message

    def set_data(self, item: Any, is_binary: bool = False) -> None:
        """Set the data, and whether it is binary."""
        self._data = item
        self._binary = is_binary

    def get_data(self) -> Any:
        """Return the data."""
        return self._data

    def get_binary(self) -> bool:
        """Return whether the data is binary."""
        return self._binary

    def set_env(self, env: Dict[str, Any]) -> None:
        """Set the playbook's environment."""
        self._env = env

    def set_operation(self, operation: str) -> None:
        """Set the operation's name. Nothing in the SDK does, so it is null in every captured answer."""
        self._operation = operation

    def set_result(self, status: str, message: str = "", exception: Optional[BaseException] = None) -> None:
        """Set status and message at once; without a message, an exception's text is the message."""
        self._status = status
        self._message = message or (str(exception) if exception else "")

    def merge(self, other: Result) -> None:
        """Take over what is not empty in another result. Its empty data (``{}``, ``0``) therefore becomes ``[]``."""
        vars(self).update({name: value for name, value in vars(other).items() if value})

    def get_result(self) -> Dict[str, Any]:
        """Return the envelope, or raise ``Exception(message)`` if the status is ``Failed``."""
        if self._status == "Failed":
            raise Exception(self._message)
        return {
            "operation": self._operation,
            "status": self._status,
            "message": self._message,
            "data": self._data,
            "env": self._env,
        }
