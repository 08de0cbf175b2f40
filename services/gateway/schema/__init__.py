"""The GraphQL schema, put together from its parts."""

from __future__ import annotations

from types import NoneType

import strawberry
from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    MaskErrors,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    ValidationCache,
)
from strawberry.tools import merge_types

from services.gateway.schema.access import guarded
from services.gateway.schema.anomalies import AnomaliesQuery
from services.gateway.schema.exports import ExportsMutation, ExportsQuery
from services.gateway.schema.figures import FiguresQuery
from services.gateway.schema.headcounts import HeadcountsQuery
from services.gateway.schema.history import HistoryQuery
from services.gateway.schema.laws import LawsQuery
from services.gateway.schema.receipts import ReceiptsQuery
from services.gateway.schema.reference import ReferenceQuery

QUERIES = (
    FiguresQuery,
    ReferenceQuery,
    ExportsQuery,
    AnomaliesQuery,
    HeadcountsQuery,
    HistoryQuery,
    LawsQuery,
    ReceiptsQuery,
)
DEPTH_MAX = 8
ALIASES_MAX = 20
TOKENS_MAX = 2_000
REMEMBERED = 500
"""Texts of queries whose parsing and validation is remembered: clients ask the same texts with other variables."""


def build() -> strawberry.Schema:
    """The schema with its limits. What a resolver raises unforeseen is logged and not told."""
    # Made once: what a text was validated by is part of what the cache remembers it by.
    limits = [
        *QueryDepthLimiter(max_depth=DEPTH_MAX).validation_rules,
        *MaxAliasesLimiter(max_alias_count=ALIASES_MAX).validation_rules,
    ]
    return strawberry.Schema(
        query=guarded(merge_types("Query", QUERIES)),
        mutation=guarded(merge_types("Mutation", (ExportsMutation,))),
        extensions=[
            lambda: ParserCache(maxsize=REMEMBERED),
            lambda: ValidationCache(maxsize=REMEMBERED),
            lambda: AddValidationRules(limits),
            lambda: MaxTokensLimiter(max_token_count=TOKENS_MAX),
            lambda: MaskErrors(_is_ours, "something went wrong here; it is logged"),
        ],
    )


def sdl() -> str:
    """The schema as a document."""
    return build().as_str() + "\n"


def _is_ours(error: GraphQLError) -> bool:
    """Whether an error was not meant for clients."""
    return not isinstance(error.original_error, GraphQLError | NoneType)
