"""Private casework: assessments, their answers, imports, and drafts of what may be shared.

``assessments`` records and changes; ``import_file`` and ``public_cases`` read files; ``drafts`` prepares a
finding and moves drafts from hand to hand. Whoever may read casework at this node may read all of it: an
institution decides together. Nothing in this room goes out; :mod:`node.publishing` is the only door.
"""
