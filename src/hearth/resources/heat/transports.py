"""The ways by which a server tells how something went.

Used by wait condition handles and by software deployments.
"""

from typing import Final

CFN: Final = "CFN_SIGNAL"
TEMP_URL: Final = "TEMP_URL_SIGNAL"
HEAT: Final = "HEAT_SIGNAL"
NONE: Final = "NO_SIGNAL"
ZAQAR: Final = "ZAQAR_SIGNAL"
TOKEN: Final = "TOKEN_SIGNAL"

#: Those that software deployments know.
DEPLOYMENTS: Final = (CFN, TEMP_URL, HEAT, NONE, ZAQAR)
#: Those that wait condition handles know.
HANDLES: Final = (*DEPLOYMENTS, TOKEN)
