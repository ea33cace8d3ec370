"""The description of the API that is served beside it."""

from __future__ import annotations

from typing import Any

from exporter.web.api.endpoints import ENDPOINTS, Endpoint, Parameter
from exporter.web.api.schemas import SCHEMAS, reference

_PROBLEMS = {
    "400": "A parameter is wrong.",
    "401": "A password is asked for, and the one given is not right or not there.",
    "404": "There is no such thing.",
    "405": "Only GET and HEAD are answered.",
    "429": "More requests come than are allowed.",
    "503": "More passwords come than can be checked.",
}


def describe(version: str, server: str) -> dict[str, Any]:
    """Return the OpenAPI document.

    Args:
        version: the exporter's version.
        server: address of the API, absolute or from the root of the host.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "configmgr-exporter",
            "version": version,
            "summary": "Which task sequences and packages are stuck, at which sites, because of what, and what to do.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": {endpoint.path: {"get": _operation(endpoint)} for endpoint in ENDPOINTS},
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"password": {"type": "http", "scheme": "basic"}},
        },
        "security": [{"password": []}, {}],  # none is asked for unless users are configured
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    problems = {
        status: {"description": words, "content": _content("Error")}
        for status, words in _PROBLEMS.items()
        if status != "404" or "{" in endpoint.path
    }
    return {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": [_parameter(endpoint, parameter) for parameter in endpoint.parameters],
        "responses": {
            "200": {"description": endpoint.summary, "content": _content(endpoint.schema)},
            "304": {"description": "The client has the same answer already, by its ETag."},
            **problems,
        },
    }


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": reference(schema)}}


def _parameter(endpoint: Endpoint, parameter: Parameter) -> dict[str, Any]:
    in_path = f"{{{parameter.name}}}" in endpoint.path
    return {
        "name": parameter.name,
        "in": "path" if in_path else "query",
        "required": in_path,
        "description": parameter.description,
        "schema": parameter.schema,
    }
