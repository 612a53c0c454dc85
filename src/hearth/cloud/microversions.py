"""The highest microversion that the operator lets a service be asked for (`max_*_api_microversion`).

`hearth.cloud.session` asks before each call that needs one; a type that can do with less asks it beforehand.
"""

import dataclasses

from hearth.cloud import errors


@dataclasses.dataclass(frozen=True, slots=True)
class Cap:
    """`version`, such as 2.60, is the highest one; `option`: who says so, as people find it in the configuration."""

    option: str
    version: str

    def allows(self, wanted: str) -> bool:
        """Whether a microversion may be asked for."""
        return _number(wanted) <= _number(self.version)

    def check(self, service: str, wanted: str, what: str) -> None:
        """Pass a microversion that may be asked for. `what` needs it. Raises AboveCap."""
        if not self.allows(wanted):
            raise errors.AboveCap(
                0,
                service,
                f"not asked: {what} needs microversion {wanted}, and {self.option} allows {self.version} at the most; "
                "raise that option, or do without",
            )


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
