"""The wire of Amazon FPS, pure: what is signed, what is sent, what comes back.

Shop and sandbox stand on this one package, which knows neither Flask nor a database. Only ``client``
touches the network, only ``wire`` reads XML, and ``cryptography`` is imported when the first RSA
signature is made or checked. Nothing is imported here: take names from the module that has them.

=============  ====================================================================
``query``      query strings and forms: parse, encode, append
``signing``    HMAC signatures of requests (versions 1 and 2) and of old returns
``rsa``        RSA-SHA1 signatures of returns and notifications
``cbui``       the signed URL that sends the buyer to the co-branded pages
``outbound``   what FPS signs and sends: returns and notifications, made and checked
``verifiers``  who tells whether FPS signed a message
``messages``   the API's actions and their parameters, declared once
``results``    what their answers hold, likewise
``schema``     how a declaration becomes parameters, and parameters a declaration
``values``     how amounts, dates and truth are written
``wire``       XML answers and errors, parsed and rendered
``codes``      the API's error codes and which of them are worth a retry
``dialects``   the versions of the API, and all that depends on them
``client``     one request, one answer, over one pooled connection
``eras``       the versions as plain data
``endpoints``  Amazon's historic addresses
``demo``       the public demo keys of the sandbox
=============  ====================================================================
"""
