"""The language server as an editor meets it: a process, JSON-RPC over its standard input and output."""

import asyncio
import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pygls")
from lsprotocol import types
from pygls.lsp import client

TEXT = """\
heat_template_version: 2021-04-16
parameters:
  größe𝄞: {type: string, description: Size}
resources:
  server:
    type: OS::Nova::Sever
    properties:
      flavor: {get_param: größe𝄞}
      image: cirros
"""


class Editor:
    """A client that speaks the protocol; counts in UTF-16 units, as editors do."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._number = 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hearth.process", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        found: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return found

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        self.send(method, params, self._number)
        while (answer := self.receive()).get("id") != self._number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def ask_at(self, method: str, line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": self.uri}, "position": position})

    def diagnostics(self) -> list[dict[str, Any]]:
        while (found := self.receive()).get("method") != "textDocument/publishDiagnostics":
            pass
        diagnostics: list[dict[str, Any]] = found["params"]["diagnostics"]
        return diagnostics

    def change(self, version: int, text: str) -> None:
        document = {"uri": self.uri, "version": version}
        self.send("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})


@pytest.fixture
def editor(tmp_path: pathlib.Path) -> Iterator[Editor]:
    one = Editor((tmp_path / "web.yaml").as_uri())
    capabilities = one.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
    assert capabilities["completionProvider"]
    assert capabilities["hoverProvider"]
    one.send("initialized", {})
    document = {"uri": one.uri, "languageId": "yaml", "version": 1, "text": TEXT}
    one.send("textDocument/didOpen", {"textDocument": document})
    yield one
    one.ask("shutdown", None)
    one.send("exit", None)
    assert one.process.wait(10) == 0
    assert one.process.stdin is not None
    assert one.process.stdout is not None
    one.process.stdin.close()
    one.process.stdout.close()


def test_diagnostics_follow_the_text(editor: Editor) -> None:
    (wrong,) = [one for one in editor.diagnostics() if one["severity"] == 1]
    assert wrong["range"]["start"] == {"line": 5, "character": 4}
    assert "OS::Nova::Server" in wrong["message"]
    # Only the last of several quick changes is checked.
    editor.change(2, TEXT.replace("Sever", "Serve"))
    editor.change(3, TEXT.replace("Sever", "Server"))
    assert [one for one in editor.diagnostics() if one["severity"] == 1] == []


def test_completion_replaces_the_word_at_the_cursor(editor: Editor) -> None:
    found = editor.ask_at("completion", 5, 14)["items"]
    (server,) = [one for one in found if one["label"] == "OS::Nova::Server"]
    assert server["textEdit"]["range"]["start"] == {"line": 5, "character": 10}
    assert server["textEdit"]["newText"] == "OS::Nova::Server"


def test_hover_counts_as_the_client_does(editor: Editor) -> None:
    found = editor.ask_at("hover", 7, 32)
    assert "Size" in found["contents"]["value"]
    assert found["range"] == {"start": {"line": 7, "character": 26}, "end": {"line": 7, "character": 33}}


def test_definition_and_symbols(editor: Editor) -> None:
    found = editor.ask_at("definition", 7, 28)
    assert found["range"]["start"] == {"line": 2, "character": 2}
    symbols = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri}})
    assert [one["name"] for one in symbols] == ["heat_template_version", "parameters", "resources"]
    assert [one["name"] for one in symbols[2]["children"]] == ["server"]


def test_closing_a_document_takes_its_diagnostics_away(editor: Editor) -> None:
    assert editor.diagnostics()
    editor.send("textDocument/didClose", {"textDocument": {"uri": editor.uri}})
    assert editor.diagnostics() == []


# ---- with a client that others have written


class Client(client.LanguageClient):
    """The library's own client; keeps what the server publishes."""

    def __init__(self) -> None:
        super().__init__("tests", "1")
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(given: types.PublishDiagnosticsParams) -> None:
            self.published.put_nowait(given)


async def test_a_client_of_the_library_is_served(tmp_path: pathlib.Path) -> None:
    uri = (tmp_path / "web.yaml").as_uri()
    editor = Client()
    await editor.start_io(sys.executable, "-m", "hearth.process", "lsp")
    async with asyncio.timeout(60):
        told = await editor.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
        assert told.capabilities.completion_provider and told.capabilities.hover_provider
        editor.initialized(types.InitializedParams())
        document = types.TextDocumentItem(uri, "yaml", 1, TEXT)
        editor.text_document_did_open(types.DidOpenTextDocumentParams(document))
        found = await editor.published.get()
        assert any("OS::Nova::Sever" in one.message and one.range.start.line == 5 for one in found.diagnostics)

        here = types.TextDocumentIdentifier(uri)
        hover = await editor.text_document_hover_async(types.HoverParams(here, types.Position(7, 28)))
        assert hover is not None and "Size" in str(hover.contents)
        inside = types.Position(5, len("    type: OS::Nova::Se"))
        offered = await editor.text_document_completion_async(types.CompletionParams(here, inside))
        items = offered.items if isinstance(offered, types.CompletionList) else offered or ()
        assert "OS::Nova::Server" in {one.label for one in items}

        right = TEXT.replace("Sever", "Server")
        version = types.VersionedTextDocumentIdentifier(2, uri)
        whole = types.TextDocumentContentChangeWholeDocument(right)
        editor.text_document_did_change(types.DidChangeTextDocumentParams(version, [whole]))
        while any("Sever" in one.message for one in found.diagnostics):
            found = await editor.published.get()
        await editor.shutdown_async(None)
        editor.exit(None)
    await editor.stop()
