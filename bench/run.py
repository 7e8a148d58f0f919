"""run.py BUILD OUT [gate] [stack] [--quick] [--only WORD] - measures and writes OUT/.

Every number is a comparison: what is compared runs as processes that are started at
once and each let to work for a few milliseconds in turn (turns.py). A row's number is
the median, over all turns, of the ratio of two of them within one turn; so whatever else
the machine does, it does to both. All are started anew several times, since where a
process happens to lie in memory moves its speed by some hundredths. Turns are short,
so that the two that make a ratio lie close together.

Two suites: gate.py, programs under socketcall; stack/suite.py, our own sockets. Both if
none is named. Writes results.csv (a line per worker), rows.json (a row per requirement),
table.md and, for the plots, plot.dat and stack.dat.
"""
import csv
import datetime
import json
import os
import platform
import statistics
import sys

import gate
from stack import suite as stack
from table import write_table

SUITES = {"gate": gate.Suite, "stack": stack.Suite}


def machine():
    model = platform.machine()
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return (f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, "
            f"{datetime.date.today().isoformat()}")


def write_results(suites, path):
    with open(path, "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(["case", "abi", "way", "ns_median", "ns_q1", "ns_q3", "turns"])
        for suite in suites:
            for name, abi, way, times in suite.results():
                low, middle, high = statistics.quantiles(times, n=4)
                digits = 0 if middle >= 1000 else 1
                out.writerow([name, abi, way, round(middle, digits), round(low, digits),
                              round(high, digits), len(times)])


def main():
    build, out = sys.argv[1:3]
    quick = "--quick" in sys.argv
    only = sys.argv[sys.argv.index("--only") + 1] if "--only" in sys.argv else None
    names = [name for name in SUITES if name in sys.argv[3:]] or list(SUITES)
    suites = [SUITES[name](build, out, quick, only) for name in names]
    for suite in suites:
        print(f"{suite.title}:", file=sys.stderr)
        suite.measure()
    rows = {suite.title: suite.rows() for suite in suites}
    where = machine()
    write_results(suites, f"{out}/results.csv")
    with open(f"{out}/rows.json", "w") as f:
        json.dump({"machine": where, "quick": quick, "suites": rows}, f, indent=1)
    write_table(rows, f"{out}/table.md", where, quick)
    for suite in suites:
        suite.write_plot(out)
    with open(f"{out}/where", "w") as f:
        f.write(where)
    required = [r for of in rows.values() for r in of if r["met"] is not None]
    missed = [r for r in required if not r["met"]]
    print(f"{len(missed)} of {len(required)} requirements missed", file=sys.stderr)


main()
