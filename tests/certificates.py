"""A certificate for an address of this machine that vouches for itself, for tests of TLS."""

import dataclasses
import datetime
import ipaddress
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclasses.dataclass(frozen=True, slots=True)
class Certificate:
    """Where it and its private key lie, in PEM; `both` is a file that has the two."""

    certificate: pathlib.Path
    key: pathlib.Path
    both: pathlib.Path


def make(folder: pathlib.Path, address: str = "127.0.0.1") -> Certificate:
    """Make one in a folder, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, address)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = Certificate(folder / "certificate.pem", folder / "key.pem", folder / "both.pem")
    files.certificate.write_bytes(public)
    files.key.write_bytes(private)
    files.both.write_bytes(private + public)
    return files
