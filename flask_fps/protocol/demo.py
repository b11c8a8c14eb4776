"""The public demo identity of the sandbox: known to everybody, so it protects nothing.

The environment ``local`` uses it; every other environment must refuse it.
"""

from __future__ import annotations

from typing import Any

from .endpoints import CBUI_PATH

ACCESS_KEY = "AKIAFPSSANDBOXDEMO01"
SECRET_KEY = "sandbox/demo+secret=not~a~real~key0000001"
SELLER_EMAIL = "seller@digitaldownload.example"

#: Where the sandbox listens unless it is told otherwise.
SANDBOX_URL = "http://127.0.0.1:8042"
#: The sandbox serves its certificate here; returns and notifications name this address.
CERTIFICATE_PATH = "/certs/090911/PKICert.pem"

#: 2048-bit RSA, published on purpose.
PRIVATE_KEY_PEM = b"""\
-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC499Dz7juy6WUL
G6iRByqf6qBhtWLvbOXKEOJRxSyqzyEIm2BtGzYK4PkuXPVMEa1QVKVpySE7iEeh
/1nN0phY2jW75krd+F8Wb3NZDUr2LcFtv6/JD8THkaIxx9TZcHgt+RqAcGZnQb+3
ET4n7AIqHb+pZ/sm2Tv0VW4JPuKtplAscj/t2r2gYvPJY/6/lmgdH/pelx+f3fi4
xxIFTGrXoSG7SyUVQ6FfYBbLiGzFFCvqpVf0yuodyqOaP4WNkYtJ69CYj0hfjPpy
lXcVqtPI7ihIjxschjVGVMzO7APzz3eGPiwARuH2AWq+EC9S1OxmTIULCiI8oa6a
BbVaDFTfAgMBAAECggEAV82brQ+b2zQbuQgqHp4uR7dS5s755fnlouQc6wAUUgj8
/17yiRhvsP5WiwGpl7CUexuTYgIN+nqYtnfGo4OiuhrrgwSw6WmribTiJpW+zdmu
hnCF+4W2vZ2ORt87VPSkt/4V7H5uvfliDn7q6HyKEoAIqVwoxqo8YaHkGBN3+0G1
cGeLk7DIUzi3/U4m9ifrDw9hqJwLOCIdl3ZfI/HPnKraua3r940ubXCKJqv/B2Ih
0Unw/ZSCV9PSACRJVqfQu4ilG2rWvxJSyp71vO6azzVZejKBXXvphXZN7qL2btqg
QKLJmPisBmiT56X4d88pkUCJquZJ7CNo1fEgTjmbAQKBgQD2/Bmen0+9x4VKw+Fe
71P76IUR6XnP2htOr8eaSpSVWL1spENaYKLggDv5QPgAvyV7LVUByL+Bb5+yrY8D
pFRTqVcy9dgkVO4P4Bqd8wRsK2so8qBOvrcI7+mLocmWa42xeTDlBKwW+daoKstQ
29tjFwRoOTom0fpdbL3tIYO2nwKBgQC/uDaQEL3BQiMq8EuJvby+NNDAdxu7qv05
Gw1nBazcPUj+RenGnKfyEz0AuvLbrXIxuTfDTqSQr7JsLURq2JdDOAeZxHyysqU4
ghtCPD0tF9c48QOe9auy0Z963o7TfUmQxFVC76urm5JXqftRhcX2hRCPZyZ18N8z
FL4DLYH5wQKBgQDaeKdk44ES21FxkBFj+4mrk8NZ08+XZ1OuZ9jFB2GlNcjhN/AI
GuEYevYSBkEZz/skmTXPjTaxFP8Le3C9BPg+xNVIU6Tshl/KlS6WNufbkxCIOQ5K
eXLIqgdJJ0R9FQhSS2RPwLFE5ZzWRnxwOvo2DZ8tXimtOyIez9i00GeE+wKBgQC6
3cyg4xBxPAuXIJwf54X+RvBpiC7J3sHuVUXc8pUoHbv1yyMvaSXxN3swKQfpwscZ
XBTUEuUn+XiJJB4Znn7hD82ovPFmI+YSjA4RozFlsGUgpRoIaCAwrU0qr5662NVJ
e3Q3R/Al1f7v30iMjz0DKXOYssu0DVEgMsl5w3N6gQKBgGhwzFR5YcMe0ANww91F
vzcmblVBBwGsEOWfaM9Dz1h963OP+1++FV78wzC/1CWqh3NbutiMUqmcVRZaOu68
ihWo37Eyt/8LvwGpiT9gvTmYDVvS3nQ4O4ofSh3EldN/td4iQeufR7PWlW5mjAE+
OS3rX4kKO4fqcEUdfn0MwzlW
-----END PRIVATE KEY-----
"""

#: Self-signed, valid from 2026 to 2126; its subject says that it is a public demo.
CERTIFICATE_PEM = b"""\
-----BEGIN CERTIFICATE-----
MIIDxzCCAq+gAwIBAgIUNuXbUYbRuAcMT2c+bGgHeI78ZEIwDQYJKoZIhvcNAQEL
BQAwcjESMBAGA1UECgwJRmxhc2stRlBTMTMwMQYDVQQLDCpQVUJMSUMgREVNTyAt
IG5ldmVyIHRydXN0IHRoaXMgY2VydGlmaWNhdGUxJzAlBgNVBAMMHkZsYXNrLUZQ
UyBzYW5kYm94LCBwdWJsaWMgZGVtbzAgFw0yNjExMjIxMjI5MDdaGA8yMTI2MTAy
OTEyMjkwN1owcjESMBAGA1UECgwJRmxhc2stRlBTMTMwMQYDVQQLDCpQVUJMSUMg
REVNTyAtIG5ldmVyIHRydXN0IHRoaXMgY2VydGlmaWNhdGUxJzAlBgNVBAMMHkZs
YXNrLUZQUyBzYW5kYm94LCBwdWJsaWMgZGVtbzCCASIwDQYJKoZIhvcNAQEBBQAD
ggEPADCCAQoCggEBALj30PPuO7LpZQsbqJEHKp/qoGG1Yu9s5coQ4lHFLKrPIQib
YG0bNgrg+S5c9UwRrVBUpWnJITuIR6H/Wc3SmFjaNbvmSt34XxZvc1kNSvYtwW2/
r8kPxMeRojHH1NlweC35GoBwZmdBv7cRPifsAiodv6ln+ybZO/RVbgk+4q2mUCxy
P+3avaBi88lj/r+WaB0f+l6XH5/d+LjHEgVMatehIbtLJRVDoV9gFsuIbMUUK+ql
V/TK6h3Ko5o/hY2Ri0nr0JiPSF+M+nKVdxWq08juKEiPGxyGNUZUzM7sA/PPd4Y+
LABG4fYBar4QL1LU7GZMhQsKIjyhrpoFtVoMVN8CAwEAAaNTMFEwHQYDVR0OBBYE
FG7etuxC7uvVDK8toxP+yxO2zyDGMB8GA1UdIwQYMBaAFG7etuxC7uvVDK8toxP+
yxO2zyDGMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEBAJF1Ek4o
Fr5WOkGwgsPUNMn9J7D11GdtqM6QKlmXnqUVK5O4WEuQMijm8T3CwOHXsNahVZWX
P+/VAzXrTBzsBRM1iD6PZ8/dxx81mY7M7uAZi6Q26FlHOTHOVh/z3IWMVrZN/Sa4
Rg1ofv6hUVvNWf5V70sxRem6bZkH8Mw3DuQJzRyNcL/ujRJVoSztOhAbWkRXRGfQ
RFuIaMHIiCc3dsitdPIWy4F8CeANRbepr2uuD9OJUpN/TFJVnq/lOvDvjOV1Avfp
yBAGnF97waXpgI897zL9U5EsQ6oKIpBMx99tsAy5oCLcqAEVKN4rRlo3hIZUJPsu
wg3jrZmy9bzmMlE=
-----END CERTIFICATE-----
"""


def settings(sandbox: str) -> dict[str, Any]:
    """What the environment ``local`` takes for the keys that are not set, of a sandbox at this address."""
    return {
        "FPS_API_URL": f"{sandbox}/",
        "FPS_CBUI_URL": f"{sandbox}{CBUI_PATH}",
        "FPS_ACCESS_KEY": (ACCESS_KEY,),
        "FPS_SECRET_KEY": (SECRET_KEY,),
        "FPS_RECIPIENT_EMAIL": SELLER_EMAIL,
        "FPS_CERTIFICATES": (CERTIFICATE_PEM,),
        "FPS_CERTIFICATE_URL": f"{sandbox}{CERTIFICATE_PATH}",
    }
