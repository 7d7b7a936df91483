"""Secrets that another service has given this node: each a file of its own, which only the node may read."""

from pathlib import Path

from node.errors import Code, HanseError


def read(path: Path) -> str | None:
    """The secret without the line end; None where there is no file.

    Raises ``BAD_KEY_FILE`` for a file that others can read, that cannot be read, or that is no ASCII text.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise HanseError(Code.BAD_KEY_FILE, f"{path} is open to others.", remedy=f"Run `chmod 600 {path}`.")
        return path.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise HanseError(
            Code.BAD_KEY_FILE, f"{path} cannot be used.", remedy="Write the secret that the other side expects into it."
        ) from error
