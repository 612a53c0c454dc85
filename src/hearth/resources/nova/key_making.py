"""Makes the two halves of an SSH key pair, as `keypair` needs them before it asks the service for anything.

The form is that in which Nova hands out pairs of its own: RSA, which old images and Windows take too.
"""

_BITS = 2048


def pair(comment: str) -> tuple[str, str]:
    """A new pair: the private key in PEM, the public key in OpenSSH's form."""
    # Takes long to import, and is for the few key pairs that bring no key of their own.
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), f"{public.decode()} {comment}"
