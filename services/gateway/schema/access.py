"""Which role may ask which field. A root field says it with `OpenTo`; one that says nothing is for statisticians."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError
from strawberry.extensions import FieldExtension
from strawberry.extensions.field_extension import AsyncExtensionResolver, SyncExtensionResolver
from strawberry.types.base import StrawberryOptional

from services.gateway.callers import Role
from services.gateway.schema.context import Information


class OpenTo(FieldExtension):
    """Lets callers of these roles ask a field and refuses all others before anything is read.

    A field for establishments takes whose rows it may tell from `info.context.caller.scope(...)`.
    """

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    def resolve(self, next_: SyncExtensionResolver, source: Any, info: Information, **kwargs: Any) -> Any:
        """The answer of the field. Raises GraphQLError with the code FORBIDDEN."""
        self._check(info)
        return next_(source, info, **kwargs)

    async def resolve_async(self, next_: AsyncExtensionResolver, source: Any, info: Information, **kwargs: Any) -> Any:
        """The answer of the field. Raises GraphQLError with the code FORBIDDEN."""
        self._check(info)
        return await next_(source, info, **kwargs)

    def _check(self, info: Information) -> None:
        role = info.context.caller.role
        if role not in self.roles:
            needed = " or ".join(self.roles)
            raise GraphQLError(
                f"[{info.field_name}] needs the role {needed}; your key has the role {role}",
                extensions={"code": "FORBIDDEN", "roles": list(self.roles)},
            )


def guarded(root: type) -> type:
    """The same type, with every field that does not say whom it is for kept to statisticians.

    Any field may be refused, so each is nullable: what was asked beside a refused one is answered all the same.
    """
    for field in root.__strawberry_definition__.fields:  # type: ignore[attr-defined]  # set by the decorator
        if not any(isinstance(one, OpenTo) for one in field.extensions):
            field.extensions.append(OpenTo(Role.STATISTICIAN))
        if not isinstance(field.type, StrawberryOptional):
            field.type = StrawberryOptional(field.type)
    return root
