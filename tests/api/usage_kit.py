"""What attempts spent, counted here from the rows of their tasks, apart from the programs."""
import csv
import datetime
import io

from support import BASE

USAGE = BASE + "/usage"
DAY = 24 * 60 * 60 * 1000
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def ms_of(text):
    """RFC 3339 as ms since 1970, without a float in between."""
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - EPOCH) // datetime.timedelta(milliseconds=1)


def day_name(number):
    return (EPOCH + datetime.timedelta(days=number)).strftime("%Y-%m-%d")


def memory_of(text):
    text = str(text or "0")
    return int(float(text[:-1]) * UNITS[text[-1]]) if text[-1] in UNITS else int(text)


class Sums:
    """GPU ms, thousandths of CPUs times ms, bytes times ms, attempts."""

    def __init__(self):
        self.days = {}

    def add(self, key, start, ms, gpus, mcpu, memory):
        """An attempt of that key (org, owner, job): split at each midnight."""
        end, at = start + ms, start
        while True:
            day = at // DAY
            until = min(end, (day + 1) * DAY)
            one = self.days.setdefault((day_name(day), *key), [0, 0, 0, 0])
            for i, held in enumerate((gpus, mcpu, memory)):
                one[i] += held * (until - at)
            one[3] += 1
            at = until
            if at >= end:
                return

    def rows(self):
        return {key: in_units(*one) for key, one in self.days.items()}

    def by(self, *parts):
        """The same, for fewer parts of the keys: positions."""
        out = Sums()
        for key, one in self.days.items():
            sums = out.days.setdefault(tuple(key[i] for i in (0, *parts)), [0, 0, 0, 0])
            for i, value in enumerate(one):
                sums[i] += value
        return out


def in_units(gpu_ms, mcpu_ms, byte_ms, attempts):
    """As the API has them: millionths of seconds."""
    return gpu_ms * 1000, mcpu_ms, byte_ms * 1000 >> 30, attempts


def millionths(text):
    whole, _, part = text.partition(".")
    return int(whole) * 10 ** 6 + int((part + "000000")[:6])


def span_of(task):
    """(start, ms) of an attempt that is over; None where it never ran."""
    if "start_time" not in task:
        return None
    start = ms_of(task["start_time"])
    if "held_time" in task:
        return start, round(task["held_time"] * 1000)
    return start, max(0, ms_of(task["end_time"]) - start)


def held_by(task, job):
    """What the row of the attempt says, or else its job asks for."""
    of = task if "cpu_limit" in task else job
    return (int(of.get("gpu_limit", 0)), round(float(of.get("cpu_limit") or 0) * 1000) or 1000,
            memory_of(of.get("memory_limit")))


def as_csv(client, **query):
    answer = client.get(USAGE, query=dict(query, format="csv"))
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("text/csv"), answer.headers
    return list(csv.DictReader(io.StringIO(answer.body.decode())))


def told(rows, *parts):
    """Rows of CSV or JSON as Sums.rows() has them."""
    return {(r["day"], *(r[p] for p in parts)): (millionths(r["gpu_seconds"]), millionths(r["cpu_seconds"]),
                                                 millionths(r["memory_gib_seconds"]), int(r["attempts"]))
            for r in rows}
