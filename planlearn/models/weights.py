"""A hash that names a model's weights."""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as buffer:
        yield buffer


def _tensor_digests(buffer: bytes | mmap.mmap) -> list[str]:
    """One digest a tensor: over its name, type, shape and bytes.

    The safetensors format: 8 bytes with the header's length, the header as JSON, the tensors' bytes.
    """
    length = int.from_bytes(buffer[:8], "little")
    header = json.loads(buffer[8 : 8 + length])
    digests = []
    view = memoryview(buffer)
    try:
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            digest = hashlib.sha256(json.dumps([name, entry["dtype"], entry["shape"]]).encode())
            digest.update(view[begin:end])
            digests.append(digest.hexdigest())
    finally:
        view.release()
    return digests


def weights_hash(source: Path | bytes) -> str:
    """SHA-256 over the tensors of a model folder (or of one safetensors file's bytes), as hex.

    Names, types, shapes and values count; the order of tensors, their division into files and the files' own
    metadata do not. So the same weights saved by another release of a library keep their hash.

    Raises ValueError if the folder holds no readable safetensors file.
    """
    digests: list[str] = []
    try:
        if isinstance(source, bytes):
            digests += _tensor_digests(source)
        else:
            for path in sorted(source.glob("*.safetensors")):
                with _mapped(path) as buffer:
                    digests += _tensor_digests(buffer)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{source if isinstance(source, Path) else 'weights'}: not a safetensors file"
        ) from error
    if not digests:
        raise ValueError(f"{source}: holds no safetensors file")
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
