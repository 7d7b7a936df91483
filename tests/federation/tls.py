"""A certificate authority of a test, and servers that show its certificates, good and bad ones."""

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY: Final = dt.timedelta(days=1)
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Authority:
    """Makes certificates; ``roots`` is a file of its own one."""

    def __init__(self, folder: Path, today: dt.datetime) -> None:
        self._folder = folder
        self._today = today
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Invented authority")])
        builder = self._builder(self._name, self._key.public_key(), today - _DAY, today + _DAY)
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.roots = folder / "roots.pem"
        self.roots.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, name: str, *, expired: bool = False, self_signed: bool = False) -> ssl.SSLContext:
        """What a server under this name or address shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        ends = self._today - _DAY if expired else self._today + _DAY
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        signer = key if self_signed else self._key
        issuer = subject if self_signed else self._name
        builder = self._builder(issuer, key.public_key(), self._today - 2 * _DAY, ends, subject)
        alternative = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        certificate = (
            builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            .add_extension(authority, critical=False)
            .sign(signer, hashes.SHA256())
        )
        path = self._folder / f"{certificate.serial_number}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(
        self,
        issuer: x509.Name,
        key: ec.EllipticCurvePublicKey,
        begins: dt.datetime,
        ends: dt.datetime,
        subject: x509.Name | None = None,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject or issuer)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(ends)
        )


@contextmanager
def answering_on(address: str, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """A server that answers every request with "ok": its port, and the addresses it was reached under."""
    server = socket.create_server((address, 0))
    reached: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                try:
                    reached.append(connection.getsockname()[0])
                    stream = connection if context is None else context.wrap_socket(connection, server_side=True)
                    stream.recv(65_536)
                    stream.sendall(_ANSWER)
                    stream.close()
                except OSError:
                    pass  # refused by the client, which is what some tests are about

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(server.getsockname()[1]), reached
    finally:
        server.close()
