"""Pooled statements as STIX 2.1 objects: a pure mapping to plain values, for tools that know STIX and not Hanse.

=====================  ==========================================================================================
finding                ``note`` about the ``identity`` of its subject
relation               ``relationship`` from one subject's ``identity`` to the other's
response               ``opinion`` on the note or relationship
correction             the next version of the object that it corrects
retraction             the next version of the object, ``revoked``, without its words
contributor            ``identity`` under its pseudonym in the circle
handling               one of the four TLP 2.0 ``marking-definition`` objects of OASIS
=====================  ==========================================================================================

What STIX has no property for (indicator, scope, strength, grades, the observed period) is in one property extension,
whose definition (:mod:`node.insight.stix.definitions`) every collection carries. What is lost is said in
``docs/taxii.md``: signals, held-back fields, earlier wordings, signatures.

No location is made from an organisation's country, and nobody is an ``identity`` but organisations: subjects by their
registry name, contributors by their pseudonym. Nothing here imports a STIX library: the tests read every object with
one, and with the validator of OASIS.
"""
