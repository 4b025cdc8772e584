"""The running service against its own description: no 5xx, and every answer as described."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from projections.reports import REPORTS
from tests.faults.server import HEADERS, Server, running_server
from tests.journeys.sandbox import running_sandbox

ENDLESS = "/v1/events/stream"
"""Has no end; tests/rest/test_feed_stream.py reads it."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a PostgreSQL of its own, with a provider: without one every request for money is a 503."""
    data = tmp_path_factory.mktemp("described") / "data"
    with running_sandbox() as sandbox, running_server(data, sandbox.settings) as running:
        yield running


def test_every_answer_is_as_described_whatever_is_sent(server: Server) -> None:
    schemathesis = Path(sys.executable).with_name("schemathesis")
    done = subprocess.run(
        [
            schemathesis, "run", f"{server.address}/openapi.json", "--no-color", "--seed", "7", "--max-examples", "20",
            "--header", f"Authorization: {HEADERS['Authorization']}", "--checks", ",".join(CHECKS),
            "--exclude-path", ENDLESS,
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=server.log.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr
    with httpx.Client(base_url=server.address, headers=HEADERS) as client:
        paths = client.get("/openapi.json").json()["paths"]
        operations = sum(len(methods) for path, methods in paths.items() if path != ENDLESS)
        assert f"Tested: {operations}" in done.stdout, "all operations were tested"
        assert int(client.get("/v1/folios/FOLIO-204").headers["Folio-Position"]) > 0, "commands were carried out"


def test_the_description_is_openapi_3_1_with_an_example_for_every_command(server: Server) -> None:
    document = httpx.get(f"{server.address}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/v1/"):
                assert operation["security"] == [{"key": []}], (method, path)
            if "requestBody" in operation:
                name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
                assert "example" in schemas[name], (method, path)


def test_a_report_is_described_in_every_format_with_what_may_be_asked(server: Server) -> None:
    document = httpx.get(f"{server.address}/openapi.json").json()
    operation = document["paths"]["/v1/accommodations/{accommodationId}/reports/{name}"]["get"]
    parameters = {each["name"]: each for each in operation["parameters"]}
    assert [name for name, each in parameters.items() if each.get("required")] == ["accommodationId", "name", "to"]
    assert parameters["name"]["schema"]["enum"] == list(REPORTS)
    assert parameters["format"]["schema"]["enum"] == ["json", "csv", "parquet", "svg", "png"]
    assert {media_type.split(";")[0] for media_type in operation["responses"]["200"]["content"]} == {
        "application/json", "text/csv", "application/vnd.apache.parquet", "image/svg+xml", "image/png",
    }  # fmt: skip
    assert "429" in operation["responses"]


def test_the_documentation_needs_nothing_from_elsewhere(server: Server) -> None:
    page = httpx.get(f"{server.address}/", follow_redirects=True)
    assert page.status_code == 200
    assert "https://" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f"/docs/assets/{asset}" in page.text
        assert httpx.get(f"{server.address}/docs/assets/{asset}").status_code == 200
