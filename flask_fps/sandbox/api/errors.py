"""Refusals at the front door, with the texts that were captured where there are any."""

from __future__ import annotations

from ..bank.errors import BankError

#: Everything else a client does wrong is a 400.
_STATUS = {
    "InvalidClientTokenId": 403,
    "SignatureDoesNotMatch": 403,
    "AuthFailure": 403,
    "InternalError": 500,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
}


def http_status(code: str) -> int:
    """The HTTP status an error code goes out with."""
    return _STATUS.get(code, 400)


def missing_parameter(name: str) -> BankError:
    return BankError("MissingParameter", f"The request must contain the parameter {name}.")


def bad_value(name: str, value: str, rule: str = "") -> BankError:
    return BankError("InvalidParameterValue", f"Value ({value}) for parameter {name} is invalid.{rule and ' ' + rule}")


def not_in_interface(namespace: str, name: str) -> BankError:
    """The captured text for a name the interface does not have."""
    return BankError(
        "InvalidRequest",
        "The request doesn't conform to the interface specification in the WSDL. "
        f'Element/Parameter "{namespace}:{name}" in request is either invalid or is found at unexpected location',
    )


def internal_error() -> BankError:
    return BankError("InternalError", "Internal Error")


def unavailable() -> BankError:
    return BankError("ServiceUnavailable", "The service is temporarily unavailable. Please try again.")
