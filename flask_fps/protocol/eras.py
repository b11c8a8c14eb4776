"""The versions of the API as plain data, for those who only name them; what they mean is in ``dialects``."""

from __future__ import annotations

from collections.abc import Mapping

V2007_01_08 = "2007-01-08"
V2008_09_17 = "2008-09-17"
V2010_08_28 = "2010-08-28"

#: How returns from the co-branded pages may be signed, the usual way first: ``v2`` by certificate, ``v1`` and
#: ``awsSignature`` with the caller's secret key.
RETURN_SIGNATURES: Mapping[str, tuple[str, ...]] = {
    V2010_08_28: ("v2",),
    V2008_09_17: ("v2", "v1"),
    V2007_01_08: ("awsSignature",),
}
#: Newest first.
VERSIONS = tuple(RETURN_SIGNATURES)
#: Versions in which a caller shows a token of his own with every request that moves money.
WITH_CALLER_TOKEN = frozenset({V2007_01_08})
