"""Types of the key manager."""

from hearth.resources.barbican import containers, order, secret

TYPES = (
    secret.Secret,
    order.Order,
    containers.GenericContainer,
    containers.RSAContainer,
    containers.CertificateContainer,
)
