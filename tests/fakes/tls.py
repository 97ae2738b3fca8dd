"""Self-signed certificates for loopback servers."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A private key and its own certificate, as PEM."""

    key: bytes
    pem: bytes

    def serve(self, folder: Path) -> ssl.SSLContext:
        """Return the TLS of a server that has it; `folder` is for the file that reading it takes."""
        file = folder / "both.pem"
        file.write_bytes(self.key + self.pem)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context

    def trust(self) -> ssl.SSLContext:
        """Return the TLS of a client that accepts it."""
        return ssl.create_default_context(cadata=self.pem.decode())


@cache
def certificate(host: str) -> Certificate:
    """Return a certificate for a host, which every test of this process shares."""
    from cryptography import x509  # noqa: PLC0415 - heavy: few tests need it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415 - as above

    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    day = dt.timedelta(days=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Certificate(key=private, pem=signed.public_bytes(pem))
