"""What two universities must agree on, and nothing else.

Bytes in, values out: nothing here reads a file, a clock, a socket or a random source. Whatever depends on
the world (``now``, keys, random bytes, limits) is an argument. Another team would write this package again
in another language from ``docs/protocol.md`` and ``schemas/``; where they and this code disagree, the
vectors under ``schemas/vectors`` decide.

Types enforce the order of trust: received ``bytes`` become an ``UnverifiedStatement`` (well-formed),
then a ``VerifiedStatement`` (signed by the key it names), then an ``AcceptedEntry`` (committed to by its
author's checkpoint). Only :mod:`protocol.errors` may leave this package as an exception caused by a peer.
"""
