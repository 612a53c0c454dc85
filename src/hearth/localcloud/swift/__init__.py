"""The embedded Swift. `SERVICE` is its class."""

from hearth.localcloud.swift.service import Swift

SERVICE: type[Swift] = Swift
