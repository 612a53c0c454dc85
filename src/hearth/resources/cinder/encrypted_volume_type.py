"""OS::Cinder::EncryptedVolumeType: how the volumes of a type are encrypted.

Spec: https://docs.openstack.org/api-ref/block-storage/v3/#create-an-encryption-type
"""

from hearth.resources import base, only_one
from hearth.resources.contract import Call, Gone, Observed
from hearth.resources.remote import Remote, remember_request
from hearth.resources.schema import Property


@base.resource("OS::Cinder::EncryptedVolumeType", since="5.0.0")
class EncryptedVolumeType(only_one.OnlyOne):
    """The encryption of a volume type.

    Part of a volume type, whose id is the physical id. The service refuses changes while the type has volumes.
    """

    remote = Remote(service="volume", path="/types", envelope="encryption")
    place, noun = "volume_type", "encryption"

    volume_type = Property(
        str, "The volume type.", required=True, refers="cinder.vtype", wire=None, live="volume_type_id"
    )
    provider = Property(str, "What encrypts, such as luks.", required=True, updatable=True)
    control_location = Property(
        str, "Who encrypts.", default="front-end", updatable=True, allowed=("front-end", "back-end")
    )
    cipher = Property(str, "Cipher and mode.", updatable=True, allowed=("aes-xts-plain64", "aes-cbc-essiv"))
    key_size = Property(int, "Length of the key, in bits.", updatable=True)

    def path(self, call: Call) -> str:
        """A type has one encryption; the last part of its path can be any text."""
        return f"{self.remote.path}/{call.physical_id}/encryption/provider"

    async def locate(self, call: Call) -> str | None:
        """A type has one encryption, and another one is refused."""
        return await self.existing(call, call.properties["volume_type"])

    async def create(self, call: Call) -> str | None:
        """The type encrypts from now on."""
        its_id = str(call.properties["volume_type"])
        body = {self.remote.envelope: self.body(call)}
        answer = await self.request(call, "POST", f"{self.remote.path}/{its_id}/encryption", body, creating=True)
        remember_request(call, answer)
        return its_id

    async def observe(self, call: Call) -> Observed | None:
        """The encryption without an envelope; nothing in it says that there is none."""
        answer = await self.request(call, "GET", f"{self.remote.path}/{call.physical_id}/encryption")
        if not answer.body:
            raise Gone(f"volume type {call.physical_id} has no encryption")
        observed: Observed = answer.body
        return observed
