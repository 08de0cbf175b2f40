"""What breaks those who rely on a published schema, found by comparing it with the generated one.

Two directions. What producers send must still be accepted, so an inbound schema may only grow wider; what consumers
read must still be understood, so a recorded schema may only grow narrower, and keeps what it promised.
Limits: patterns count as changed when their text changes; `anyOf` and `oneOf` are compared case by case.
"""

from collections.abc import Iterator
from typing import Any

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
EXACT = ("pattern", "format", "x-catalogue", "x-token")


def breaking_changes(published: dict[str, Any], generated: dict[str, Any], *, inbound: bool) -> list[str]:
    """What a producer (inbound) or a consumer (recorded) of the published schema could no longer rely on."""
    old, new = resolved(published), resolved(generated)
    return list(_narrowed(old, new, "$", inbound=inbound) if inbound else _narrowed(new, old, "$", inbound=inbound))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every reference replaced by what it refers to."""
    plain: dict[str, Any] = _resolved(schema, schema)
    return plain


def _resolved(node: Any, root: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(item, root) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(root["$defs"][node["$ref"].removeprefix("#/$defs/")], root)
    return {key: _resolved(value, root) for key, value in node.items() if key != "$defs"}


def _narrowed(wide: dict[str, Any], narrow: dict[str, Any], at: str, *, inbound: bool) -> Iterator[str]:
    """Each way in which `narrow` refuses something that `wide` allows."""
    if wide.get("type") != narrow.get("type"):
        yield f"{at}: type {wide.get('type')} became {narrow.get('type')}"
    yield from _values(wide, narrow, at)
    yield from _bounds(wide, narrow, at)
    yield from _properties(wide, narrow, at, inbound=inbound)
    yield from _cases(wide, narrow, at, inbound=inbound)
    if "items" in wide and "items" in narrow:
        yield from _narrowed(wide["items"], narrow["items"], f"{at}[]", inbound=inbound)


def _values(wide: dict[str, Any], narrow: dict[str, Any], at: str) -> Iterator[str]:
    allowed, still = _enumerated(wide), _enumerated(narrow)
    if still is not None and (allowed is None or not allowed <= still):
        lost = "any" if allowed is None else sorted(allowed - still)
        yield f"{at}: values {lost} are no longer allowed"


def _enumerated(schema: dict[str, Any]) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _bounds(wide: dict[str, Any], narrow: dict[str, Any], at: str) -> Iterator[str]:
    for name in EXACT:
        if narrow.get(name) != wide.get(name) and (name in narrow or name.startswith("x-")):
            yield f"{at}: {name} {wide.get(name)} became {narrow.get(name)}"
    for names, tighter in ((LOWER, lambda new, old: new > old), (UPPER, lambda new, old: new < old)):
        for name in names:
            if name in narrow and (name not in wide or tighter(narrow[name], wide[name])):
                yield f"{at}: {name} {wide.get(name)} became {narrow[name]}"


def _properties(wide: dict[str, Any], narrow: dict[str, Any], at: str, *, inbound: bool) -> Iterator[str]:
    before, after = wide.get("properties", {}), narrow.get("properties", {})
    if inbound and narrow.get("additionalProperties") is False:
        yield from (f"{at}.{name}: field removed" for name in before if name not in after)
    if not inbound:
        # `narrow` is what was published: a consumer may ignore a new field but misses one that is gone.
        yield from (f"{at}.{name}: field removed" for name in after if name not in before)
    for name in set(narrow.get("required", ())) - set(wide.get("required", ())):
        yield f"{at}.{name}: {'now required' if inbound else 'no longer always there'}"
    for name in before.keys() & after.keys():
        yield from _narrowed(before[name], after[name], f"{at}.{name}", inbound=inbound)


def _cases(wide: dict[str, Any], narrow: dict[str, Any], at: str, *, inbound: bool) -> Iterator[str]:
    """Every case of `wide` must fit some case of `narrow`; a plain schema counts as its only case."""
    if not any(key in schema for schema in (wide, narrow) for key in ("anyOf", "oneOf")):
        return
    remaining = _alternatives(narrow)
    for case in _alternatives(wide):
        refusals = [list(_narrowed(case, other, at, inbound=inbound)) for other in remaining]
        if all(refusals):
            yield from min(refusals, key=len)


def _alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return schema.get("anyOf") or schema.get("oneOf") or [schema]
