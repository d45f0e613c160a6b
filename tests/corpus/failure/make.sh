#!/bin/sh
# Makes the samples of this folder anew, of those programs that are there: sh make.sh OUT
# What each prints into a pipe, both outputs in one; the folder that it ran in is called /job. Samples
# from elsewhere are listed at the end of README.md.
set -u
out=$(cd "$1" && pwd)
job=$(mktemp -d)
trap 'rm -rf "$job"' EXIT
cd "$job" || exit 1
export PYTHONUNBUFFERED=1 TERM=dumb LC_ALL=C.UTF-8

sample() { # name, then the command
	name=$1
	shift
	"$@" > "$name.out" 2>&1
	echo "$name: exit $?"
	sed "s|$job|/job|g" "$name.out" > "$out/$name.log"
}
have() { command -v "$1" > /dev/null; }

cat > train.py <<'E'
import sys
def load(i):
    if i == 20:
        raise ValueError(f"corrupt sample {i}")
    return i
for i in range(30):
    print("step", i, "loss 0.5")
    load(i)
E
sample python-plain python3 train.py
cat > survived.py <<'E'
import logging, json
try:
    json.loads("{")
except ValueError:
    logging.exception("bad line, passed over")
for i in range(5): print("step", i)
{}["step"]
E
sample python-survived python3 survived.py
cat > library.py <<'E'
import json
def read():
    return json.loads("not json")
read()
E
sample python-library python3 library.py
cat > caused.py <<'E'
def load():
    raise OSError("no such shard: 7")
try:
    load()
except OSError as e:
    raise RuntimeError("training stopped") from e
E
sample python-caused python3 caused.py
cat > handling.py <<'E'
try:
    {}["lr"]
except KeyError:
    print(int("fast"))
E
sample python-handling python3 handling.py
printf 'def f(:\n    pass\n' > syntax.py
sample python-syntax python3 syntax.py
printf 'import syntax\n' > imports.py
sample python-syntax-import python3 imports.py
cat > notes.py <<'E'
e = ValueError("shape (3, 4) does not fit")
e.add_note("in layer 2")
e.add_note("of model digits")
raise e
E
sample python-notes python3 notes.py
cat > group.py <<'E'
def a(): raise ValueError("worker 3 got nan")
def b(): raise TypeError("not a tensor")
es = []
for f in (a, b):
    try: f()
    except Exception as e: es.append(e)
raise ExceptionGroup("several workers failed", es)
E
sample python-group python3 group.py
cat > pool.py <<'E'
import multiprocessing
def work(i):
    if i == 3: raise ZeroDivisionError("sample 3 is empty")
    return i
if __name__ == "__main__":
    with multiprocessing.Pool(2) as p: print(sum(p.map(work, range(8))))
E
sample python-pool python3 pool.py
cat > deep.py <<'E'
def f(n): return f(n + 1)
f(0)
E
sample python-recursion python3 deep.py
printf 'raise SystemExit("no GPU was given")\n' > says.py
sample python-exit-text python3 says.py
cat > args.py <<'E'
import argparse
p = argparse.ArgumentParser(prog="train.py"); p.add_argument("--epochs", type=int)
p.parse_args(["--epoch", "3", "--lr", "x"])
E
sample python-usage python3 args.py
sample python-no-file python3 not-there.py
sample python-no-module python3 -m not_there
cat > fault.py <<'E'
import ctypes, faulthandler
faulthandler.enable()
def crash(): ctypes.string_at(0)
crash()
E
sample python-faulthandler python3 fault.py
sample shell-not-found sh -c 'not-a-program --x'
sample bash-not-found bash -c 'not-a-program --x'

cat > throws.cc <<'E'
#include <stdexcept>
#include <cstdio>
int main() { puts("step 1"); fflush(stdout); throw std::runtime_error("batch 12 is empty"); }
E
have g++ && g++ -o throws throws.cc && sample cxx-terminate ./throws
cat > asserts.c <<'E'
#include <assert.h>
int main(int n, char **v) { (void)v; assert(n > 3); return 0; }
E
have gcc && gcc -g -o asserts asserts.c && sample c-assert ./asserts
cat > heap.c <<'E'
#include <stdlib.h>
int main(void) { char *p = malloc(8); free(p); free(p); return 0; }
E
have gcc && gcc -w -o heap heap.c && sample c-double-free ./heap
cat > after.c <<'E'
#include <stdlib.h>
int main(int n, char **v) { (void)v; int *p = malloc(8); free(p); return p[n]; }
E
have gcc && gcc -w -g -fsanitize=address -o after after.c && sample c-asan ./after
printf '#include <signal.h>\nint main(void) { return raise(SIGSEGV); }\n' > segv.c
have gcc && gcc -o segv segv.c && sample bash-segfault bash -c './segv; true'

cat > Train.java <<'E'
public class Train {
    static void load(int i) { throw new IllegalStateException("shard " + i + " is gone"); }
    public static void main(String[] a) {
        try { load(7); } catch (IllegalStateException e) { throw new RuntimeException("training stopped", e); }
    }
}
E
have javac && javac Train.java && sample java java -cp . Train
have javac || { have java && sample java java Train.java; }
printf 'function load(i) {\n  throw new RangeError("sample " + i + " is too long");\n}\nload(4);\n' > train.js
have node && sample node node train.js
mkdir -p gomod && cat > gomod/main.go <<'E'
package main
func load(i int) { var m map[string]int; m["x"] = i }
func main() { load(3) }
E
have go && (cd gomod && go build -o ../gotrain main.go) && sample go ./gotrain
cat > dead.go <<'E'
package main
func main() { c := make(chan int); <-c }
E
have go && go build -o godead dead.go && sample go-deadlock ./godead
cat > train.rs <<'E'
fn load(v: &Vec<i32>, i: usize) -> i32 { v[i] }
fn main() { println!("step 1"); let v = vec![1, 2]; println!("{}", load(&v, std::env::args().count() + 7)); }
E
have rustc && rustc -o rtrain train.rs && sample rust ./rtrain
printf 'load <- function(i) stop("sample ", i, " is empty")\nprint("step 1")\nload(3)\n' > train.R
have Rscript && sample r Rscript train.R
printf 'x <- c(1,2)\nstop("a message that is so long that R puts it onto a line of its own, as it does with all that are")\n' > long.R
have Rscript && sample r-top Rscript long.R
cat > abort.c <<'E'
#include <mpi.h>
#include <stdio.h>
#include <unistd.h>
int main(int n, char **v) {
  int rank; MPI_Init(&n, &v); MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 1) { fprintf(stderr, "cannot read shard 1\n"); MPI_Abort(MPI_COMM_WORLD, 3); }
  sleep(20); MPI_Finalize(); return 0; }
E
mpi="mpirun --allow-run-as-root --oversubscribe -n 2"
have mpicc && mpicc -w -o mabort abort.c && sample openmpi-abort $mpi ./mabort
sed 's/MPI_Abort.*}/raise(11); }/; s/unistd.h/signal.h/' abort.c > msegv.c
have mpicc && mpicc -w -o msegv msegv.c && sample openmpi-signal $mpi ./msegv
# Open MPI 4 loses that text now and then: once more says it.
have mpicc && sample openmpi-abort-told $mpi ./mabort
have mpicc && sample openmpi-abort-tagged $mpi --tag-output ./mabort
cat > exit.c <<'E'
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int n, char **v) {
  int rank; MPI_Init(&n, &v); MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 1) { fprintf(stderr, "cannot read shard 1\n"); exit(3); }
  sleep(20); MPI_Finalize(); return 0; }
E
have mpicc && mpicc -w -o mexit exit.c && sample openmpi-exit $mpi ./mexit
sed 's/cannot read/reading/; s/exit(3)/*(volatile int *)0 = 1/' exit.c > null.c
have mpicc && mpicc -w -o mnull null.c && sample openmpi-segfault $mpi --tag-output ./mnull
sed 's/exit(3)/MPI_Send(\&rank, 1, MPI_INT, 7, 0, MPI_COMM_WORLD)/' exit.c > send.c
have mpicc && mpicc -w -o msend send.c && sample openmpi-error $mpi ./msend
hydra="mpiexec.hydra -n 2"
have mpicc.mpich && mpicc.mpich -w -o habort abort.c && sample mpich-abort $hydra ./habort
have mpicc.mpich && sample mpich-abort-labels $hydra -l ./habort
have mpicc.mpich && mpicc.mpich -w -o hnull null.c && sample mpich-segfault $hydra ./hnull
have mpicc.mpich && mpicc.mpich -w -o hsend send.c && sample mpich-error $hydra ./hsend
cat > rank.py <<'E'
import os, sys, time
r = int(os.environ["OMPI_COMM_WORLD_RANK"])
if r == 1: raise ValueError("bad batch")
time.sleep(1)
raise ConnectionError("peer 1 is gone")
E
have mpirun && sample openmpi-python $mpi --tag-output python3 rank.py
