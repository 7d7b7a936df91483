"""One institution's node: private casework inside, one door out, and the pooled findings of its circles.

The path of one finding, and the room in which each step happens (``tests/federation/test_tour.py`` walks it):

====  =======================================================  ==========================================
step  what happens                                             where
====  =======================================================  ==========================================
1     an officer records an assessment with its checklist      ``web`` or ``api``, ``casework``
2     a finding is drafted from an answer                      ``casework``
3     the privacy gate and a second person approve the bytes   ``casework``, ``publishing``
4     names become pseudonyms, the statement is signed         ``publishing``
5     appended to our log, checkpoint signed, one transaction  ``ledger``
6     served to and pulled by members                          ``api.federation``, ``sync``
7     verified against the checkpoint                          ``sync`` with ``protocol.replica``
8     stored with its original bytes, projected                ``ledger``, ``storage``
9     fused into signals                                       ``insight`` with ``protocol.signals``
10    read as a dossier or a query                             ``insight``, then ``api`` and ``web``
====  =======================================================  ==========================================

A module may import from the layers below its own only; ``pyproject.toml`` holds the contract.
"""
