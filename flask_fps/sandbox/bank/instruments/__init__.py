"""What the buyer's approval creates, a file for each kind: tokens, and for prepaid and postpaid an instrument besides.

Whoever walked a buyer through the co-branded pages says in a :class:`~.consent.Consent` who agreed to what, and adds
what the kind needs; all that comes back goes into the books at once::

    made = prepaid.install(consent, limit=Money(1000, "USD"), funding_reference="gift-1-funding")
    bank.tokens.install(*made)

==================  =====================================================================================
``single_use``      one payment
``multi_use``       many payments within limits
``recurring``       one payment of a fixed amount in each period
``recipient``       a recipient for others' payments, and the token to refund them with
``prepaid``         a balance to spend, the token that spends it and the token that funds it
``postpaid``        a line of credit, the token that spends it and the token that settles it
``edit_token``      another payment method for a token that there is
``forced``          ids that FPS's sandbox answered with a fixed refusal
==================  =====================================================================================

How they are used is the business of ``use``, ``payments``, ``prepaid`` and ``debt`` in the bank itself.
"""
