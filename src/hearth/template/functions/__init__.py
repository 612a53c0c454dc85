"""The functions of the template languages, a class each; `hearth.template.versions` says which version has which."""
