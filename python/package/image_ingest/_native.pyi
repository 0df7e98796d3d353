from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Final, Generic, Literal, Self, TypeAlias, TypeVar, final, overload

from typing_extensions import Buffer

from ._errors import ServiceError, UploadError
from ._values import Background, Inspection, Known, Unchanged

__all__ = ["CANONICAL_VERSION", "VERSION", "Batch", "CancellationToken", "Ingest", "Source", "Upload", "self_test"]

CANONICAL_VERSION: Final[int]
VERSION: Final[str]

_Result = TypeVar("_Result", covariant=True)
_Tag = TypeVar("_Tag")
_Outcome: TypeAlias = Background | UploadError | ServiceError

@final
class CancellationToken:
    def __new__(cls) -> Self: ...
    def cancel(self) -> None: ...
    @property
    def cancelled(self) -> bool: ...

@final
class Source:
    @property
    def id(self) -> str: ...
    @property
    def format(self) -> str: ...
    def __len__(self) -> int: ...

@final
class Upload:
    def __new__(cls, max_bytes: int = 10_485_760) -> Self: ...
    def push(self, chunk: Buffer) -> None: ...
    def finish(self) -> Source: ...
    def __len__(self) -> int: ...

@final
class Batch(Generic[_Result]):
    def close(self) -> None: ...
    def __iter__(self) -> Iterator[_Result]: ...
    def __next__(self) -> _Result: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

@final
class Ingest:
    def __new__(
        cls,
        max_edge: int = 2048,
        *,
        cover: tuple[int, int] | None = None,
        encoding: Literal["jpeg", "webp"] = "jpeg",
        quality: int | None = None,
        matte: tuple[int, int, int] = (255, 255, 255),
        max_bytes: int | None = None,
        max_pixels: int | None = None,
        max_memory_bytes: int | None = None,
        deadline: float | None = None,
    ) -> Self: ...
    @property
    def fingerprint(self) -> str: ...
    def ingest(self, data: Buffer | Source, *, cancellation: CancellationToken | None = None) -> Background: ...
    def ingest_if_changed(
        self, data: Buffer | Source, known: Known, *, cancellation: CancellationToken | None = None
    ) -> Background | Unchanged: ...
    def inspect(self, data: Buffer | Source) -> Inspection: ...
    def upload(self) -> Upload: ...
    @overload
    def batch(
        self,
        uploads: Iterable[Buffer | Source],
        jobs: int | None = None,
        memory_budget: int = 1_073_741_824,
        *,
        cancellation: CancellationToken | None = None,
    ) -> Batch[_Outcome]: ...
    @overload
    def batch(
        self,
        uploads: Iterable[tuple[_Tag, Buffer | Source]],
        jobs: int | None = None,
        memory_budget: int = 1_073_741_824,
        *,
        cancellation: CancellationToken | None = None,
    ) -> Batch[tuple[_Tag, _Outcome]]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, object]]: ...

def self_test() -> None: ...
