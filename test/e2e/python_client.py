"""Follows jobs over a bad line with python3-socketio; what it prints of a job is each event once, in order.

    python_client.py URL TOKEN TRANSPORTS [--no-recovery]

Reads commands, one JSON array a line (["start:job", {...}]), and prints one JSON object a line:
{"connected": body}, {"answer": body}, {"event": name, "body": body}.
"""

import collections
import json
import sys
import threading

import engineio.payload
import socketio

# A poll brings all that waits; python-engineio drops the connection when that is more than 16 packets.
engineio.payload.Payload.max_decode_packets = 1_000_000

ENDINGS = {"job:completed", "job:failed", "job:cancelled"}


class Stream:
    """The events of one job. python3-socketio handles each message in a thread of its own, so the order in which
    handlers run is not that in which the events came: those that are ahead wait here for the ones before them."""

    def __init__(self):
        self.last = 0
        self.waiting = {}
        self.ended = False

    def take(self, name, body):
        """Returns what can be handed on now, in order."""
        if body["sequence"] > self.last:
            self.waiting[body["sequence"]] = (name, body)
        ready = []
        while self.last + 1 in self.waiting:
            self.last += 1
            ready.append(self.waiting.pop(self.last))
            self.ended = self.ended or ready[-1][0] in ENDINGS
        return ready


class Follower:
    def __init__(self):
        self.client = socketio.Client(
            reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0
        )
        self.streams = collections.defaultdict(Stream)
        self.lock = threading.Lock()
        self.client.on("connect", self.on_connect)
        self.client.on("*", self.on_event)

    def on_connect(self):
        with self.lock:
            wanted = [(job, stream.last) for job, stream in self.streams.items() if not stream.ended]
        for job, last in wanted:
            self.client.emit("reconnect:sync", {"jobId": job, "lastSequence": last})

    def on_event(self, name, body, *_offset):
        # Without {recovery: false} events carry one argument more, the offset of connection state recovery.
        if name == "connected":
            say({"connected": body})
        if "sequence" not in body:
            return
        with self.lock:
            stream = self.streams[body["jobId"]]
            for ready, its_body in stream.take(name, body):
                say({"event": ready, "body": its_body})


SPEAKING = threading.Lock()


def say(line):
    with SPEAKING:
        print(json.dumps(line), flush=True)


def main():
    url, token, transports, *options = sys.argv[1:]
    auth = {"token": token}
    if "--no-recovery" in options:
        auth["recovery"] = False
    follower = Follower()
    follower.client.connect(url, auth=auth, transports=transports.split(","), wait_timeout=10)
    for line in sys.stdin:
        say({"answer": follower.client.call(*json.loads(line))})
    follower.client.disconnect()


main()
