"""A Prefect server that lives exactly as long as the program that started it.

Run as a script by :mod:`flows.server`: ``python serve.py FD FOLDER``, where FD is a
socket that already listens and FOLDER is this server's own. Its standard input is a
pipe whose other end only the parent holds. However the parent ends, kill -9 included,
the system closes that end; then this process removes its folder and leaves. The
database in it serves Prefect's window only; what must last is in the logbook.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import sqlite3
import sys
import threading
from pathlib import Path


def leave_with_parent(folder: Path) -> None:
    """Wait for the end of standard input, remove the folder, end the process.

    Ending while tables are being made is harmless: the next start makes them.
    """
    while os.read(0, 1024):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def prepare_database(database: Path, template: Path) -> None:
    """Lay a database with Prefect's tables, made once and copied from then on.

    Making the tables takes about 10 s, copying them 10 ms.

    Args:
        database: The file to make.
        template: Where the tables of this Prefect version are kept between starts.
    """
    if template.exists():
        shutil.copyfile(template, database)
        return
    from prefect.server.database import provide_database_interface  # noqa: PLC0415

    asyncio.run(provide_database_interface().create_db())
    draft = database.with_name("tables.db")
    with (
        contextlib.closing(sqlite3.connect(database)) as source,
        contextlib.closing(sqlite3.connect(draft)) as target,
    ):
        source.backup(target)
    with contextlib.suppress(OSError):  # a read-only home
        beside = template.with_suffix(f".{os.getpid()}")
        shutil.copyfile(draft, beside)
        beside.replace(template)  # whole or not at all


def main() -> None:
    """Serve until the parent is gone."""
    listener, folder = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    threading.Thread(target=leave_with_parent, args=(folder,), daemon=True).start()
    database = folder / "prefect.db"
    url = f"sqlite+aiosqlite:///{database}"
    os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
    # Imported here, because Prefect reads the line above while it is imported.
    import prefect  # noqa: PLC0415
    import uvicorn  # noqa: PLC0415
    from prefect.server.api.server import create_app  # noqa: PLC0415

    home = Path(os.environ["PREFECT_HOME"])
    prepare_database(database, home / f"tables-{prefect.__version__}.db")
    app = create_app(ephemeral=True, final=True)
    config = uvicorn.Config(app, log_level="error", lifespan="on")
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
