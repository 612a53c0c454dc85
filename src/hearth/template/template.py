"""The face of the template package: text in, definitions, bound resources and diagnostics out.

    load ──► Template ──► bind (with ParameterValues) ──► Bound ──► resolve (with a Scope) ──► plain data

Nothing is computed here; the parts live in `loading`, `definitions`, `binding` and `resolving`.
"""

from hearth.template.binding import Bound as Bound
from hearth.template.binding import BoundOutput as BoundOutput
from hearth.template.binding import BoundResource as BoundResource
from hearth.template.binding import bind as bind
from hearth.template.definitions import OutputDefinition as OutputDefinition
from hearth.template.definitions import ResourceDefinition as ResourceDefinition
from hearth.template.definitions import Template as Template
from hearth.template.functions.base import Allowance as Allowance
from hearth.template.functions.base import Function as Function
from hearth.template.functions.base import to_raw as to_raw
from hearth.template.loading import load as load
from hearth.template.parameter_schema import ParameterSchema as ParameterSchema
from hearth.template.parameters import PseudoValues as PseudoValues
from hearth.template.resolving import FunctionError as FunctionError
from hearth.template.resolving import Scope as Scope
from hearth.template.resolving import Use as Use
from hearth.template.resolving import attributes_used as attributes_used
from hearth.template.resolving import references as references
from hearth.template.resolving import resolve as resolve
