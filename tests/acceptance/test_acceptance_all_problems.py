"""What is wrong in the template and what the cloud does not know come in one answer."""

import pathlib

WRONG = """
heat_template_version: 2018-08-31
resources:
  server:
    type: OS::Nova::Server
    properties:
      image: no-such-image
      flavr: m1.tiny
      flavor: m1.tiny
  net:
    type: OS::Neutron::Nett
"""


def test_a_missing_image_is_told_together_with_typing_errors(hearth, tmp_path: pathlib.Path):
    template = tmp_path / "wrong.yaml"
    template.write_text(WRONG)
    refused = hearth.run("hearth", "stack", "create", "-t", str(template), "wrong")
    assert refused.returncode == 1
    assert "3 problems found" in refused.stderr
    for said in ("no-such-image", "'flavor'", "OS::Neutron::Net'"):
        assert said in refused.stderr
