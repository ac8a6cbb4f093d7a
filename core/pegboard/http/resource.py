"""The typed base of a vendor's API: a class of a few lines lists, gets, creates, updates and deletes its objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from .client import HttpClient, Options
from .pages import Asked, LinkPages, Pages

M = TypeVar("M", bound=BaseModel)


class Resource(Generic[M]):
    """One kind of object. A subclass says at which `path` it is, of which `model` it is, and how `pages` are handed out.

    Its name in logs and errors is the class's: `list Orders`. What a vendor sends beside the fields of the model is left out.
    """

    path: ClassVar[str]
    model: type[M]
    pages: ClassVar[Pages] = LinkPages()
    update_method: ClassVar[str] = "PATCH"

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def list(self, **params: Any) -> Iterator[M]:
        """All objects that match, page by page: the next page is asked for when the last object of this one was taken."""
        asked: Asked | None = Asked(self.path, params)
        seen: set[str] = set()
        while asked is not None:
            answer = self._client.get(asked.path, params=asked.params, operation=self._operation("list"))
            seen.add(repr(asked))
            yield from [answer.made(self.model, item) for item in self.pages.items(answer)]
            asked = self.pages.following(answer, asked)
            if repr(asked) in seen:
                raise answer.failure("its pages go round in a circle")

    def get(self, key: str) -> M:
        """One object. NotFound where there is none."""
        return self._client.get(self._at(key), operation=self._operation("get")).parsed(self.model)

    def create(self, values: BaseModel | Mapping[str, Any], *, idempotency_key: str | None = None) -> M:
        """A new object. `idempotency_key`: the same for all calls that mean this one."""
        options: Options = {"json": _as_json(values), "operation": self._operation("create")}
        if idempotency_key is not None:
            options["idempotency_key"] = idempotency_key
        return self._client.post(self.path, **options).parsed(self.model)

    def update(self, key: str, values: BaseModel | Mapping[str, Any]) -> M:
        """Change what `values` names; of a model, the fields that were set."""
        answer = self._client.request(
            self.update_method, self._at(key), json=_as_json(values), operation=self._operation("update")
        )
        return answer.parsed(self.model)

    def delete(self, key: str) -> None:
        """NotFound where there is none."""
        self._client.delete(self._at(key), operation=self._operation("delete"))

    def _at(self, key: str) -> str:
        """The path of one object. ValueError for a key that would lead elsewhere."""
        if key in ("", ".", ".."):
            raise ValueError(f"{key!r} is no key of an object")
        return f"{self.path}/{quote(key, safe='')}"

    def _operation(self, verb: str) -> str:
        return f"{verb} {type(self).__name__}"


def _as_json(values: BaseModel | Mapping[str, Any]) -> Any:
    return values.model_dump(mode="json", exclude_unset=True) if isinstance(values, BaseModel) else dict(values)
