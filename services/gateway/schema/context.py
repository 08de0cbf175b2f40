"""What resolvers are given, and how what they raise is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from graphql import GraphQLError
from strawberry.types import Info

from services.gateway.callers import Caller, ForbiddenError
from services.gateway.handlers import Asking, Ordering
from shared.contracts.questions import FiguresUnavailableError, QuestionError
from shared.export_ports import JobsError
from shared.ports import JournalError, ReceiptBook


@dataclass(frozen=True, slots=True)
class Context:
    """What every resolver may use, and who asks."""

    caller: Caller
    asking: Asking
    ordering: Ordering
    receipts: ReceiptBook


Information = Info[Context, None]


@contextlib.contextmanager
def told() -> Iterator[None]:
    """What cannot be answered becomes an error with a code for programs, beside the text for people."""
    try:
        yield
    except QuestionError as error:
        details = {name: value for name, value in vars(error).items() if not name.startswith("_")}
        raise GraphQLError(str(error), extensions={"code": error.code, **details}) from None
    except ForbiddenError as error:
        raise GraphQLError(str(error), extensions={"code": "FORBIDDEN"}) from None
    except (FiguresUnavailableError, JobsError, JournalError) as error:
        text = "the store of jobs does not answer" if isinstance(error, JobsError) else str(error)
        raise GraphQLError(f"{text}: ask again in a moment", extensions={"code": "UNAVAILABLE"}) from error
