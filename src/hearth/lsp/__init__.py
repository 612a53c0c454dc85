"""The language server: diagnostics, completion, hover and navigation for templates in any editor, over stdio.

`outline` and `cursor` read text that is being typed and so is broken most of the time; `completion`, `hover` and
`navigation` answer from them; `server` speaks the protocol. No cloud and no Hearth server is needed.
"""
