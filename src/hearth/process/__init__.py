"""The composition root: the `hearth` command and the processes it starts. Parts are wired together here only."""
