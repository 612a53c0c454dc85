"""From a request to what a definition is made of: template text, merged environment, files, parameters.

Precedence. Without `environment_files` the request's `parameters` are laid over the environment's. With them, the
stock client of Heat sends every parameter given on its command line in `parameters` too, and users expect those to
win; Heat lets the files win. Hearth does what users expect (see docs/decisions).
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from hearth.cloud import addresses, fetch, session
from hearth.cloud import errors as cloud_errors
from hearth.engine import definitions
from hearth.engine.requests import StackRequest
from hearth.model.diagnostics import Findings
from hearth.model.errors import BadRequest, Invalid, LimitExceeded, NotFound
from hearth.store import codec as codecs
from hearth.template import environment as environments
from hearth.template import template as templates

#: What a request may bring in from a container of the object store, and from URLs.
MOST_FILES: Final = 500
MOST_BYTES: Final = 32 * 2**20
#: Ways of encryption that Heat has left behind.
_OLD_METHODS: Final = ("oslo_decrypt_v1", "heat_decrypt")


def environment_of(request: StackRequest, codec: codecs.Codec) -> environments.Environment:
    """The request's environments and parameters, merged; encrypted parameters opened.

    Raises:
        Invalid: one of them is wrong.
        BadRequest: an environment file is named but not sent.
    """
    findings = Findings()
    if request.environment_files:
        given = []
        for name in request.environment_files:
            if name not in request.files:
                raise BadRequest(
                    f"The environment file {name!r} is listed in environment_files but its text is not in files."
                )
            one, problems = environments.parse(request.files[name], name)
            findings.extend(problems)
            given.append(one)
        if findings.errors:
            raise Invalid(findings.errors)
        types = _types(request) if any(one.merge_strategies for one in given) else {}
        merged, problems = environments.merge(given, types)
    else:
        merged, problems = environments.parse(request.environment or {}, "environment")
    findings.extend(problems)
    if findings.errors:
        raise Invalid(findings.errors)
    merged, problems = _opened(merged.with_parameters(request.parameters), codec)
    if problems.errors:
        raise Invalid(problems.errors)
    return merged


def _opened(environment: environments.Environment, codec: codecs.Codec) -> tuple[environments.Environment, Findings]:
    """The environment with the values that are given as `[method, encrypted text]` in clear."""
    findings = Findings()
    values = dict(environment.parameters)
    for name in environment.encrypted_param_names:
        match values.get(name):
            case [codecs.PARAMETER_METHOD, str() as token]:
                try:
                    values[name] = codec.opened_parameter(token)
                except codecs.InvalidEncryptionKey:
                    _note_closed(findings, environment, name, "it was encrypted with another key")
            case [str() as method, str()] if method in _OLD_METHODS:
                _note_closed(findings, environment, name, f"the method {method} is no longer known")
    return dataclasses.replace(environment, parameters=values), findings


def _note_closed(findings: Findings, environment: environments.Environment, name: str, why: str) -> None:
    findings.add(
        f"The encrypted value of the parameter {name!r} cannot be read: {why}",
        environment.place(name),
        kind="InvalidEncryptionKey",
        advice="Give the value in clear: it is encrypted when it is stored.",
    )


def _types(request: StackRequest) -> dict[str, str]:
    """The types of the parameters of the root template and of all templates among the files; the root's count."""
    texts: list[Any] = [text for name, text in request.files.items() if name.endswith((".yaml", ".template"))]
    types: dict[str, str] = {}
    for text in (*texts, request.template):
        if text is not None:
            parsed, _ = templates.load(text)
            declared = parsed.parameters if parsed is not None else {}
            types |= {name: schema.type for name, schema in declared.items()}
    return types


async def with_container(request: StackRequest, access: session.Session) -> StackRequest:
    """The request with its files completed by the objects of its files_container; its own files win.

    Raises:
        NotFound: there is no such container.
        LimitExceeded: it holds too much.
    """
    container = request.files_container
    if not container:
        return request
    root = f"/{quote(container, safe='')}"
    try:
        listed = await access.get("object-store", root, params={"format": "json", "limit": MOST_FILES + 1})
    except cloud_errors.NotFound as error:
        raise NotFound("Container", container, kind="NotFound") from error
    entries = [one for one in listed.body or () if "name" in one and one["name"] not in request.files]
    size = sum(one.get("bytes", 0) for one in entries)
    if len(entries) > MOST_FILES or size > MOST_BYTES:
        raise LimitExceeded(
            f"The container {container} holds {len(entries)} objects of {size} bytes; at most {MOST_FILES} objects of "
            f"{MOST_BYTES} bytes can be used as files. Give the templates a container of their own.",
            kind="DownloadLimitExceeded",
        )
    found = {}
    for name in (one["name"] for one in entries):
        answer = await access.get("object-store", f"{root}/{quote(name)}")
        found[name] = _as_text(answer.raw, f"{container}/{name}")
    return dataclasses.replace(request, files={**found, **request.files})


def _as_text(body: bytes, name: str) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"The object {name} of the files_container is not UTF-8 text.") from error


async def fetched(urls: Iterable[str], rules: addresses.FetchRules, max_bytes: int) -> dict[str, str]:
    """The texts behind URLs of templates.

    Raises:
        BadRequest: one cannot be had.
        LimitExceeded: there are too many, or one is too long.
    """
    wanted = sorted(urls)
    if len(wanted) > MOST_FILES:
        raise LimitExceeded(f"The template names {len(wanted)} URLs; at most {MOST_FILES} are fetched.")
    return {url: await fetch.fetch(url, rules, max_bytes) for url in wanted}


def template_of(request: StackRequest) -> str | Mapping[str, Any]:
    """The template as sent.

    Raises:
        BadRequest: there is none.
    """
    if request.template is None:
        raise BadRequest("No template specified: send `template` or `template_url`.")
    return request.template


def patched(request: StackRequest, stored: definitions.Material, codec: codecs.Codec) -> definitions.Material:
    """Stored material with the request laid over it (PATCH); the environment still unchecked."""
    environment, findings = environments.parse(stored.environment, "stored environment")
    if findings.errors:
        raise Invalid(findings.errors)
    given = environment_of(request, codec)
    kept = {name: value for name, value in environment.parameters.items() if name not in request.clear_parameters}
    laid = dataclasses.replace(environment, parameters=kept).with_overlay(given)
    return definitions.Material(
        stored.template if request.template is None else request.template,
        laid.to_wire(),
        {**stored.files, **request.files},
    )
