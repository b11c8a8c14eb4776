"""A Flexible Payments Service of one's own: bank, Query API, co-branded pages, account manager.

No real money moves here. ``bank/`` holds the rules and the books and knows nothing of HTTP; the modules
beside it are the doors to it, one each. Start it with ``python -m flask_fps.sandbox``, or in a test with
:class:`flask_fps.sandbox.server.SandboxServer`.
"""
