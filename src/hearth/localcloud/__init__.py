"""The embedded cloud: OpenStack's HTTP APIs, served by one process without any OpenStack installed.

A door of its own: it imports nothing else of hearth, and hearth speaks to it over HTTP as to any cloud.
One folder per service; `core` holds what all of them share, `app` puts them behind one port.
"""
