"""Functions that give text: joining, splitting, replacing, digests, URLs."""

import hashlib
import json
import re
import urllib.parse
from collections.abc import Mapping
from typing import Any, ClassVar

from hearth.template.functions import base
from hearth.template.functions.base import Allowance, Function, Misuse

#: Private-use characters that stand for replaced text while other keys are still looked for.
_FIRST_TOKEN, _LAST_TOKEN = 0xF0000, 0x10FFFD
_TOKENS = re.compile(f"[{chr(_FIRST_TOKEN)}-{chr(_LAST_TOKEN)}]")
#: hashlib also lists algorithms whose digest needs a length; a template cannot give one.
_ALGORITHMS = {
    name.lower(): name for name in hashlib.algorithms_available if not name.lower().startswith(("shake", "blake2-"))
}

_LONGEST_PORT = 10


def _as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def replace_all(text: str, replacements: Mapping[str, str], allowance: Allowance) -> tuple[str, list[str]]:
    """The text with every key replaced, longest keys first, and the keys that were not found (in that order).

    What was inserted is never searched again: while keys are looked for, one unused character holds its place.
    Raises Misuse for an empty key, and when the result would be too long.
    """
    keys = sorted(replacements, key=lambda key: (-len(key), key))
    if keys and not keys[-1]:
        raise Misuse("an empty text cannot be replaced", advice="Remove the empty key from params.")
    taken = {*_TOKENS.findall(text), *(token for key in keys for token in _TOKENS.findall(key))}
    tokens = (chr(code) for code in range(_FIRST_TOKEN, _LAST_TOKEN + 1) if chr(code) not in taken)
    values: dict[int, str] = {}
    missing = []
    size = len(text)
    for key in keys:
        if key not in text:
            missing.append(key)
            continue
        token = next(tokens, None)
        if token is None:
            raise Misuse(f"{len(keys)} params are too many")
        size += text.count(key) * (len(replacements[key]) - len(key))
        text = text.replace(key, token)
        values[ord(token)] = replacements[key]
    base.need_size(size, "the text", allowance)
    return text.translate(values) if values else text, missing


class StrReplace(Function):
    """`{template: text, params: {key: value}}`; values are scalars.

    Spec: https://docs.openstack.org/heat/latest/template_guide/hot_spec.html#str-replace
    """

    summary = "Puts values into a text in place of marks. Takes a map of template (the text) and params (mark: value)."
    takes_containers: ClassVar[bool] = False
    every_key: ClassVar[bool] = False
    no_empty_values: ClassVar[bool] = False

    def _parts(self, args: Any) -> tuple[Any, Any]:
        return args["template"], args["params"]

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_map(args, f"the arguments of {self.name}", ("template", "params"))
        if isinstance(args, Function):
            return
        text, params = self._parts(args)
        self._check_parts(text, params)

    def _check_parts(self, text: Any, params: Any) -> None:
        base.need_text(text, f"the template of {self.name}")
        base.need_map(params, f"the params of {self.name}")

    def build(self, args: Any, allowance: Allowance) -> str:
        """See `Function.build`."""
        text, params = self._parts(args)
        replacements = {key: self._text(key, value, allowance) for key, value in params.items()}
        done, missing = replace_all(text, replacements, allowance)
        if missing and self.every_key:
            raise Misuse(
                f"these params of {self.name} are not in the template: {', '.join(missing)}",
                advice="Correct the spelling, or remove them.",
            )
        return done

    def _text(self, key: str, value: Any, allowance: Allowance) -> str:
        if self.no_empty_values and (value is None or value in ("", [], {})):
            raise Misuse(f"param {key!r} of {self.name} has no value", advice="Give it a value that is not empty.")
        if value is None:
            return ""
        if isinstance(value, (dict, list)):
            if not self.takes_containers:
                raise Misuse(
                    f"param {key!r} of {self.name} is {base.kind_of(value)}; text, a number or a boolean is needed",
                    "TypeError",
                    advice="Template versions from 2015-10-15 insert lists and maps as JSON.",
                )
            allowance.take_value(value)
            return _as_json(value)
        return str(value)


class StrReplaceJson(StrReplace):
    """From 2015-10-15: lists and maps are inserted as JSON."""

    takes_containers = True


class StrReplaceStrict(StrReplaceJson):
    """Every key has to be found."""

    summary = "Like str_replace, and refuses marks that the text does not have."
    every_key = True


class StrReplaceVeryStrict(StrReplaceStrict):
    """Every key has to be found, and to have a value."""

    summary = "Like str_replace_strict, and refuses empty values."
    no_empty_values = True


class FnReplace(StrReplace):
    """CloudFormation's form: `[{key: value}, text]`."""

    summary = "Puts values into a text in place of marks. Takes a list of a map (mark: value) and the text."

    def _parts(self, args: Any) -> tuple[Any, Any]:
        return args[1], args[0]

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", 2, 2)
        if isinstance(args, list):
            self._check_parts(args[1], args[0])


class ListJoin(Function):
    """`[delimiter, list]`; items are text or null."""

    summary = "Joins the items of a list to one text. Takes a list of the delimiter and the list."
    most: ClassVar[int | None] = 2
    takes_containers: ClassVar[bool] = False

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", 2, self.most)
        if isinstance(args, Function):
            return
        base.need_text(args[0], f"the delimiter of {self.name}")
        for number, operand in enumerate(args[1:], 1):
            if operand is not None:
                base.need_list(operand, f"argument {number} of {self.name}")

    def build(self, args: Any, allowance: Allowance) -> str:
        """See `Function.build`."""
        texts = []
        for operand in args[1:]:
            allowance.take(len(operand or ()))
            texts += [self._text(item, allowance) for item in operand or ()]
        size = sum(map(len, texts)) + len(args[0]) * len(texts)
        base.need_size(size, f"the result of {self.name}", allowance)
        return str(args[0].join(texts))

    def _text(self, item: Any, allowance: Allowance) -> str:
        if item is None:
            return ""
        if isinstance(item, str):
            return item
        if self.takes_containers and isinstance(item, (dict, list)):
            allowance.take_value(item)
            return _as_json(item)
        raise Misuse(
            f"{self.name} joins text, not {base.kind_of(item)}",
            "TypeError",
            advice="Turn it into text with str_replace." if not isinstance(item, (dict, list)) else "",
        )


class ListJoinSeveral(ListJoin):
    """From 2015-10-15: several lists; lists and maps become JSON."""

    summary = "Joins the items of one or more lists to one text. Takes a list of the delimiter and the lists."
    most = None
    takes_containers = True


class StrSplit(Function):
    """`[delimiter, text]` or `[delimiter, text, index]`."""

    summary = "Splits a text at a delimiter. Takes a list of the delimiter, the text and, for one piece, its index."
    most: ClassVar[int] = 3
    closes_gaps = True

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", 2, self.most)
        if isinstance(args, Function):
            return
        base.need_text(args[0], f"the delimiter of {self.name}")
        if args[0] == "":
            raise Misuse(f"the delimiter of {self.name} must not be empty")
        self._check_text(args[1])
        if len(args) > 2:
            _index(args[2], self.name)

    def _check_text(self, text: Any) -> None:
        if text is not None:
            base.need_text(text, f"the text of {self.name}")

    def build(self, args: Any, allowance: Allowance) -> Any:
        """See `Function.build`."""
        if args[1] is None:
            return None
        allowance.take(len(args[1]) + base.ITEM * args[1].count(args[0]))
        pieces = args[1].split(args[0])
        if len(args) < 3:
            return pieces
        index = _index(args[2], self.name)
        if not -len(pieces) <= index < len(pieces):
            raise Misuse(f"index {index} is outside the {len(pieces)} pieces of the text")
        return pieces[index]


class FnSplit(StrSplit):
    """CloudFormation's form: no index, no null."""

    summary = "Splits a text at a delimiter. Takes a list of the delimiter and the text."
    most = 2

    def _check_text(self, text: Any) -> None:
        base.need_text(text, f"the text of {self.name}")


def _index(value: Any, name: str) -> int:
    if isinstance(value, Function):
        return 0
    try:
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            return int(value)
    except ValueError:
        pass
    raise Misuse(f"the index of {name} must be an integer, not {base.kind_of(value)}")


class Digest(Function):
    """`[algorithm, text]`; the text is encoded as latin-1."""

    summary = "Gives the hexadecimal digest of a text. Takes a list of the algorithm (sha256, ...) and the text."

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        base.need_list(args, f"the arguments of {self.name}", 2, 2)
        if isinstance(args, Function):
            return
        base.need_text(args[0], f"the algorithm of {self.name}")
        base.need_text(args[1], f"the text of {self.name}")
        if isinstance(args[0], str) and args[0].lower() not in _ALGORITHMS:
            raise Misuse(
                f"{args[0]!r} is no digest algorithm known here", advice="Common ones: md5, sha1, sha256, sha512."
            )

    def compute(self, args: Any) -> str:
        """See `Function.compute`."""
        try:
            content = args[1].encode("latin-1")
        except UnicodeEncodeError as error:
            raise Misuse(
                f"the text of {self.name} has a character outside latin-1 at position {error.start}",
                "UnicodeEncodeError",
            ) from error
        try:
            return hashlib.new(_ALGORITHMS[args[0].lower()], content, usedforsecurity=False).hexdigest()
        except ValueError as error:
            raise Misuse(f"{args[0]!r} is switched off in this machine's crypto library") from error


class MakeUrl(Function):
    """`{scheme, username, password, host, port, path, query, fragment}`, all optional."""

    summary = "Builds a URL. Takes a map of scheme, username, password, host, port, path, query and fragment."
    closes_gaps = True
    _TEXTS: ClassVar[tuple[str, ...]] = ("scheme", "username", "password", "host", "path", "fragment")
    _KEYS: ClassVar[tuple[str, ...]] = (*_TEXTS, "port", "query")

    def check(self, args: Any) -> None:
        """See `Function.check`."""
        what = f"the arguments of {self.name}"
        base.need_map(args, what)
        if isinstance(args, Function):
            return
        for key in args:
            if key not in self._KEYS:
                raise Misuse(f"{what} have an unknown key {key!r}", advice=f"Known: {', '.join(self._KEYS)}.")
        for key in self._TEXTS:
            if key in args:
                base.need_text(args[key], f"{key} of {self.name}")
        if ":" in (args.get("scheme") if isinstance(args.get("scheme"), str) else ""):
            raise Misuse(f"the scheme of {self.name} must not contain ':'")
        if "query" in args:
            base.need_map(args["query"], f"query of {self.name}")
        if "port" in args and not isinstance(args["port"], Function):
            self._check_port(args["port"])

    def _check_port(self, value: Any) -> None:
        text = str(value) if isinstance(value, (int, str)) else ""
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:_LONGEST_PORT]) <= 65535):
            raise Misuse(f"the port of {self.name} must be an integer from 1 to 65535")

    def compute(self, args: Any) -> str:
        """See `Function.compute`."""
        scheme, authority = args.get("scheme", ""), self._authority(args)
        url = urllib.parse.quote(args.get("path", ""))
        if authority or (scheme and scheme in urllib.parse.uses_netloc):
            url = f"//{authority}" + (f"/{url}" if url and not url.startswith("/") else url)
        if scheme:
            url = f"{scheme}:{url}"
        if args.get("query"):
            url += "?" + urllib.parse.urlencode(args["query"], safe="/")
        return url + "#" + urllib.parse.quote(args["fragment"]) if args.get("fragment") else url

    def _authority(self, args: Mapping[str, Any]) -> str:
        authority = ""
        if args.get("username") or args.get("password"):
            authority = urllib.parse.quote(args.get("username", ""), safe="")
            if args.get("password"):
                authority += ":" + urllib.parse.quote(args["password"], safe="")
            authority += "@"
        host = args.get("host", "").removeprefix("[").removesuffix("]") if args.get("host") else ""
        host = urllib.parse.quote(host, safe=":")
        authority += f"[{host}]" if ":" in host else host
        return f"{authority}:{args['port']}" if "port" in args else authority
