"""What API version 2007-01-08 does with the bank, in its own messages.

===================  ===============================================================
``reports``          the bank's records in the words of that version
``reading``          what is asked of tokens, transactions and the account
``rules``            what its values must look like
===================  ===============================================================
"""

from __future__ import annotations
