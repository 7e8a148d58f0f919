"""run.py BUILD OUT [--quick] [--only WORD] - measures socketcall and writes OUT/.

Every number is a comparison: the same worker (worker.c) runs natively, under
socketcall, under an empty gate (floor.c) and under strace, all started at once and
each let to work for a few milliseconds in turn. A row's number is the
median, over all turns, of the ratio of two workers within one turn; so whatever else
the machine does, it does to both. All are started anew several times, since where a
process happens to lie in memory moves its speed by some hundredths. Turns are short,
so that the two that make a ratio lie close together. What never waits is measured in
processor time.

Writes results.csv (a line per worker), rows.json (a row per requirement), table.md
and plot.dat, which plot.gp draws.
"""
import csv
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time


class Worker:
    """A worker process, and the times of its turns in nanoseconds per operation."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.count = 0
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"did not start: {' '.join(command)}")

    def turn(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended: " + " ".join(self.process.args))
        return int(line) / count

    def calibrate(self, seconds, most):
        """Finds how many operations make a turn."""
        self.turn(20)
        each = min(self.turn(50) for _ in range(3))
        self.count = max(20, min(most, int(seconds * 1e9 / each)))

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bench:
    def __init__(self, build, quick):
        self.gate = f"{build}/socketcall"
        self.floor = f"{build}/bench/bench-floor"
        self.worker = {64: f"{build}/bench/bench-worker64", 32: f"{build}/bench/bench-worker32"}
        self.launches, self.turns, self.seconds = (2, 30, 0.004) if quick else (6, 80, 0.004)
        self.crowd = 1000
        self.quick = quick
        self.times = {}   # (case, bits, way) -> ns per operation, of each turn
        self.memory = {}  # programs -> process -> {rss, pss} in KiB

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

    def measure(self, name, bits, case, ways, most=1 << 30):
        times = {way: [] for way in ways}
        for _ in range(self.launches):
            workers = {}
            try:
                for way in ways:
                    workers[way] = Worker(self.run_way(way, bits, *case))
                    workers[way].calibrate(self.seconds, most)
                for turn in range(self.turns):
                    # There and back again, so that none always follows the same one.
                    for way in ways if turn % 2 else reversed(ways):
                        times[way].append(workers[way].turn(workers[way].count))
            finally:
                for worker in workers.values():
                    worker.end()
        for way in ways:
            self.times[name, bits, way] = times[way]
        print(f"  {name} {bits}: " + ", ".join(
            f"{way} {statistics.median(times[way]) / 1000:.2f}" for way in ways) + " us",
            file=sys.stderr)

    def ratio(self, name, bits, over, under):
        """Median and quartiles of the ratio of two workers' times, turn by turn."""
        pairs = zip(self.times[name, bits, over], self.times[name, bits, under])
        low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
        return low, middle, high

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


BITS = {64: "x86-64", 32: "i386"}
MOVES = [("send+recv", "sendrecv", 64), ("send+recv", "sendrecv", 65536),
         ("write+read", "writeread", 64), ("write+read", "writeread", 65536)]


def size_text(size):
    return "64 KiB" if size == 65536 else f"{size} B"


def measure_all(b, only):
    def wanted(name):
        return not only or only in name

    server = subprocess.Popen([b.worker[64], "server"], stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().strip()
        for bits in (64, 32):
            for name, case, size in MOVES:
                if wanted("moves"):
                    b.measure(f"{name} {size_text(size)}", bits, (case, size),
                              ["native", "floor", "preset"] if size == 64 else
                              ["native", "preset"])
            if wanted("getsockname"):
                b.measure("getsockname", bits, ("getsockname",),
                          ["native", "floor", "floor+serve", "served", "trace"])
            # Few at a time, so that the server's backlog never overflows.
            if wanted("connect-"):
                b.measure("connect", bits, ("connect", port),
                          ["native", "floor", "floor+call", "connect"], most=1000)
            if wanted("socket"):
                b.measure("socket+close", bits, ("socket",),
                          ["native", "floor+serve", "preset"] if bits == 32 else
                          ["native", "preset"])
            if wanted("connection"):
                b.measure("socket+connect+close", bits, ("connectclose", port),
                          ["native", "connect", "strace"], most=1000)
        for programs in (1, b.crowd):
            if wanted("memory"):
                b.measure_memory(programs, port)
    finally:
        server.kill()
        server.wait()


def rows_of(b):
    """The requirements: what was measured, what is required, and whether it is met."""
    rows = []

    def add(what, middle, low, high, sense, limit, unit=""):
        met = None if limit is None else middle >= limit if sense == ">=" else middle <= limit
        rows.append({"what": what, "measured": middle, "low": low, "high": high, "sense": sense,
                     "required": limit, "unit": unit, "met": met})

    def ratio(what, name, bits, over, under, sense, limit):
        if (name, bits, over) in b.times:
            low, middle, high = b.ratio(name, bits, over, under)
            add(f"{BITS[bits]}: {what}", middle, low, high, sense, limit)

    for bits in (64, 32):
        for name, _, size in MOVES:
            ratio(f"{name} {size_text(size)} on TCP, rate under `no-alg-vsock` / native",
                  f"{name} {size_text(size)}", bits, "native", "preset", ">=", 0.97)
            if size == 64 and name == "send+recv":
                ratio(f"{name} {size_text(size)}, rate under a filter of ten instructions that only "
                      "looks at the call / native",
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
    for programs, limit in ((1, 4), (b.crowd, 24)):
        if programs in b.memory:
            for who in ("supervisor", "foreground"):
                for kind, need in (("rss", limit if who == "supervisor" else None), ("pss", None)):
                    if kind in b.memory[programs][who]:
                        mib = b.memory[programs][who][kind] / 1024
                        add(f"{who} process, {kind.upper()} with {programs:,} "
                            f"program{'s' if programs > 1 else ''}", mib, mib, mib, "<=", need,
                            " MiB")
    return rows


def machine():
    model = platform.machine()
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return (f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, "
            f"{datetime.date.today().isoformat()}")


def number(row, value):
    return f"{value:.{3 if row['sense'] == '>=' and value < 2 else 2}f}{row['unit']}"


def write_table(rows, path, where, quick):
    def line(*cells):
        return "| " + " | ".join(cells) + " |\n"

    def measured(row):
        text = number(row, row["measured"])
        if row["low"] != row["high"]:
            text += f" ({number(row, row['low'])}–{number(row, row['high'])})"
        return text

    with open(path, "w") as f:
        f.write(f"{where}{', quick run' if quick else ''}. Medians of interleaved repetitions; "
                "in brackets the quartiles.\n\n")
        f.write(line("what", "measured", "required", "met") + "|---|---|---|---|\n")
        for row in rows:
            if row["required"]:
                f.write(line(row["what"], measured(row),
                             f"{row['sense']} {row['required']}{row['unit']}",
                             "yes" if row["met"] else "**no**"))
        f.write("\nTo compare with:\n\n" + line("what", "measured") + "|---|---|\n")
        for row in rows:
            if not row["required"]:
                f.write(line(row["what"], measured(row)))


def write_results(b, path):
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["case", "abi", "way", "ns_median", "ns_q1", "ns_q3", "turns"])
        for (name, bits, way), times in b.times.items():
            low, middle, high = statistics.quantiles(times, n=4)
            out.writerow([name, BITS[bits], way, round(middle), round(low), round(high),
                          len(times)])


def write_plot(b, path):
    """A block per way, for gnuplot: label and microseconds."""
    ways = {"native": ["native"], "gate": ["preset", "served", "connect"],
            "floor": ["floor+call", "floor"], "strace": ["strace"]}
    cases = sorted({(name, bits) for name, bits, _ in b.times}, key=lambda c: (c[0], -c[1]))
    with open(path, "w") as f:
        f.write("case " + " ".join(ways) + "\n")
        for name, bits in cases:
            values = []
            for candidates in ways.values():
                have = [b.times[name, bits, c] for c in candidates if (name, bits, c) in b.times]
                if candidates[-1] == "floor" and (name, bits, "preset") in b.times:
                    have = []  # not notified
                values.append(f"{statistics.median(have[0]) / 1000:.3f}" if have else "NaN")
            f.write(f'"{name}, {BITS[bits]}" ' + " ".join(values) + "\n")


def main():
    build, out = sys.argv[1:3]
    quick = "--quick" in sys.argv
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else None
    b = Bench(build, quick)
    b.out = out
    # No rule of a real policy makes getsockname be served. A log rule does; its lines go
    # to /dev/null, and making them is part of what is measured.
    with open(f"{out}/served.policy", "w") as f:
        f.write("log getsockname\n")
    measure_all(b, only)
    rows = rows_of(b)
    where = machine()
    write_results(b, f"{out}/results.csv")
    with open(f"{out}/rows.json", "w") as f:
        json.dump({"machine": where, "quick": quick, "rows": rows}, f, indent=1)
    write_table(rows, f"{out}/table.md", where, quick)
    write_plot(b, f"{out}/plot.dat")
    with open(f"{out}/where", "w") as f:
        f.write(where)
    missed = [row for row in rows if row["met"] is False]
    print(f"{len(missed)} of {sum(row['met'] is not None for row in rows)} requirements missed",
          file=sys.stderr)


main()
