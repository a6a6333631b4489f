"""The stand-in for Twilio, listening: in a thread of a test (`twilio_fake`), or as a process of its own
(`python -m tests.support.twilio_server --latency 0.05`), which can then be asked at `/-/summary`.

One small event loop serves every connection, so that what is measured against it is not its own slowness.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.twilio_fake import Reply, Twilio, summary

_WORDS = {200: "OK", 201: "CREATED", 204: "NO CONTENT", 400: "BAD REQUEST", 401: "UNAUTHORIZED", 404: "NOT FOUND",
          409: "CONFLICT", 429: "TOO MANY REQUESTS", 500: "INTERNAL SERVER ERROR"}


async def _serve(twilio: Twilio, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            raw = await reader.readexactly(int(headers.get("content-length") or 0))
            if target == "/-/summary":
                answer = Reply(200, {**summary(twilio.messages), "requests": len(twilio.requests)})
            else:
                twilio.under_way += 1
                answer = twilio.answer(method, target, headers, raw)
            if answer.after:
                await asyncio.sleep(answer.after)
            if target != "/-/summary":
                twilio.under_way -= 1
            if answer.hang_up:
                break
            writer.write(_packed(answer))
            await writer.drain()
    with suppress(ConnectionError, asyncio.CancelledError):
        writer.close()
        await writer.wait_closed()


def _packed(answer: Reply) -> bytes:
    body = b"" if answer.body is None else answer.body
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {answer.status} {_WORDS[answer.status]}", f"Content-Length: {len(content)}"]
    if content:
        lines.append("Content-Type: application/json; charset=utf-8")
    lines += [f"{name}: {value}" for name, value in answer.headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _listen(twilio: Twilio, port: int, ready: threading.Event | None = None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    twilio.stop = lambda: loop.call_soon_threadsafe(stop.set)
    server = await asyncio.start_server(lambda *ends: _serve(twilio, *ends), "127.0.0.1", port, backlog=512)
    twilio.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    if ready is not None:
        ready.set()
    else:
        print(twilio.url, flush=True)  # noqa: T201  whoever started it wants to know
    await stop.wait()
    server.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


@contextmanager
def twilio_fake() -> Iterator[Twilio]:
    """Run the fake on a free port."""
    fake, ready = Twilio(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_listen(fake, 0, ready)), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield fake
    finally:
        fake.stop()
        thread.join(5)


def main() -> None:
    """The fake as a process: says its address in one line, and serves until it is ended."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that each request takes")
    parser.add_argument("--most-at-once", type=int, default=0, help="more at one instant are answered 429")
    asked = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_listen(Twilio(latency=asked.latency, most_at_once=asked.most_at_once), asked.port))


if __name__ == "__main__":
    main()
