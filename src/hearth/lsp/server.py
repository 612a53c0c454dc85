"""The protocol side of the language server: requests in, answers out, diagnostics when it is quiet.

Positions of the protocol count in units the client chose (mostly UTF-16); they are turned into characters here and
nowhere else.
"""

import asyncio
import pathlib
from typing import Final

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

import hearth
from hearth.lsp import analysis, completion, cursor, hover, navigation
from hearth.tools.lint import linting
from hearth.tools.lint.rule import Level

#: Seconds without a change after which a document is checked.
QUIET: Final = 0.25

_SEVERITIES: Final = {
    Level.ERROR: lsp.DiagnosticSeverity.Error,
    Level.WARNING: lsp.DiagnosticSeverity.Warning,
    Level.NOTE: lsp.DiagnosticSeverity.Information,
}
_SYMBOLS: Final = {
    "parameters": lsp.SymbolKind.Variable,
    "resources": lsp.SymbolKind.Object,
    "outputs": lsp.SymbolKind.Field,
    "conditions": lsp.SymbolKind.Event,
}


class TemplateServer(LanguageServer):
    """The server and what it keeps: the analysis of each open document, and checks that wait for quiet."""

    def __init__(self) -> None:
        super().__init__("hearth", hearth.__version__)
        self._known: dict[str, tuple[int | None, analysis.Document]] = {}
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def document(self, uri: str) -> tuple[TextDocument, analysis.Document]:
        """An open document and its analysis, made anew when it changed."""
        text = self.workspace.get_text_document(uri)
        known = self._known.get(uri)
        if known is None or known[0] != text.version or known[1].text != text.source:
            path = uris.to_fs_path(uri)
            known = (text.version, analysis.Document(text.source, pathlib.Path(path) if path else None))
            self._known[uri] = known
        return text, known[1]

    def check_soon(self, uri: str, delay: float = QUIET) -> None:
        """Check a document when nothing has changed for a while; an earlier wait is given up."""
        self._give_up(uri)
        self._waiting[uri] = asyncio.get_running_loop().create_task(self._check(uri, delay))

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._give_up(uri)
        self._known.pop(uri, None)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))

    def _give_up(self, uri: str) -> None:
        task = self._waiting.pop(uri, None)
        if task is not None:
            task.cancel()

    async def _check(self, uri: str, delay: float) -> None:
        await asyncio.sleep(delay)
        text, document = self.document(uri)
        reports = await asyncio.to_thread(document.reports)
        diagnostics = [_diagnostic(text, report) for report in reports]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, diagnostics, text.version))

    def cursor(
        self, params: lsp.CompletionParams | lsp.HoverParams | lsp.DefinitionParams
    ) -> tuple[TextDocument, analysis.Document, cursor.Cursor]:
        """The document and cursor of a request."""
        text, document = self.document(params.text_document.uri)
        at = text.position_codec.position_from_client_units(text.lines, params.position)
        return text, document, cursor.at(document.lines, at.line, at.character)


server: Final = TemplateServer()


def serve() -> None:
    """Serve standard input and output until the client says exit."""
    server.start_io()


@server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
async def did_open(ls: TemplateServer, params: lsp.DidOpenTextDocumentParams) -> None:
    """A document is checked at once when it is opened."""
    ls.check_soon(params.text_document.uri, 0)


@server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
async def did_change(ls: TemplateServer, params: lsp.DidChangeTextDocumentParams) -> None:
    """A changed document is checked when its author pauses."""
    ls.check_soon(params.text_document.uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
async def did_save(ls: TemplateServer, params: lsp.DidSaveTextDocumentParams) -> None:
    """Others may use what was saved: all open documents are checked again."""
    for uri in list(ls.workspace.text_documents):
        ls._known.pop(uri, None)
        ls.check_soon(uri)


@server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
async def did_close(ls: TemplateServer, params: lsp.DidCloseTextDocumentParams) -> None:
    """Diagnostics go with the document."""
    ls.forget(params.text_document.uri)


@server.feature(
    lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[":", " ", "{", "[", ",", "-", "."])
)
def complete(ls: TemplateServer, params: lsp.CompletionParams) -> lsp.CompletionList:
    """What may stand at the cursor."""
    text, document, at = ls.cursor(params)
    spot = _range(text, at.line, at.start, at.line, at.start + len(at.word))
    items = [
        lsp.CompletionItem(
            label=one.label,
            kind=one.kind,
            detail=one.detail or None,
            documentation=one.documentation or None,
            text_edit=lsp.TextEdit(spot, f"{one.label}: " if one.key and not at.whole[len(at.word) :] else one.label),
            filter_text=one.label,
            sort_text=f"{'0' if 'required' in one.detail else '1'}{number:04}",
        )
        for number, one in enumerate(completion.proposals(document, at))
    ]
    return lsp.CompletionList(is_incomplete=False, items=items)


@server.feature(lsp.TEXT_DOCUMENT_HOVER)
def describe(ls: TemplateServer, params: lsp.HoverParams) -> lsp.Hover | None:
    """The documentation of what is under the cursor."""
    text, document, at = ls.cursor(params)
    found = hover.documentation(document, at)
    if not found:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.PlainText, found)
    return lsp.Hover(content, _range(text, at.line, at.start, at.line, at.end))


@server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
def define(ls: TemplateServer, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Where the thing under the cursor is declared."""
    text, document, at = ls.cursor(params)
    target = navigation.definition(document, at)
    if target is None:
        return None
    if target.path is not None:
        uri = uris.from_fs_path(str(target.path))
        start = lsp.Position(0, 0)
        return lsp.Location(uri, lsp.Range(start, start)) if uri is not None else None
    return lsp.Location(text.uri, _range(text, target.line, target.start, target.line, target.end))


@server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def outline(ls: TemplateServer, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The outline of a document."""
    text, document = ls.document(params.text_document.uri)
    return [_symbol(text, one, lsp.SymbolKind.Namespace) for one in navigation.symbols(document)]


def _symbol(text: TextDocument, one: navigation.Symbol, kind: lsp.SymbolKind) -> lsp.DocumentSymbol:
    entry = one.entry
    inner = _SYMBOLS.get(str(entry.path[0]).lower(), lsp.SymbolKind.Property)
    last = text.lines[one.last].rstrip("\r\n") if one.last < len(text.lines) else ""
    return lsp.DocumentSymbol(
        name=str(entry.path[-1]) or "(no name)",
        kind=kind,
        range=_range(text, entry.line, entry.column, one.last, max(len(last), entry.end)),
        selection_range=_range(text, entry.line, entry.column, entry.line, entry.end),
        detail=one.detail or None,
        children=[_symbol(text, child, inner) for child in one.children],
    )


def _diagnostic(text: TextDocument, report: linting.Report) -> lsp.Diagnostic:
    line, column = max(report.place.line - 1, 0), max(report.place.column - 1, 0)
    written = text.lines[line].rstrip("\r\n") if line < len(text.lines) else ""
    end = cursor.at(text.lines, line, column).end if written else column
    message = f"{report.message}\n{report.advice}" if report.advice else report.message
    return lsp.Diagnostic(
        range=_range(text, line, column, line, end if end > column else len(written)),
        message=message,
        severity=_SEVERITIES[report.level],
        code=report.rule,
        source="hearth",
    )


def _range(text: TextDocument, line: int, column: int, last_line: int, last_column: int) -> lsp.Range:
    codec, lines = text.position_codec, text.lines
    return lsp.Range(
        codec.position_to_client_units(lines, lsp.Position(line, column)),
        codec.position_to_client_units(lines, lsp.Position(last_line, last_column)),
    )
