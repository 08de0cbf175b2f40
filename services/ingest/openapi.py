"""The OpenAPI document of ingest: FastAPI's, with every fact of the contract in it."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRouter
from pydantic.json_schema import models_json_schema

from services.ingest.answers import Problem
from services.ingest.routes import BATCH, EVENT, NDJSON
from shared.contracts.documents import VERSION, examples
from shared.contracts.facts import INBOUND


def document(router: APIRouter) -> dict[str, Any]:
    """OpenAPI 3.1 of these routes."""
    description = get_openapi(
        title="SIEP ingest",
        version=VERSION,
        summary="The door through which establishments say what happened.",
        routes=router.routes,
    )
    models = [(model, "validation") for model in (*INBOUND.values(), Problem)]
    references, shared = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    components = description["components"]
    components["schemas"] |= shared["$defs"]
    components["schemas"]["Fact"] = {
        "oneOf": [references[model, "validation"] for model in INBOUND.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {name: references[model, "validation"]["$ref"] for name, model in INBOUND.items()},
        },
    }
    bodies = description["paths"]["/v1/facts"]["post"]["requestBody"]["content"]
    said = examples()
    bodies[EVENT]["examples"] = {kind: {"summary": kind.split(".")[1], "value": fact} for kind, fact in said.items()}
    few = [said["siep.admission.v1"], said["siep.release.v1"]]
    bodies[BATCH]["example"] = few
    bodies[NDJSON]["example"] = "\n".join(orjson.dumps(fact).decode() for fact in few)
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "the key of the establishment that speaks"}
    }
    return description


def describe(app: FastAPI, router: APIRouter) -> None:
    """Let the app serve this document at `/openapi.json`."""
    app.openapi = lambda: document(router)  # type: ignore[method-assign]  # FastAPI's own way to extend it
