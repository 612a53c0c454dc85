"""One specimen of each resource type: an example of how it is used, changed, replaced, drifted and removed.

Every module of this package states those of one service in its `SPECIMENS`, and why it has none of a type in its
`NOT_SHOWN`; both are found here. See `specimens.form` for what a specimen says, CONTRIBUTING.md for how to write one.
A type that has none may have an example for the reference only, in `EXAMPLES`.
"""

import importlib
import pkgutil
from collections.abc import Mapping

from specimens.form import Specimen

#: Modules about specimens, which have none.
_ABOUT = ("form", "derived", "examples")
_NAMES = sorted(one.name for one in pkgutil.iter_modules(__path__) if one.name not in _ABOUT)
_MODULES = [importlib.import_module(f"{__name__}.{one}") for one in _NAMES]

#: `{type name: specimen}`.
SPECIMENS: Mapping[str, Specimen] = {
    name: one for module in _MODULES for name, one in getattr(module, "SPECIMENS", {}).items()
}
#: Types without a specimen: `{type name: why}`.
NOT_SHOWN: Mapping[str, str] = {
    name: why for module in _MODULES for name, why in getattr(module, "NOT_SHOWN", {}).items()
}
#: What the reference shows: the specimens, and examples of types that have none. `{type name: specimen}`.
EXAMPLES: Mapping[str, Specimen] = {
    **SPECIMENS,
    **{name: one for module in _MODULES for name, one in getattr(module, "EXAMPLES", {}).items()},
}
