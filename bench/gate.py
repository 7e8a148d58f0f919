"""gate.py - programs under socketcall against the native kernel, an empty gate (floor.c)
and strace: the same worker (worker.c) under each. What never waits is measured in
processor time.
"""
import statistics
import subprocess
import sys
import time

from table import row
from turns import Worker, interleave, quartiles_of_ratio

BITS = {64: "x86-64", 32: "i386"}
MOVES = [("send+recv", "sendrecv", 64), ("send+recv", "sendrecv", 65536),
         ("write+read", "writeread", 64), ("write+read", "writeread", 65536)]


def size_text(size):
    return "64 KiB" if size == 65536 else f"{size} B"


def memory_of(pid):
    """KiB resident, and the share of it that is this process' own (root only)."""
    found = {}
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                found["rss"] = int(line.split()[1])
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            for line in f:
                if line.startswith("Pss:"):
                    found["pss"] = int(line.split()[1])
    except OSError:
        pass
    return found


class Suite:
    title = "The gate"

    def __init__(self, build, out, quick, only):
        self.gate = f"{build}/socketcall"
        self.floor = f"{build}/bench/bench-floor"
        self.worker = {64: f"{build}/bench/bench-worker64", 32: f"{build}/bench/bench-worker32"}
        self.launches, self.turns, self.seconds = (2, 30, 0.004) if quick else (6, 80, 0.004)
        self.crowd = 1000
        self.out = out
        self.only = only
        self.times = {}   # (case, bits, way) -> ns per operation, of each turn
        self.memory = {}  # programs -> process -> {rss, pss} in KiB
        # No rule of a real policy makes getsockname be served. A log rule does; its lines
        # go to /dev/null, and making them is part of what is measured.
        with open(f"{out}/served.policy", "w") as f:
            f.write("log getsockname\n")

    def run_way(self, way, bits, *case):
        """The command of one worker: way says under what it runs."""
        policy = {"preset": ["--preset", "no-alg-vsock"],
                  "connect": ["--deny", "connect to 10.0.0.0/8"],
                  "served": ["--policy", f"{self.out}/served.policy"],
                  "trace": ["--trace=/dev/null"]}
        # A filter that looks at the number of the call and lets these through: getpeername.
        number = {"getsockname": "6", "connect": "3", "socket": "1"}.get(case[0], "7")
        ways = {"native": [],
                "floor": [self.floor, number],
                "floor+call": [self.floor, "-c", number],
                "floor+serve": [self.floor, "-s", number],
                "strace": ["strace", "-f", "-e", "trace=network", "-o", "/dev/null"]}
        if way in policy:
            before = [self.gate, "run", *policy[way], "--"]
        else:
            before = ways[way]
        return [*before, self.worker[bits], *map(str, case)]

    def interleave(self, name, bits, case, ways, most=1 << 30):
        found = interleave({way: self.run_way(way, bits, *case) for way in ways},
                           self.launches, self.turns, self.seconds, most)
        times = {way: [turn[0] for turn in turns] for way, turns in found.items()}
        for way in ways:
            self.times[name, bits, way] = times[way]
        print(f"  {name} {bits}: " + ", ".join(
            f"{way} {statistics.median(times[way]) / 1000:.2f}" for way in ways) + " us",
            file=sys.stderr)

    def ratio(self, name, bits, over, under):
        """Median and quartiles of the ratio of two workers' times, turn by turn."""
        return quartiles_of_ratio(self.times[name, bits, over], self.times[name, bits, under])

    def measure_memory(self, programs, port):
        worker = Worker(self.run_way("connect", 64, "crowd", port, programs))
        try:
            time.sleep(0.3)
            foreground = worker.process.pid
            with open(f"/proc/{foreground}/task/{foreground}/children") as f:
                supervisor = int(f.read().split()[0])
            self.memory[programs] = {"foreground": memory_of(foreground),
                                     "supervisor": memory_of(supervisor)}
        finally:
            worker.end()
        print(f"  memory with {programs}: {self.memory[programs]}", file=sys.stderr)

    def measure(self):
        def wanted(name):
            return not self.only or self.only in name

        server = subprocess.Popen([self.worker[64], "server"], stdout=subprocess.PIPE, text=True)
        try:
            port = server.stdout.readline().strip()
            for bits in (64, 32):
                for name, case, size in MOVES:
                    if wanted("moves"):
                        self.interleave(f"{name} {size_text(size)}", bits, (case, size),
                                        ["native", "floor", "preset"] if size == 64 else
                                        ["native", "preset"])
                if wanted("getsockname"):
                    self.interleave("getsockname", bits, ("getsockname",),
                                    ["native", "floor", "floor+serve", "served", "trace"])
                # Few at a time, so that the server's backlog never overflows.
                if wanted("connect-"):
                    self.interleave("connect", bits, ("connect", port),
                                    ["native", "floor", "floor+call", "connect"], most=1000)
                if wanted("socket"):
                    self.interleave("socket+close", bits, ("socket",),
                                    ["native", "floor+serve", "preset"] if bits == 32 else
                                    ["native", "preset"])
                if wanted("connection"):
                    self.interleave("socket+connect+close", bits, ("connectclose", port),
                                    ["native", "connect", "strace"], most=1000)
            for programs in (1, self.crowd):
                if wanted("memory"):
                    self.measure_memory(programs, port)
        finally:
            server.kill()
            server.wait()

    def rows(self):
        """The requirements: what was measured, what is required, and whether it is met."""
        rows = []

        def ratio(what, name, bits, over, under, sense, limit):
            if (name, bits, over) in self.times:
                rows.append(row(f"{BITS[bits]}: {what}", self.ratio(name, bits, over, under),
                                sense, limit))

        for bits in (64, 32):
            for name, _, size in MOVES:
                ratio(f"{name} {size_text(size)} on TCP, rate under `no-alg-vsock` / native",
                      f"{name} {size_text(size)}", bits, "native", "preset", ">=", 0.97)
                if size == 64 and name == "send+recv":
                    ratio(f"{name} {size_text(size)}, rate under a filter of ten instructions "
                          "that only looks at the call / native",
                          f"{name} {size_text(size)}", bits, "native", "floor", ">=", None)
        for bits in (64, 32):
            ratio("getsockname served and logged / empty notify-and-reply", "getsockname", bits,
                  "served", "floor", "<=", 2)
            ratio("getsockname served and traced / empty notify-and-reply", "getsockname", bits,
                  "trace", "floor", "<=", None)
            ratio("the fewest system calls that serve getsockname / empty notify-and-reply",
                  "getsockname", bits, "floor+serve", "floor", "<=", None)
            ratio("connect to a listener served / empty notify-and-reply", "connect", bits,
                  "connect", "floor", "<=", None)
            ratio("connect to a listener served / empty notify-and-reply and the connect",
                  "connect", bits, "connect", "floor+call", "<=", 2)
        ratio("socket+close through socketcall, served / native", "socket+close", 32, "preset",
              "native", "<=", 4)
        ratio("the fewest system calls that serve socketcall(SOCKET), and close / native",
              "socket+close", 32, "floor+serve", "native", "<=", None)
        ratio("socket+close, decided by the filter / native", "socket+close", 64, "preset",
              "native", "<=", None)
        for bits in (64, 32):
            ratio("socket+connect+close under a connect policy, rate / native",
                  "socket+connect+close", bits, "native", "connect", ">=", 0.5)
            ratio("the same, times faster than strace", "socket+connect+close", bits, "strace",
                  "connect", ">=", 4)
        for programs, limit in ((1, 4), (self.crowd, 24)):
            for who, kinds in self.memory.get(programs, {}).items():
                for kind, kib in kinds.items():
                    need = limit if (who, kind) == ("supervisor", "rss") else None
                    rows.append(row(f"{who} process, {kind.upper()} with {programs:,} "
                                    f"program{'s' if programs > 1 else ''}",
                                    kib / 1024, "<=", need, " MiB"))
        return rows

    def results(self):
        """case, abi, way and the times: for results.csv."""
        for (name, bits, way), times in self.times.items():
            yield name, BITS[bits], way, times

    def write_plot(self, out):
        """For plot.gp: microseconds."""
        ways = {"native": ["native"], "gate": ["preset", "served", "connect"],
                "floor": ["floor+call", "floor"], "strace": ["strace"]}
        cases = sorted({(name, bits) for name, bits, _ in self.times}, key=lambda c: (c[0], -c[1]))
        with open(f"{out}/plot.dat", "w") as f:
            f.write("case " + " ".join(ways) + "\n")
            for name, bits in cases:
                values = []
                for candidates in ways.values():
                    have = [self.times[name, bits, c] for c in candidates
                            if (name, bits, c) in self.times]
                    if candidates[-1] == "floor" and (name, bits, "preset") in self.times:
                        have = []  # not notified
                    values.append(f"{statistics.median(have[0]) / 1000:.3f}" if have else "NaN")
                f.write(f'"{name}, {BITS[bits]}" ' + " ".join(values) + "\n")
