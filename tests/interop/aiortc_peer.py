#!/usr/bin/python3
"""An aiortc participant, driven by JSON lines: a tone and a colour out, the tones and colours of its seats in.

Commands: {"cmd":"offer","tone":440,"colour":[Y,U,V],"seats":2}, {"cmd":"answer","sdp":…}, {"cmd":"report"}, {"cmd":"quit"}.
Without a tone it sends nothing; "colour" may be four, for the quarters of the picture; "codec":"H264" is then the only one of its camera;
"tracks":["audio","video"] are received without being seats.
Answers:  {"ev":"offer","sdp":…,"sections":…}, {"ev":"done"}, {"ev":"report","state":…,"seats":[…]}.
"""
import asyncio
import fractions
import json
import math
import struct
import sys
import time

import av
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack

RATE = 48000
SAMPLES = 960  # 20 ms
FPS = 15
WIDTH, HEIGHT = 320, 180


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Tone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, hertz):
        super().__init__()
        self.hertz = hertz
        self.at = 0
        self.began = None

    async def recv(self):
        if self.began is None:
            self.began = time.monotonic()
        await asyncio.sleep(max(0, self.began + self.at / RATE - time.monotonic()))
        samples = [int(12000 * math.sin(2 * math.pi * self.hertz * (self.at + i) / RATE)) for i in range(SAMPLES)]
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES)
        frame.planes[0].update(struct.pack(f"<{SAMPLES}h", *samples))
        frame.pts, frame.sample_rate, frame.time_base = self.at, RATE, fractions.Fraction(1, RATE)
        self.at += SAMPLES
        return frame


class Colour(MediaStreamTrack):
    kind = "video"

    def __init__(self, yuv):
        super().__init__()
        self.yuv = yuv
        self.count = 0
        self.began = None

    async def recv(self):
        if self.began is None:
            self.began = time.monotonic()
        await asyncio.sleep(max(0, self.began + self.count / FPS - time.monotonic()))
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        quarters = self.yuv if isinstance(self.yuv[0], list) else [self.yuv] * 4
        for i, plane in enumerate(frame.planes):
            left, rest = plane.width // 2, plane.line_size - plane.width // 2
            rows = [bytes([quarters[half][i]]) * left + bytes([quarters[half + 1][i]]) * rest for half in (0, 2)]
            plane.update(rows[0] * (plane.height // 2) + rows[1] * (plane.height - plane.height // 2))
        frame.pts, frame.time_base = self.count * (90000 // FPS), fractions.Fraction(1, 90000)
        self.count += 1
        return frame


def crossings_hertz(samples):
    """A tone's frequency from its upward zero crossings."""
    ups = [i for i in range(1, len(samples)) if samples[i - 1] < 0 <= samples[i]]
    return RATE * (len(ups) - 1) / (ups[-1] - ups[0]) if len(ups) > 4 else 0


def pixel(frame, x, y):
    """Its Y, U and V, at these parts of width and height."""
    return [bytes(plane)[int(plane.height * y) * plane.line_size + int(plane.width * x)] for plane in frame.planes]


class Seat:
    """What one received track last showed or sounded like."""

    def __init__(self, mid, track):
        self.mid, self.track = mid, track
        self.frames = 0
        self.yuv = None
        self.quarters = None
        self.samples = []
        asyncio.ensure_future(self.read())

    async def read(self):
        while True:
            try:
                frame = await self.track.recv()
            except Exception:  # the track has ended
                return
            self.frames += 1
            if self.track.kind == "video":
                self.yuv = pixel(frame, 1 / 2, 1 / 2)
                self.quarters = [pixel(frame, x, y) for y in (1 / 4, 3 / 4) for x in (1 / 4, 3 / 4)]
            else:
                channels = len(frame.layout.channels)
                data = struct.unpack(f"<{frame.samples * channels}h", bytes(frame.planes[0])[: frame.samples * channels * 2])
                self.samples = (self.samples + list(data[::channels]))[-RATE // 2:]

    def report(self):
        return {"mid": self.mid, "kind": self.track.kind, "frames": self.frames, "yuv": self.yuv, "quarters": self.quarters, "hertz": round(crossings_hertz(self.samples), 1)}


class Peer:
    def __init__(self):
        self.pc = None
        self.seats = []

    async def offer(self, command):
        pc = self.pc = RTCPeerConnection()
        receivers = []
        sends = "tone" in command
        if sends:
            pc.addTransceiver(Tone(command["tone"]), direction="sendonly")
            camera = pc.addTransceiver(Colour(command["colour"]), direction="sendonly")
            if "codec" in command:
                codecs = RTCRtpSender.getCapabilities("video").codecs
                camera.setCodecPreferences([c for c in codecs if c.mimeType == f"video/{command['codec']}"])
        for kind in command.get("tracks", []):
            pc.addTransceiver(kind, direction="recvonly")
        for _ in range(command["seats"]):
            receivers += [pc.addTransceiver("audio", direction="recvonly"), pc.addTransceiver("video", direction="recvonly")]
        await pc.setLocalDescription(await pc.createOffer())
        mids = [t.mid for t in pc.getTransceivers()]
        pc.on("track", lambda track: self.seats.append(Seat(next(t.mid for t in pc.getTransceivers() if t.receiver.track is track), track)))
        own = {"mic": mids[0], "camera": mids[1]} if sends else {}
        seats = [{"kind": "person", "audio": mids[i], "video": mids[i + 1]} for i in range(len(mids) - 2 * command["seats"], len(mids), 2)]
        say({"ev": "offer", "sdp": pc.localDescription.sdp, "sections": {**own, "seats": seats}})

    async def answer(self, command):
        await self.pc.setRemoteDescription(RTCSessionDescription(command["sdp"], "answer"))
        say({"ev": "done"})

    async def report(self):
        say({"ev": "report", "state": self.pc.connectionState, "seats": [seat.report() for seat in self.seats]})


async def main():
    loop = asyncio.get_event_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    peer = Peer()
    while line := await reader.readline():
        command = json.loads(line)
        if command["cmd"] == "offer":
            await peer.offer(command)
        elif command["cmd"] == "answer":
            await peer.answer(command)
        elif command["cmd"] == "report":
            await peer.report()
        else:
            break
    if peer.pc:
        await peer.pc.close()


asyncio.run(main())
