"""Event files of TensorBoard, written here byte by byte: nothing of it is shared with what reads them."""
import struct

WORDS = {"NaN": "nan", "Infinity": "inf", "-Infinity": "-inf"}


def as_answered(said):
    """What TensorBoard said (tests/corpus/events/make/answers.py) as our answer has it: times in whole ms."""
    return {(run, tag): [[step, round(wall * 1000), WORDS.get(value, value)] for step, wall, value in points]
            for run, tags in said.items() for tag, points in tags.items() if points}


def _table():
    rows = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        rows.append(n)
    return rows


TABLE = _table()


def masked_crc(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def record(data):
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def event(step, wall, summary):
    return b"\x09" + struct.pack("<d", wall) + (b"\x10" + varint(step) if step else b"") + field(5, summary)


def simple(tag, value):
    return field(1, field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


def scalar(tag, step, value, wall=1700000000.0):
    return record(event(step, wall + step, simple(tag, value)))


def version(wall=1700000000.0):
    return record(b"\x09" + struct.pack("<d", wall) + b"\x1a\x0dbrain.Event:2")


def curve(tag, steps, value=lambda step: 1 / (step + 1)):
    return version() + b"".join(scalar(tag, step, value(step)) for step in steps)
