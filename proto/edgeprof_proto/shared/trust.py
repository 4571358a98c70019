"""Keys and certificates of both ends. What makes some needs `cryptography`, which is imported only then.

Nobody runs a certificate authority: each end knows the other by the fingerprint of its certificate, and pairing is what
tells it. gRPC, however, asks a host for a certificate only if it can check who issued that. So all hosts' certificates
are issued by `OPEN_ISSUER_PEM`, whose private key is the number 1: everybody can issue some, and the issuer proves
nothing. What TLS then proves is that the host holds the key of its certificate; whether that certificate is a paired
one is decided by its fingerprint, for every call.

Certificates are valid from 1970 to 9999: a board without a clock of its own starts in 1970 and must be reachable, and
what ends trust is revocation. TLS still refuses a certificate whose dates say that it has expired.
"""

import base64
import binascii
import dataclasses
import datetime
import hashlib

TLS_NAME = "edgeprof-device"
"""Name in every device's certificate. A host checks it instead of the address, which may change."""

_OPEN_ISSUER_NAME = "edgeprof open issuer (proves nothing)"

_VALID_FROM = datetime.datetime(1970, 1, 1)
_VALID_TO = datetime.datetime(9999, 12, 31, 23, 59, 59)

OPEN_ISSUER_PEM = b"""\
-----BEGIN CERTIFICATE-----
MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAwMS4wLAYDVQQDDCVlZGdlcHJv
ZiBvcGVuIGlzc3VlciAocHJvdmVzIG5vdGhpbmcpMCAXDTcwMDEwMTAwMDAwMFoY
Dzk5OTkxMjMxMjM1OTU5WjAwMS4wLAYDVQQDDCVlZGdlcHJvZiBvcGVuIGlzc3Vl
ciAocHJvdmVzIG5vdGhpbmcpMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR
8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84z
V2sxXs7LtkBoN79R9aMWMBQwEgYDVR0TAQH/BAgwBgEB/wIBADAKBggqhkjOPQQD
AgNHADBEAiAGYi7N7jRh9wWl0wWiPpJcxnLRezJz2jkOICnCh2Hw8AIgJQz1wj+1
5OU8JWzmgu11Zs3gHHqyq5M19Ba98I74ru8=
-----END CERTIFICATE-----
"""
"""Certificate of the issuer of all hosts' certificates. Its private key is the number 1."""

_PEM_BEGIN = "-----BEGIN CERTIFICATE-----"
_PEM_END = "-----END CERTIFICATE-----"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key with its certificate.

    Args:
        private_key_pem: The key, PKCS #8 in PEM. A secret: not in the text of this object.
        certificate_pem: The certificate in PEM.
    """

    private_key_pem: bytes = dataclasses.field(repr=False)
    certificate_pem: bytes

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the certificate."""
        return fingerprint_of(self.certificate_pem)


def fingerprint_of(certificate_pem: bytes) -> str:
    """Return what a certificate is known by.

    Args:
        certificate_pem: One certificate in PEM.

    Returns:
        SHA-256 of its DER form, 64 hexadecimal digits.

    Raises:
        ValueError: If it is no certificate in PEM.
    """
    text = certificate_pem.decode("ascii", errors="replace").strip()
    if not (text.startswith(_PEM_BEGIN) and text.endswith(_PEM_END) and text.count(_PEM_BEGIN) == 1):
        raise ValueError("not one certificate in PEM")
    body = text.removeprefix(_PEM_BEGIN).removesuffix(_PEM_END)
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("not one certificate in PEM") from error
    return hashlib.sha256(der).hexdigest()


def make_device_key(device_id: str) -> KeyPair:
    """Make the key of a device with a certificate that it signs itself.

    Args:
        device_id: Id of the device.

    Returns:
        The pair; nothing else ever holds the key.
    """
    return _make_key(f"edgeprof device {device_id}", is_device=True)


def make_host_key(valid_to: datetime.datetime = _VALID_TO) -> KeyPair:
    """Make the key of a host with a certificate of the open issuer.

    Args:
        valid_to: Last moment at which TLS accepts the certificate, in UTC without a zone.

    Returns:
        The pair; nothing else ever holds the key.
    """
    return _make_key("edgeprof host", is_device=False, valid_to=valid_to)


def _make_key(common_name: str, *, is_device: bool, valid_to: datetime.datetime = _VALID_TO) -> KeyPair:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    key = ec.generate_private_key(ec.SECP256R1())
    usage = ExtendedKeyUsageOID.SERVER_AUTH if is_device else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(name(common_name if is_device else _OPEN_ISSUER_NAME))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID_FROM)
        .not_valid_after(valid_to)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if is_device:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(TLS_NAME)]), critical=False)
    certificate = builder.sign(key if is_device else ec.derive_private_key(1, ec.SECP256R1()), hashes.SHA256())
    return KeyPair(
        private_key_pem=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM),
    )
