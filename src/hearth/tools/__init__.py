"""Tools for people who write templates: check, lint, format, draw, convert and explain files on their own machine.

Called by the command line and the language server. Nothing here needs a server or a cloud, nor knows the engine.
"""
