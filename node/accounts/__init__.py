"""Sign-in, roles, API tokens and the access log.

``manage`` makes and changes accounts, ``sign_in`` opens and reads sessions, ``tokens`` issues API tokens,
``access_log`` records who read or changed what. Nothing here knows HTTP or cookies.
"""
