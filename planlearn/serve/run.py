"""The server's socket and its life: on 127.0.0.1 alone, from the first request to Ctrl-C."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from planlearn.errors import ModelNotFound, PlanlearnError
from planlearn.serve.limits import Limits

HOST = "127.0.0.1"


def serve(port: int, *, adapter: Path | None = None, limits: Limits | None = None, ready: Callable[[str], None]) -> None:
    """Serve until interrupted. port: 0 for a free one. ready: is told the page's address once it answers.

    Raises PlanlearnError where the port is taken or the packages are missing, ModelNotFound where the folder holds no model.
    """
    try:
        import starlette  # noqa: F401 - only to say what is missing
        import uvicorn
    except ImportError as error:
        raise PlanlearnError(f"planlearn serve needs the package {error.name}: pip install 'planlearn[serve]'") from None
    from planlearn.serve.app import make_app
    from planlearn.serve.asking import Asking
    from planlearn.serve.process import Child

    limits = limits or Limits()
    asking = None
    if adapter is not None:
        if not any((adapter / name).is_file() for name in ("adapter_config.json", "config.json")):
            raise ModelNotFound(f"{adapter} holds no trained model: expected adapter_config.json or config.json in it")
        arguments = [str(adapter.resolve()), str(limits.model_tokens)]

        def asking(limits: Limits) -> Asking:
            return Asking(Child("planlearn.serve.model", arguments, longest=limits.answer, start=600.0), limits)

    listening = _listening(port)
    with listening:
        port = listening.getsockname()[1]
        app = make_app(port=port, limits=limits, asking=asking, model=adapter.resolve().name if adapter is not None else "")

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                if self.started:
                    ready(f"http://{HOST}:{port}/")

            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                await app.state.desk.close()  # first, so that no answer is cut off that a model is writing
                await super().shutdown(sockets)

        # No proxy stands before it: what X-Forwarded-... say is believed of nobody.
        config = uvicorn.Config(
            app, log_level="error", access_log=False, lifespan="on", ws="none", proxy_headers=False, server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        try:
            Server(config).run(sockets=[listening])
        except KeyboardInterrupt:
            pass  # the way to end it


def _listening(port: int) -> socket.socket:
    """Raises PlanlearnError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that ended a moment ago holds no port
    try:
        made.bind((HOST, port))
        made.listen(64)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            raise PlanlearnError(f"port {port} is taken by another program; choose another with --port, or --port 0 for any that is free") from None
        if error.errno == errno.EACCES:
            raise PlanlearnError(f"port {port} is not for everybody; choose one above 1023 with --port") from None
        raise
    return made
