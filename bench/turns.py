"""turns.py - processes that work by turns, so that what they are compared by is the same
machine at nearly the same moment."""
import statistics
import subprocess


class Worker:
    """A worker process: told a number, it does its case so often and prints how many
    nanoseconds that took; some print several numbers."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.count = 0
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"did not start: {' '.join(command)}")

    def turn(self, count):
        """A list: each number that it printed, per operation."""
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended: " + " ".join(self.process.args))
        return [float(word) / count for word in line.split()]

    def calibrate(self, seconds, most=1 << 30):
        """Finds how many operations make a turn."""
        self.turn(20)
        each = min(self.turn(50)[0] for _ in range(3))
        self.count = max(20, min(most, int(seconds * 1e9 / each)))

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def interleave(commands, launches, turns, seconds, most=1 << 30):
    """Runs a worker for each way (a dict of commands): their turns, in the same order
    for each way, as lists of what a turn printed."""
    found = {way: [] for way in commands}
    for _ in range(launches):
        workers = {}
        try:
            for way, command in commands.items():
                workers[way] = Worker(command)
                workers[way].calibrate(seconds, most)
            for turn in range(turns):
                # There and back again, so that none always follows the same one.
                for way in commands if turn % 2 else reversed(commands):
                    found[way].append(workers[way].turn(workers[way].count))
        finally:
            for worker in workers.values():
                worker.end()
    return found


def quartiles_of_ratio(over, under):
    """Of the ratio of two workers' times, turn by turn: first, median, third."""
    return statistics.quantiles([a / b for a, b in zip(over, under)], n=4)
