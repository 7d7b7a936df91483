"""Small whole files of every kind that is taken, made here."""

import io
import zipfile

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(64) + b"\xff\xd9"


def archive(*members: tuple[str, bytes]) -> bytes:
    """A zip file; a member called ``mimetype`` is stored, as OpenDocument asks."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members:
            made.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else None)
    return target.getvalue()


def office_file(part: str, *more: tuple[str, bytes]) -> bytes:
    """An Office Open XML file around one main part."""
    return archive(("[Content_Types].xml", b"<Types/>"), (part, b"<document/>"), *more)


def open_document(kind: str) -> bytes:
    """An OpenDocument file."""
    declared = f"application/vnd.oasis.opendocument.{kind}".encode()
    return archive(("mimetype", declared), ("content.xml", b"<office/>"))


DOCX = office_file("word/document.xml")
XLSX = office_file("xl/workbook.xml")
PPTX = office_file("ppt/presentation.xml")
TEXT = "Vermerk über die Gezeiten.\n".encode()
