"""What stands in the books. Frozen: a change is a new record in the old one's place."""

from __future__ import annotations

from .authority import Instrument as Instrument
from .authority import Subscription as Subscription
from .authority import Token as Token
from .movements import Labels as Labels
from .movements import Standing as Standing
from .movements import StatusChange as StatusChange
from .movements import TransactionRecord as TransactionRecord
from .people import Account as Account
from .people import Address as Address
from .people import Method as Method
from .talk import Note as Note
from .talk import Notice as Notice
from .talk import Parameter as Parameter
from .talk import Reference as Reference
from .talk import Result as Result
from .talk import Run as Run
