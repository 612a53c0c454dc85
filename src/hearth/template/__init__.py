"""The template languages: HOT and CloudFormation documents, their functions, parameters and environments.

Text in, definitions and diagnostics out; pure and synchronous. `template` is the face for templates, `environment` and
`parameters` for what users give with them, `describe` and `versions` for what the API lists.
"""
