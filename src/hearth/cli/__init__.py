"""The command line's `stack` and `cloud` groups: a client of the REST APIs, nothing more.

Progress and errors go to standard error, data to standard output. The entry point (`hearth.process.main`) hangs the
groups into the `hearth` command. Knows no engine, no API server and no embedded cloud: any Heat-compatible
endpoint will do.
"""
