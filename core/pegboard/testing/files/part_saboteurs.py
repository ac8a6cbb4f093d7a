"""Providers broken in one way each when files come in parts. `fault` is what the suite must say of it."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flask import Flask, request

from pegboard.contracts.files import OCTET_STREAM, Part, SignedUpload, Stat
from pegboard.errors import NotFound, ProviderError
from pegboard.web.served_files.parts import PartUploads, upload_name

from .saboteurs import Lenient, Saboteur


class FinishesInAnyOrder(Saboteur):
    fault = "FinishesInAnyOrder.finish_parts`: raised nothing when the parts come in the wrong order"

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        return super().finish_parts(key, upload_id, sorted(parts, key=lambda part: part.number))


class FinishesWithAGap(Saboteur):
    fault = "FinishesWithAGap.finish_parts`: raised nothing when a part in the middle is missing"

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        last = parts[-1].number if parts else 0
        named = [part for part in super().parts(key, upload_id) if part.number <= last]
        return super().finish_parts(key, upload_id, named if len(parts) == last - 1 else parts)


class FinishesWithLessThanWasSent(Saboteur):
    fault = "FinishesWithLessThanWasSent.finish_parts`: raised nothing when the last part is missing"

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        sent = list(super().parts(key, upload_id))
        return super().finish_parts(key, upload_id, sent if parts and list(parts) == sent[: len(parts)] else parts)


class InventsParts(Saboteur):
    fault = "InventsParts.finish_parts`: raised nothing when a part is named that was not sent"

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        numbers = {part.number for part in super().parts(key, upload_id)}
        return super().finish_parts(key, upload_id, [part for part in parts if part.number in numbers])


class TrustsAnyEtag(Saboteur):
    fault = "TrustsAnyEtag.finish_parts`: raised nothing when a part has another etag than was sent"

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        etags = {part.number: part.etag for part in super().parts(key, upload_id)}
        named = [replace(part, etag=etags.get(part.number, part.etag)) for part in parts]
        return super().finish_parts(key, upload_id, named)


class TrustsAnySize(Saboteur):
    fault = "TrustsAnySize.finish_parts`: raised nothing when a part has another size than was sent"

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        sizes = {part.number: part.size for part in super().parts(key, upload_id)}
        named = [replace(part, size=sizes.get(part.number, part.size)) for part in parts]
        return super().finish_parts(key, upload_id, named)


class JoinsByName(Saboteur):
    """Part 10 comes before part 2."""

    fault = "JoinsByName.finish_parts`: stored other bytes than its 12 parts"

    class Uploads(PartUploads):
        def _joined(self, name: str, parts: Sequence[Part]) -> Generator[bytes, None, None]:
            return super()._joined(name, sorted(parts, key=lambda part: str(part.number)))


class HoldsAllParts(Saboteur):
    fault = "HoldsAllParts.finish_parts`: held"

    class Uploads(PartUploads):
        def _joined(self, name: str, parts: Sequence[Part]) -> Generator[bytes, None, None]:
            yield from list(super()._joined(name, parts))


class ShowsTheFirstPart(Saboteur):
    fault = "ShowsTheFirstPart.sign_part`: has changed what the key holds before the upload was finished"

    class Uploads(PartUploads):
        def receive(self, key: str, upload_id: str, number: int, pieces: Iterator[bytes]) -> Stat:
            self._storage.write(key, iter([b"first"]), OCTET_STREAM, {})
            return super().receive(key, upload_id, number, pieces)


class DamagesByAFailedFinish(Saboteur):
    fault = "DamagesByAFailedFinish.finish_parts`: has changed what the key holds after it was refused"

    def finish_parts(self, key: str, upload_id: str, parts: Sequence[Part]) -> Stat:
        try:
            return super().finish_parts(key, upload_id, parts)
        except ProviderError:
            with suppress(ProviderError):
                super().put(key, io.BytesIO(b"half"))
            raise


class ForgetsTheTypeOfParts(Saboteur):
    fault = "ForgetsTheTypeOfParts.finish_parts`: says another size or type of an upload in parts"

    def begin_parts(self, key: str, *, content_type: str, **options: Any) -> str:
        super().begin_parts(key, content_type=content_type)
        return super().begin_parts(key, content_type=OCTET_STREAM, **options)


class ListsPartsBackwards(Saboteur):
    fault = "ListsPartsBackwards.parts`: gives [(3, 1000), (2, 100000), (1, 100000)]: not what was sent, in order"

    def parts(self, key: str, upload_id: str) -> Sequence[Part]:
        return super().parts(key, upload_id)[::-1]


class StopsListingAtAGap(Saboteur):
    fault = "StopsListingAtAGap.parts`: gives [1] where 1, 3 and 6 were sent"

    def parts(self, key: str, upload_id: str) -> Sequence[Part]:
        return [part for at, part in enumerate(super().parts(key, upload_id), 1) if part.number == at]


class ListsWhatDoesNotExist(Saboteur):
    fault = "ListsWhatDoesNotExist.parts`: raised nothing when there is no such upload"

    def parts(self, key: str, upload_id: str) -> Sequence[Part]:
        with suppress(NotFound):
            return super().parts(key, upload_id)
        return []


class IgnoresTheKeyOfAnUpload(Saboteur):
    fault = "IgnoresTheKeyOfAnUpload.parts`: raised nothing when there is no such upload"

    class Uploads(PartUploads):
        def begin(self, key: str, *rest: Any) -> str:
            return super().begin("one", *rest)

        def receive(self, key: str, *rest: Any) -> Stat:
            return super().receive("one", *rest)

        def sent(self, operation: str, key: str, upload_id: str) -> tuple[Part, ...]:
            return super().sent(operation, "one", upload_id)


class PartOfAnySize(Saboteur):
    fault = "PartOfAnySize.sign_part`: answers 200 to a part of 9 bytes where 10 were signed: wrong size"

    def add_routes(self, app: Flask) -> None:
        self.links = Lenient(
            self.links, lambda grant: replace(grant, size=request.content_length) if grant.part else grant
        )


class PartLinkWithoutExpiry(Saboteur):
    fault = "PartLinkWithoutExpiry.sign_part`: answers 200 to a part after it expired"

    def sign_part(self, key: str, upload_id: str, number: int, *, size: int, expires: int = 900) -> SignedUpload:
        super().sign_part(key, upload_id, number, size=size, expires=expires)
        return super().sign_part(key, upload_id, number, size=size, expires=604_800)


class AbortsNothing(Saboteur):
    fault = "AbortsNothing.finish_parts`: raised nothing when the upload was aborted"

    class Uploads(PartUploads):
        def abort(self, key: str, upload_id: str) -> None:
            return


class AbortsOnlyOnce(Saboteur):
    fault = "AbortsOnlyOnce.abort_parts`: raised NotFound when it was aborted before"

    def abort_parts(self, key: str, upload_id: str) -> None:
        super().parts(key, upload_id)
        super().abort_parts(key, upload_id)


class TakesPartsAfterTheEnd(Saboteur):
    fault = "TakesPartsAfterTheEnd.sign_part`: answers 200 to a part after the upload was aborted"

    class Uploads(PartUploads):
        def receive(self, key: str, upload_id: str, number: int, pieces: Iterator[bytes]) -> Stat:
            with suppress(NotFound):
                return super().receive(key, upload_id, number, pieces)
            return self._storage.write(f"{upload_name(key, upload_id)}-{number}", pieces, OCTET_STREAM, {})


class LeavesPartsOfAborted(Saboteur):
    fault = "LeavesPartsOfAborted.abort_parts`: leaves"

    class Uploads(PartUploads):
        def abort(self, key: str, upload_id: str) -> None:
            self._storage.remove(upload_name(key, upload_id))


class LeavesPartsOfFinished(Saboteur):
    fault = "LeavesPartsOfFinished.finish_parts`: leaves"

    class Uploads(PartUploads):
        def _remove(self, name: str) -> None:
            self._storage.remove(name)


class AbortsOnlyTheLastUpload(Saboteur):
    fault = "AbortsOnlyTheLastUpload.parts`: raised nothing when all uploads of the key were aborted"

    class Uploads(PartUploads):
        def _begun(self, key: str) -> list[str]:
            return super()._begun(key)[-1:]


class AbortsUploadsOfLongerKeys(Saboteur):
    fault = "AbortsUploadsOfLongerKeys.parts`: raised NotFound when the uploads of another key were aborted"

    def begin_parts(self, key: str, **options: Any) -> str:
        self.begun = {**getattr(self, "begun", {}), (upload_id := super().begin_parts(key, **options)): key}
        return upload_id

    def abort_uploads(self, key: str) -> None:
        super().abort_uploads(key)
        for upload_id, begun in self.begun.items():
            if begun.startswith(key):
                super().abort_parts(begun, upload_id)


class DeletesWhatItFinished(Saboteur):
    fault = "DeletesWhatItFinished.abort_parts`: has changed what the key holds after the upload was finished"

    def abort_parts(self, key: str, upload_id: str) -> None:
        super().abort_parts(key, upload_id)
        super().delete(key)


SABOTEURS: tuple[type[Saboteur], ...] = tuple(kind for kind in Saboteur.__subclasses__() if kind.__module__ == __name__)
