#!/usr/bin/python3
"""Runs test programs side by side and sums what they say.

    tests/run.py [-j N] [--limit SECONDS] [--only WORD] PROGRAM...

A program is a cmocka binary, a Python script, or a shell script; PROGRAM@VARIANT is one that finds the
programs that it tests in that folder of the build. Each runs in a temporary folder of its own with a
pinned environment, and must end by itself within the limit and leave no process behind. Its count is
cmocka's closing lines or a last line "N passed, M failed, K skipped"; a program that says neither
counts as one check that passed or failed by its exit code.

With a word, programs whose path has it are run whole; of the others those cases whose name has it
(MLTOP_ONLY, which tests/only.c and tests/kit/count.py read), and nothing of what has no cases.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from kit.process import evidence

PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.M)
CMOCKA_RUN = re.compile(r"^\[==========\] .*?(\d+) test\(s\) run", re.M)
CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] .*?(\d+) test\(s\)", re.M)
RUNNING = set()  # folders of the programs that run
CMOCKA_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) test", re.M)


def environment(folder, build, only):
    env = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": folder,
        "TMPDIR": folder,
        "XDG_STATE_HOME": folder + "/state",
        "XDG_CONFIG_HOME": folder + "/config",
        "XDG_CACHE_HOME": folder + "/cache",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "LINES": "24",
        "COLUMNS": "80",
        "MLTOP_BUILD": build,
        "MLTOP_ROOT": os.getcwd(),
        "MLTOP_TEST_MARK": folder,
        "PYTHONDONTWRITEBYTECODE": "1",
        "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    for name in ("ROUNDS", "SEED", "CI", "SANITIZE", "FUZZ_RUNS", "CC", "LSAN_OPTIONS", "MLTOP_PARTS"):
        if name in os.environ:
            env[name] = os.environ[name]
    if only:
        env["MLTOP_ONLY"] = only
    return env


def variant(program, build):
    """(its path, where the programs that it tests are)."""
    path, _, of = program.partition("@")
    return path, os.path.join(build, of) if of else build


def has_cases(program):
    program = variant(program, "")[0]
    return program.endswith("_test.py") or "/unit/" in program


def command(program):
    if program.endswith(".py"):
        return ["/usr/bin/python3", os.path.abspath(program)]
    if program.endswith(".sh"):
        return ["sh", os.path.abspath(program)]
    corpus = os.path.join("tests/fuzz/corpus", os.path.basename(program))
    seeds = [os.path.abspath(corpus)] if "/fuzz/" in program and os.path.isdir(corpus) else []
    return [os.path.abspath(program)] + seeds


def count(output, code):
    """(passed, failed, skipped) of one program."""
    plain = PLAIN.findall(output)
    if plain:
        p, f, s = (int(x or 0) for x in plain[-1])
        return p, f + (1 if code != 0 and f == 0 else 0), s
    if CMOCKA_RUN.search(output):
        p = sum(int(n) for n in CMOCKA_PASSED.findall(output))
        ran = sum(int(n) for n in CMOCKA_RUN.findall(output))
        s = sum(int(n) for n in CMOCKA_SKIPPED.findall(output))
        f = max(ran - p - s, 0)
        return p, f + (1 if code != 0 and f == 0 else 0), s
    return (1, 0, 0) if code == 0 else (0, 1, 0)


def marked(folder):
    """Processes that carry this test's mark in their environment: left behind."""
    left = []
    needle = ("MLTOP_TEST_MARK=" + folder).encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if needle in f.read().split(b"\0"):
                    with open(f"/proc/{pid}/cmdline", "rb") as c:
                        left.append((int(pid), c.read().replace(b"\0", b" ").decode(errors="replace")))
        except OSError:
            pass
    return left


def left_behind(folder):
    deadline = time.monotonic() + 10
    left = marked(folder)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = marked(folder)
    return left


def kill_marked():
    """What runs for us; again until nothing starts any more."""
    for _ in range(50):
        left = [pid for folder in list(RUNNING) for pid, _ in marked(folder)]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        if not left:
            break
        time.sleep(0.02)


def run(program, limit, build, only=""):
    folder = tempfile.mkdtemp(prefix="mltop-test-")
    RUNNING.add(folder)
    os.chmod(folder, 0o755)  # tasks that run as another user must get through
    os.chmod(folder, 0o711)  # tasks of a shared platform run as users of their own
    started = time.monotonic()
    log = open(folder + "/.output", "wb+")
    path, build = variant(program, build)
    child = subprocess.Popen(command(path), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                             env=environment(folder, build, only), start_new_session=True)
    try:
        code = child.wait(limit)
        note = ""
    except subprocess.TimeoutExpired:
        note = f"ended after {limit} s without a result\n"
        note += "".join(f"{words}\n{evidence(pid)}\n" for pid, words in marked(folder))
        os.killpg(child.pid, signal.SIGKILL)
        code = child.wait()
    left = left_behind(folder)
    for pid, words in left:
        note += f"left a process behind: {pid} {words}\n"
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    log.seek(0)
    output = log.read().decode(errors="replace")
    log.close()
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):
        note += f"left what cannot be removed: {folder}\n"
    RUNNING.discard(folder)
    passed, failed, skipped = count(output, code)
    if note:
        failed += 1
    return program, passed, failed, skipped, time.monotonic() - started, output + note


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("-j", type=int, default=os.cpu_count() or 1)
    ap.add_argument("--limit", type=float, default=300)
    ap.add_argument("--build", default=os.environ.get("MLTOP_BUILD", "build"))
    ap.add_argument("--only", default="")
    ap.add_argument("programs", nargs="+")
    args = ap.parse_args()
    # Shells start what runs in the background with these ignored, and tests would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)
    # Who ends us ends the tests as well: their processes, folders and ports.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    totals = [0, 0, 0]
    build = os.path.abspath(args.build)
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        whole = {p for p in args.programs if args.only in p}
        futures = [pool.submit(run, p, args.limit, build, "" if p in whole else args.only)
                   for p in args.programs if p in whole or has_cases(p)]
        try:
            for future in concurrent.futures.as_completed(futures):
                program, passed, failed, skipped, took, output = future.result()
                for i, n in enumerate((passed, failed, skipped)):
                    totals[i] += n
                if program not in whole and not passed + failed + skipped:
                    continue
                bad = failed or (skipped and os.environ.get("CI"))
                print(f"{'FAIL' if bad else 'ok  '} {program:44s} {passed:4d} passed {failed:3d} failed"
                      f" {skipped:3d} skipped {took:6.1f} s", flush=True)
                if failed or skipped:
                    print("\n".join("    " + line for line in output.splitlines()[-120:]), flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            kill_marked()
            pool.shutdown()
            print("interrupted", file=sys.stderr)
            return 130
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    if args.only and totals == [0, 0, 0]:
        print(f"no test has the word {args.only} in its path or its name", file=sys.stderr)
    return 1 if totals[1] or totals[0] == 0 or (totals[2] and os.environ.get("CI")) else 0


if __name__ == "__main__":
    sys.exit(main())
