"""Traces of a real process reach a collector."""

import http.server
import pathlib
import threading

from acceptance_hearth import Hearth
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TEMPLATE = "heat_template_version: 2018-08-31\nresources: {net: {type: OS::Neutron::Net}}\n"


class Collector(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    bodies: list[bytes] = []

    def do_POST(self) -> None:
        """Take a batch of spans."""
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_stack_is_one_trace_at_the_collector(tmp_path: pathlib.Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = tmp_path / "hearth.conf"
    options.write_text(
        f"[tracing]\nenabled = true\notlp_endpoint = http://127.0.0.1:{server.server_port}/v1/traces\n"
        "service_name = orchestration\n"
    )
    template = tmp_path / "net.yaml"
    template.write_text(TEMPLATE)
    own = Hearth(tmp_path / "data", "--config-file", str(options))
    own.up()
    try:
        own.hearth("stack", "create", "-t", str(template), "traced")
    finally:
        own.down()  # what is left is sent at the end
        server.shutdown()
        server.server_close()
    spans, services = [], set()
    for body in Collector.bodies:
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            services |= {one.value.string_value for one in group.resource.attributes if one.key == "service.name"}
            spans += [span for scope in group.scope_spans for span in scope.spans]
    assert services == {"orchestration"}
    [action] = [span for span in spans if span.name == "stack CREATE"]
    trace = {span.name for span in spans if span.trace_id == action.trace_id}
    assert trace >= {"api POST", "stack CREATE", "step converge", "POST network"}
