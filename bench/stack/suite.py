"""suite.py - our own sockets against the kernel's loopback and lwIP.

The same worker (worker.c) is linked with each of the three. Ours and the kernel's do all
their work in the calling thread and never wait: they are compared by processor time.
lwIP serves in a thread of its own: it is compared by the time that passed, once as the
scheduler places its threads and once with both on one processor, which spares it the
wake-ups between processors. many.c measures what many sockets and networks cost.
"""
import os
import platform
import statistics
import subprocess
import sys

from table import row
from turns import Worker, interleave, quartiles_of_ratio

# name -> what it is called, and the worker's case
CASES = {
    "stream 64": ("TCP, send+recv of 64 B", ("stream", 64)),
    "stream 65536": ("TCP, send+recv of 64 KiB", ("stream", 65536)),
    "datagram 64": ("UDP, send+recv of 64 B", ("datagram", 64)),
    "connection": ("TCP, socket+connect+accept+2 close", ("connection",)),
}
KERNEL = {"stream 64": 40, "stream 65536": None, "datagram 64": 20, "connection": 20}
LWIP = {"stream 64": 100, "stream 65536": 20, "datagram 64": 20, "connection": 20}
PASSED, CPU = 0, 1  # what a turn of worker.c prints
PAIRS, LISTENERS, SOCKETS = 10_000, 100_000, 1_000_000


class Suite:
    title = "Our own sockets"

    def __init__(self, build, out, quick, only):
        self.bin = f"{build}/bench/bench-stack"
        self.launches, self.turns, self.seconds = (2, 20, 0.004) if quick else (5, 60, 0.004)
        self.only = only
        self.times = {}  # case -> way -> turns
        self.crowd, self.threads, self.pairs = [], [], None

    def wanted(self, name):
        return not self.only or self.only in name

    def note(self, name, values, unit):
        print(f"  {name}: " + ", ".join(f"{way} {value:.0f}" for way, value in values.items()) +
              f" {unit}", file=sys.stderr)

    def measure(self):
        one = str(min(os.sched_getaffinity(0)))
        for name, (_, case) in CASES.items():
            if not self.wanted(name):
                continue
            case = [str(word) for word in case]
            ways = {"kernel": [f"{self.bin}-kernel", *case],
                    "own": [f"{self.bin}-own", *case],
                    "lwip": [f"{self.bin}-lwip", *case],
                    "lwip on one": ["taskset", "-c", one, f"{self.bin}-lwip", *case]}
            if name == "stream 65536":
                ways["copy"] = [f"{self.bin}-own", "copy", case[1]]
            self.times[name] = interleave(ways, self.launches, self.turns, self.seconds)
            self.note(name, {way: statistics.median(t[PASSED] for t in turns)
                             for way, turns in self.times[name].items()}, "ns")
        if self.wanted("pairs"):
            out = subprocess.run([f"{self.bin}-many", "pairs", str(PAIRS)], check=True,
                                 capture_output=True, text=True).stdout
            self.pairs = [float(word) for word in out.split()]
            self.note("a pair", dict(zip(("new", "used", "resident"), self.pairs)), "bytes")
        if self.wanted("crowd"):
            many = [f"{self.bin}-many", "crowd", str(LISTENERS), str(SOCKETS)]
            self.crowd = interleave({"own": many}, 2, 2 * self.turns, self.seconds)["own"]
            self.note("connect", {"few": statistics.median(t[0] for t in self.crowd),
                                  "many": statistics.median(t[1] for t in self.crowd),
                                  "any": statistics.median(t[2] for t in self.crowd)}, "ns")
        if self.wanted("threads"):
            self.threads = interleave({"own": [f"{self.bin}-many", "threads"]}, self.launches,
                                      2 * self.turns, self.seconds)["own"]
            self.note("threads", {"one": statistics.median(t[0] for t in self.threads),
                                  "two": statistics.median(t[1] for t in self.threads)}, "ns")

    def get(self, name, way, what):
        return [turn[what] for turn in self.times[name][way]]

    def move_rows(self, name):
        """Against the kernel and memcpy."""
        text = CASES[name][0]
        own = self.get(name, "own", CPU)
        yield row(f"{text}: times faster than the kernel's loopback",
                  quartiles_of_ratio(self.get(name, "kernel", CPU), own), ">=", KERNEL[name])
        yield row(f"{text}: ns", statistics.quantiles(own, n=4), "<=",
                  150 if name == "stream 64" else None, " ns")
        if "copy" in self.times[name]:
            yield row(f"{text}: speed / two memcpys of that size",
                      quartiles_of_ratio(self.get(name, "copy", CPU), own), ">=", 0.8)

    def lwip_rows(self, name):
        own = self.get(name, "own", PASSED)
        for way, text, required in (("lwip", "lwIP", LWIP[name]),
                                    ("lwip on one", "lwIP on one processor", None)):
            yield row(f"{CASES[name][0]}: times faster than {text}",
                      quartiles_of_ratio(self.get(name, way, PASSED), own), ">=", required)

    def crowd_rows(self):
        few = [turn[0] for turn in self.crowd]
        among = f"one of {SOCKETS:,}, of which {LISTENERS:,} listen / one of 10"
        yield row(f"connect, time on a network of {among}",
                  quartiles_of_ratio([turn[1] for turn in self.crowd], few), "<=", 1.3)
        yield row(f"the same, each to another of the {LISTENERS:,}, which are in no cache",
                  quartiles_of_ratio([turn[2] for turn in self.crowd], few), "<=", None)
        yield row("connect on a network of 10", statistics.quantiles(few, n=4), "<=", None, " ns")

    def thread_rows(self):
        """A turn in which another program took a processor from a thread says nothing, nor
        one in which arithmetic does not show that there were two."""
        calm = [turn for turn in self.threads if turn[2] == 0 and 2 * turn[3] / turn[4] >= 1.9]
        turns = calm if len(calm) >= 20 else self.threads

        def speed(turns, one, two):
            return quartiles_of_ratio([2 * turn[one] for turn in turns],
                                      [turn[two] for turn in turns])
        yield row("TCP, send+recv of 64 B: speed of two threads on two networks / one thread "
                  f"({len(turns)} of {len(self.threads)} turns, undisturbed)"
                  if turns is calm else
                  "TCP, send+recv of 64 B: speed of two threads on two networks / one thread",
                  speed(turns, 0, 1), ">=", 1.9)
        yield row("the same of arithmetic, which shares nothing, in all turns",
                  speed(self.threads, 3, 4), ">=", None)

    def rows(self):
        rows = [r for name in self.times for r in self.move_rows(name)]
        rows += [r for name in self.times for r in self.lwip_rows(name)]
        if self.pairs:
            new, used, resident = self.pairs
            rows.append(row(f"one idle connected pair, of {PAIRS:,}", new, "<=", 1024, " B"))
            rows.append(row("one that has moved 64 B, with its buffers", used, "<=", None, " B"))
            rows.append(row("what the process grew for one", resident, "<=", None, " B"))
        if self.crowd:
            rows += self.crowd_rows()
        if self.threads:
            rows += self.thread_rows()
        return rows

    def results(self):
        """case, abi, way, and the times: for results.csv."""
        for name, ways in self.times.items():
            for way, turns in ways.items():
                what = PASSED if way.startswith("lwip") else CPU
                yield name, platform.machine(), way, [turn[what] for turn in turns]
        for i, way in enumerate(("one of 10", f"one of {SOCKETS}", "any")):
            if self.crowd:
                yield "connect", platform.machine(), way, [turn[i] for turn in self.crowd]
        for i, way in ((0, "one thread"), (1, "two threads")):
            if self.threads:
                yield "stream 64", platform.machine(), way, [turn[i] for turn in self.threads]

    def write_plot(self, out):
        """For plot.gp: microseconds."""
        with open(f"{out}/stack.dat", "w") as f:
            f.write("case kernel own lwip\n")
            for name in self.times:
                values = [statistics.median(self.get(name, way, PASSED)) / 1000
                          for way in ("kernel", "own", "lwip")]
                f.write(f'"{CASES[name][0]}" ' + " ".join(f"{v:.4f}" for v in values) + "\n")
