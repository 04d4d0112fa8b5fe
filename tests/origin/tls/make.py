#!/usr/bin/python3
"""Makes the certificates beside it anew, all for the one key that is here; run by hand, with python3-cryptography. No test
runs it: certificates that change with every run would hide what a failure came from."""
import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).resolve().parent
KEY = serialization.load_pem_private_key((HERE / "key.pem").read_bytes(), None)
# No client takes "*.test": a wildcard for a whole top-level domain.
NAMES = ("localhost", "*.feeds.test")
LONG_AGO, FAR = datetime.datetime(2020, 1, 1), datetime.datetime(2126, 1, 1)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def write(file, subject, issuer, key, names=(), begin=LONG_AGO, end=FAR, authority=False):
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(KEY.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
               .add_extension(x509.BasicConstraints(authority, None), critical=True))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    (HERE / file).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def main():
    other = ec.generate_private_key(ec.SECP256R1())
    write("authority.pem", "civicwire tests", "civicwire tests", KEY, authority=True)
    write("valid.pem", "localhost", "civicwire tests", KEY, NAMES)
    write("expired.pem", "localhost", "civicwire tests", KEY, NAMES, end=datetime.datetime(2021, 1, 1))
    write("not-yet.pem", "localhost", "civicwire tests", KEY, NAMES, begin=datetime.datetime(2125, 1, 1))
    write("wrong-name.pem", "elsewhere.example", "civicwire tests", KEY, ["elsewhere.example"])
    write("unknown-authority.pem", "localhost", "nobody knows me", other, NAMES)


main()
