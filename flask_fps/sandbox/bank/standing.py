"""Whether accounts may take part in a payment at all (FPS API reference, *API Error Codes Table*).

An account's standing is set from outside: by the account manager, or ``POST /_control/accounts``.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from datetime import timezone

from .errors import BankError
from .records import Account

#: What an account may be.
STANDINGS = ("active", "suspended", "closed")


def check_party(account: Account, role: str) -> None:
    """:raises BankError: for one who cannot be the ``Sender``, ``Caller`` or ``Recipient`` of anything now."""
    who = role.lower()
    if account.standing != "active":
        raise BankError(f"InvalidAccountState_{role}", f"The account of the {who} is {account.standing}.")
    if not account.email_verified:
        raise BankError(f"UnverifiedEmailAddress_{role}", f"The e-mail address of the {who} is not verified.")
    if role != "Caller" and not account.is_verified:
        raise BankError(
            f"UnverifiedAccount_{role}", f"The account of the {who} has no verified bank account or credit card."
        )
    if role != "Caller" and account.is_limited:
        raise BankError("AccountLimitsExceeded", f"The {who} has reached a limit of the account.")


def check_parties(sender: Account, caller: Account, recipient: Account, method: str) -> None:
    """:raises BankError: where one of them, or the three of them together, cannot do this by this method."""
    check_party(sender, "Sender")
    check_party(caller, "Caller")
    check_party(recipient, "Recipient")
    if caller.email not in (sender.email, recipient.email) and not caller.is_marketplace:
        raise BankError("NotMarketplaceApp", "The caller is neither the sender nor the recipient, nor a marketplace.")
    if method == "CC" and recipient.is_personal:
        raise BankError("InvalidRecipientForCCTransaction", "The recipient cannot take payments by credit card.")


def check_instrument(sender: Account, kind: str, now: datetime) -> None:
    """:raises BankError: where the sender's own bank account or card is not there, expired or unverified."""
    method = sender.method(kind)
    if method is None:
        raise BankError("InvalidPaymentInstrument", "The payment instrument of the sender is not valid.")
    if method.expiry is not None and now >= _end_of(method.expiry):
        raise BankError("InactiveInstrument", "The payment instrument of the sender is not active.")
    if kind == "ACH" and not sender.bank_verified:
        raise BankError("UnverifiedBankAccount", "The bank account of the sender is not verified.")


def check_reader(account: Account) -> None:
    """:raises BankError: for an account that may not even ask."""
    if account.standing == "closed":
        raise BankError("AccountClosed", "The account is closed.")
    if account.standing == "suspended":
        raise BankError("InvalidAccountState", "The account is suspended.")


def _end_of(expiry: str) -> datetime:
    """A card is good to the last day of its month, ``MM/YYYY``."""
    month, year = (int(part) for part in expiry.split("/"))
    days = monthrange(year, month)[1]
    return datetime(year, month, days, 23, 59, 59, tzinfo=timezone.utc)
