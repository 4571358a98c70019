"""Keys and certificates of both ends. Creating them needs `cryptography`, which is imported only then.

There is no certificate authority: each end knows the other by the fingerprint of its certificate, exchanged in the
pairing. gRPC requests a client certificate only if it can verify the issuer. So the certificates of all hosts are
issued by `OPEN_ISSUER_PEM`, whose private key is the number 1: anyone can issue certificates, and the issuer proves
nothing.
TLS proves that a host has the key of its certificate; the fingerprint decides for every call whether it is paired.

Certificates are valid from 1970 to 9999: a device without a battery-backed clock starts in 1970 and must be reachable;
trust ends by revocation. TLS still refuses a certificate that has expired by its dates.
"""

import base64
import binascii
import dataclasses
import datetime
import hashlib

TLS_NAME = "edgeprof-device"
"""Name in the certificate of every device, which hosts check instead of the address, since that may change."""

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
"""Certificate of the issuer of all host certificates. Its private key is the number 1."""

_PEM_BEGIN = "-----BEGIN CERTIFICATE-----"
_PEM_END = "-----END CERTIFICATE-----"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private key with its certificate.

    Args:
        private_key_pem: The key, PKCS #8 in PEM. Left out of `repr`, since it is secret.
        certificate_pem: The certificate in PEM.
    """

    private_key_pem: bytes = dataclasses.field(repr=False)
    certificate_pem: bytes

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the certificate."""
        return fingerprint_of(self.certificate_pem)


def fingerprint_of(certificate_pem: bytes) -> str:
    """Return the fingerprint of a certificate.

    Args:
        certificate_pem: One certificate in PEM.

    Returns:
        SHA-256 of its DER encoding, 64 hexadecimal digits.

    Raises:
        ValueError: If it is not one certificate in PEM.
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
    """Create the key of a device with a self-signed certificate.

    Args:
        device_id: Id of the device.

    Returns:
        Key and certificate; the key is stored nowhere else.
    """
    return _make_key(f"edgeprof device {device_id}", is_device=True)


def make_host_key(valid_to: datetime.datetime = _VALID_TO) -> KeyPair:
    """Create the key of a host with a certificate from the open issuer.

    Args:
        valid_to: End of the validity of the certificate, in UTC, without time zone.

    Returns:
        Key and certificate; the key is stored nowhere else.
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
