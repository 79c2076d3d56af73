"""Where the two processes of a judgement sit: one has the program and serves, the other has the tests and asks.

The host carries the messages. The program's process can send what it likes; only the tests' process says what passed.
"""

import bisect, cmath, collections.abc, copy, dataclasses, enum, functools, heapq, itertools, math, operator, statistics, string, sys, tempfile, threading, time, typing

from . import arrays, judge, program, wire

wire.share_modules()


class Ended(BaseException):
    """The other process has ended. Not an Exception, so that tests cannot take it for one of the program's."""


def take(receive, send, loaded):
    arrays.register(wire, loaded)
    kind, payload = receive()
    if kind == "L":
        serve(payload.decode("utf-8", "replace"), receive, send)
    else:
        send("Z", judge.judge(payload.decode(), asker(receive, send), lambda finding: send("T", finding)).encode())


def serve(code, receive, send):
    def ask(message):
        send("X", message)
        return receive()[1]

    send("R", program.load(code, ask).encode())
    while True:
        send("X", program.serve(receive()[1]))


def asker(receive, send):
    def ask(message):
        send("X", message)
        while True:
            kind, payload = receive()
            if kind == "X":
                return payload
            if kind == "W":
                sys.stdout.write(payload.decode("utf-8", "replace"))
            else:
                raise Ended(payload.decode("utf-8", "replace"))

    return ask
