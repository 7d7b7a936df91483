"""Documents for data protection officers, filled from what this node knows: record, assessment, arrangement, notice.

``facts`` reads settings, circles, members and stores; ``documents`` puts them into the templates beside it. What only
the institution knows is a line that asks for it. The documents describe, and decide nothing.
"""
