"""The only door out.

``drafts`` moves a draft from hand to hand, ``gate`` looks for what should not leave, ``preview`` fixes the bytes
that would leave and to whom, ``publish`` signs and appends exactly these. Nothing else in a node makes a
statement.
"""
