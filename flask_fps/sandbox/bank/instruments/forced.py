"""Token ids that FPS's sandbox answered with a fixed refusal (FPS developer guide, testing with the sandbox)."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import BankError

_UNVERIFIED = "The e-mail address of the {role} is not verified."
_SUSPENDED = "The account of the {role} is suspended."
_CLOSED = "The account of the {role} is closed."


def _refusals(role: str, ids: tuple[str, str, str]) -> dict[str, BankError]:
    codes = (f"UnverifiedEmailAddress_{role}", f"InvalidAccountState_{role}", f"InvalidAccountState_{role}")
    texts = (_UNVERIFIED, _SUSPENDED, _CLOSED)
    return {
        token_id: BankError(code, text.format(role=role.lower()))
        for token_id, code, text in zip(ids, codes, texts, strict=True)
    }


SENDER: Mapping[str, BankError] = _refusals(
    "Sender",
    (
        "E3FR7BARJV3PB631PMKV74PGKCJLBHI1Q1KMQN7BJ2JJICPDKN3N1CJIKFZ8D7NN",
        "H216UECZ8ZM1G8G4QA3V7RKF8JDFZ9SI3SJAFSGUKBBNDHX1NVM8GUQRZNRNAHER",
        "Z1LGRXR4HMDZBSFKXELA32KZASGWD8IHMHZCK4DETR784LDLD1GMFW4P3WT8VTGX",
    ),
)
RECIPIENT: Mapping[str, BankError] = _refusals(
    "Recipient",
    (
        "C4LGSEMXN11FTUXZ2X2C7QVFHN5DVBGQJNF17AIQXXXQSX4DRG4KJFCN2KRFUUZI",
        "R3VK49XVGCAZTJSXKN7ZSBHPMFGKM5VEEQTXGMVE8CFUZ2G5RLLMAB4J6TQRL6BU",
        "P1LL7A1LHK935DBGI5NAYCXOCLVEBHBNIU7PBXBAMRKKNLDEPI8M3MUSLZT2VANZ",
    ),
)

#: By the role that they play in a request.
IDS: Mapping[str, Mapping[str, BankError]] = {"Sender": SENDER, "Recipient": RECIPIENT}


def refuse_forced(refusals: Mapping[str, BankError], token_id: str) -> None:
    """:raises BankError: for one of the ids that stand for a refusal."""
    forced = refusals.get(token_id)
    if forced is not None:
        raise BankError(forced.code, forced.message)
