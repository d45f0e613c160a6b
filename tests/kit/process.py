"""What the kernel says of a process, and what it is doing when it should have ended long ago."""
import glob
import os
import sys
import threading
import traceback

KINDS = {"01": "ESTABLISHED", "02": "SYN_SENT", "03": "SYN_RECV", "04": "FIN_WAIT1", "05": "FIN_WAIT2",
         "06": "TIME_WAIT", "07": "CLOSE", "08": "CLOSE_WAIT", "09": "LAST_ACK", "0A": "LISTEN", "0B": "CLOSING"}


def _stat(pid):
    with open(f"/proc/{pid}/stat", "rb") as f:
        return f.read().rsplit(b")", 1)[1].split()


def alive(pid):
    """False for a process that is gone or only waits to be reaped."""
    return start_time(pid) is not None


def start_time(pid):
    """In ticks since boot: with the pid, who it is. None for a process that has ended."""
    try:
        fields = _stat(pid)
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def cpu_ticks(pid):
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12])


def resident(pid, row="VmRSS"):
    """KiB of memory, with the part that other programs share."""
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(row))


def cpu_seconds(pid):
    return cpu_ticks(pid) / os.sysconf("SC_CLK_TCK")


# ---- Evidence ----

def read(path):
    """A small file of /proc, or why it cannot be read."""
    try:
        with open(path, errors="replace") as f:
            return f.read().strip()
    except OSError as e:
        return f"({e.strerror})"


def _address(text):
    at, port = text.split(":")
    quad = bytes.fromhex(at)[::-1][:4] if len(at) == 8 else bytes.fromhex(at)
    return f"{'.'.join(map(str, quad)) if len(at) == 8 else quad.hex()}:{int(port, 16)}"


def _sockets(pid):
    """Of each TCP socket that the process could hold: inode -> its ends, state and queues. The other
    end belongs to a test that may not have accepted it yet, or has let it lie unread."""
    rows = [line.split() for table in ("tcp", "tcp6")
            for line in read(f"/proc/{pid}/net/{table}").splitlines()[1:]]
    state = {(f[1], f[2]): f"{KINDS.get(f[3], f[3])} unsent:unread {f[4]}"
             f"{' not accepted' if f[9] == '0' and f[3] == '01' else ''}" for f in rows}
    return {f[9]: f"TCP {_address(f[1])} -> {_address(f[2])} {state[f[1], f[2]]}; "
            f"its other end {state.get((f[2], f[1]), 'is not here')}" for f in rows}


def _descriptors(pid):
    sockets = _sockets(pid)
    for path in sorted(glob.glob(f"/proc/{pid}/fd/*"), key=lambda p: int(os.path.basename(p))):
        try:
            target = os.readlink(path)
        except OSError:
            continue
        inode = target[len("socket:["):-1] if target.startswith("socket:[") else None
        yield f"  fd {os.path.basename(path)}: {sockets.get(inode, target)}"


def _thread(folder):
    state = next((line for line in read(folder + "/status").splitlines() if line.startswith("State:")), "State: ?")
    return (f"  thread {os.path.basename(folder)} {read(folder + '/comm')}: {state[6:].strip()}, "
            f"waits in {read(folder + '/wchan')}, system call {read(folder + '/syscall')}")


def own_threads():
    """Where the test's own threads are: it may be they who let a process wait."""
    names = {t.ident: t.name for t in threading.enumerate()}
    return "\n".join(f"  the test's {names.get(ident, ident)}: " + " > ".join(
        f"{os.path.basename(f.filename)}:{f.lineno} {f.name}" for f in traceback.extract_stack(frame)[-3:])
        for ident, frame in sys._current_frames().items())


def evidence(pid):
    """What a process that should have ended does: its threads, its descriptors, the time it used."""
    try:
        lines = [f"process {pid} used {cpu_seconds(pid):.2f} s of processor time; load {read('/proc/loadavg')}"]
    except OSError:
        return f"process {pid} is gone by now"
    lines += [_thread(at) for at in sorted(glob.glob(f"/proc/{pid}/task/*"))]
    lines += _descriptors(pid)
    return "\n".join(lines)
