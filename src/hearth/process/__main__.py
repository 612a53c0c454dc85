"""`python -m hearth.process`: the same as the `hearth` command. A detached Hearth is started this way."""

from hearth.process import main

main.main()
