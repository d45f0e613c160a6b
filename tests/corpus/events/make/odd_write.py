"""What no library writes on a good day, by TensorBoard's own messages: what its reader makes of it counts."""
import os
import struct
import sys

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

TOP = sys.argv[1]


def record(data):
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc32c(head)) + data + struct.pack("<I", masked_crc32c(data))


def event(step, *values, wall=1700000000.25, **more):
    e = Event(wall_time=wall + step, step=step, **more)
    if values:
        e.summary.value.extend(values)
    return record(e.SerializeToString())


def simple(tag, value, **more):
    return Summary.Value(tag=tag, simple_value=value, **more)


def plugin(name, data_class=0):
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=name), data_class=data_class)


def tensor(tag, value, metadata=None, dims=(), content=False):
    v = Summary.Value(tag=tag, metadata=metadata)
    v.tensor.dtype = 1
    for dim in dims:
        v.tensor.tensor_shape.dim.add(size=dim)
    if content:
        v.tensor.tensor_content = struct.pack("<f", value)
    else:
        v.tensor.float_val.append(value)
    return v


def write(run, *files):
    os.makedirs(os.path.join(TOP, run), exist_ok=True)
    for name, data in files:
        with open(os.path.join(TOP, run, name), "wb") as f:
            f.write(data)


VERSION = record(Event(wall_time=1700000000, file_version="brain.Event:2").SerializeToString())
curve = lambda tag, steps, add=0.0: b"".join(event(s, simple(tag, s + add)) for s in steps)

# Names are taken in the order of their bytes: 10 before 9.
write("order", ("events.out.tfevents.10.a", VERSION + curve("loss", range(6))),
      ("events.out.tfevents.9.b", VERSION + curve("loss", [3, 4], 0.5)))
# A step that goes back takes those of its own tag, whatever session logs say.
write("back", ("x.tfevents.1", VERSION + curve("a", range(9)) + curve("b", range(9)) +
               record(Event(wall_time=1700000009, step=4,
                            session_log=SessionLog(status=SessionLog.START)).SerializeToString()) +
               curve("a", [4, 5], 0.25) + curve("c", [7, 7, 7, 3, 3])))
write("negative", ("tfevents", VERSION + curve("loss", [-5, -1, 0, 2**40])))
# What a tag is its first value says.
write("first", ("tfevents.1", VERSION +
                event(1, tensor("none", 1.0)) + event(2, simple("none", 2.0)) +
                event(1, tensor("named", 1.0, plugin("scalars"))) + event(2, tensor("named", 2.0)) +
                event(3, tensor("named", 3.0, plugin("histograms"), content=True)) +
                event(1, tensor("other", 1.0, plugin("histograms"))) + event(2, simple("other", 2.0)) +
                event(1, simple("simple", 1.0, metadata=plugin("histograms"))) +
                event(1, simple("class", 1.0, metadata=plugin("x", 2))) +
                event(1, tensor("by-class", 1.0, plugin("whatever", 1))) +
                event(1, simple("then-tensor", 1.0)) + event(2, tensor("then-tensor", 2.0)) +
                event(1, Summary.Value(tag="only-metadata", metadata=plugin("scalars"))) +
                event(2, simple("only-metadata", 2.0))))
# A hole takes what stands behind it, and is no point.
write("hole", ("tfevents.1", VERSION + b"".join(event(s, tensor("loss", s, plugin("scalars"))) for s in range(6)) +
               event(3, tensor("loss", 9.0, dims=(1,))) + event(4, tensor("loss", 4.5))))
write("torn", ("tfevents.1", VERSION + curve("loss", range(5)) + event(5, simple("loss", 5.0))[:-2]))
write("lying", ("tfevents.1", VERSION + curve("loss", range(5)) + b"\xff" * 12 + curve("loss", range(5, 9))))
write("empty", ("tfevents.1", b""), ("tfevents.2", VERSION + curve("loss", range(2))))
write("several", ("tfevents.1", VERSION + event(1, simple("a", 1.0), Summary.Value(
    tag="picture", image=Summary.Image(height=1, width=1, encoded_image_string=b"x" * 70000)), simple("b", 2.0),
    simple("a", 3.0))))
write("not-an-event", ("tfevents.1", VERSION + curve("loss", range(3)) + record(b"\x0b\x0b") + curve("loss", [3])))
write("nan-time", ("tfevents.1", VERSION + curve("loss", range(3)) + event(3, simple("loss", 3.0), wall=float("nan")) +
                   curve("loss", [4])))
write("special", ("tfevents.1", VERSION + b"".join(event(i, simple("loss", v)) for i, v in enumerate(
    [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-45, 3.4e38]))))
write("zero-step", ("tfevents.1", VERSION + event(0, simple("loss", 1.0)) + event(0, simple("loss", 2.0))))
