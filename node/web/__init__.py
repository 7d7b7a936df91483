"""The pages: rendered on the server, no script, nothing loaded from elsewhere.

``build`` gives the routes of one node, ``install`` adds static files and security headers to an application,
``errors.renderer`` turns problems into pages. Modules are named after what they show.
"""

from node.web.site import build, install

__all__ = ["build", "install"]
