"""Where artefacts are kept for all machines: a folder they share, or an object store named by a URL.

Everything is written and read below a local folder, `store.root`, under names such as
`cases/0f3a…`. With a folder (a disk of this machine, NFS) that is the store itself; with an object store it is
this machine's bounded cache, and `publish` and `open` carry files across.
"""

from pathlib import Path

from generation.pipeline.stores.cache import Cache
from generation.pipeline.stores.folder import FolderStore
from generation.pipeline.stores.interface import Store
from generation.pipeline.stores.remote import RemoteStore
from generation.pipeline.stores.wire import Wire


def open_store(root: Path, *, url: str = "", cache_bytes: int = 50 * 2**30) -> Store:
    """The store at `url` with its cache in `root`; without a URL, the folder `root` itself."""
    if not url:
        return FolderStore(root)
    return RemoteStore(root, Wire(url), Cache(root, max_bytes=cache_bytes))
