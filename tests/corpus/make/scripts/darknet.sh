# a network of two layers on squares of two colours
mkdir -p data out
python3 - <<'P'
import struct
import zlib


def png(path, colour):
    rows = b"".join(b"\0" + bytes(colour) * 16 for _ in range(16))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


names = []
for i in range(64):
    name = "data/%d_%s.png" % (i, ("red", "blue")[i % 2])
    png(name, ((250 - i, i, 9), (9, i, 250 - i))[i % 2])
    names.append(name)
open("train.list", "w").write("\n".join(names) + "\n")
open("labels.txt", "w").write("red\nblue\n")
open("job.data", "w").write("classes=2\ntrain=train.list\nvalid=train.list\nlabels=labels.txt\nbackup=out\ntop=1\n")
open("net.cfg", "w").write("""[net]
batch=8
subdivisions=1
height=16
width=16
channels=3
learning_rate=0.01
policy=poly
max_batches=40
[convolutional]
filters=4
size=3
stride=1
pad=1
activation=leaky
[avgpool]
[connected]
output=2
activation=linear
[softmax]
groups=1
""")
P
darknet classifier train job.data net.cfg
