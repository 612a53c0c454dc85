"""The block storage service (cinder) of the embedded cloud. `SERVICE` builds it; service.py says what nova may call."""

from hearth.localcloud.cinder.service import Cinder

SERVICE = Cinder
