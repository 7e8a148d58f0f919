"""table.py - the rows of the tables, and how they are printed."""


def row(what, quartiles, sense, required, unit=""):
    """A requirement, or with required None a number to compare with. quartiles: first,
    median, third; or one number."""
    if isinstance(quartiles, (int, float)):
        quartiles = (quartiles,) * 3
    low, middle, high = quartiles
    met = None
    if required is not None:
        met = middle >= required if sense == ">=" else middle <= required
    return {"what": what, "measured": middle, "low": low, "high": high, "sense": sense,
            "required": required, "unit": unit, "met": met}


def number(r, value):
    digits = 3 if r["sense"] == ">=" and value < 2 else 0 if value >= 1000 else 2
    return f"{value:,.{digits}f}{r['unit']}"


def measured(r):
    text = number(r, r["measured"])
    if r["low"] != r["high"]:
        text += f" ({number(r, r['low'])}–{number(r, r['high'])})"
    return text


def line(*cells):
    return "| " + " | ".join(cells) + " |\n"


def write_table(suites, path, where, quick):
    """suites: title -> rows."""
    with open(path, "w") as f:
        f.write(f"{where}{', quick run' if quick else ''}. Medians of interleaved repetitions; "
                "in brackets the quartiles.\n")
        for title, rows in suites.items():
            f.write(f"\n## {title}\n\n" + line("what", "measured", "required", "met") +
                    "|---|---|---|---|\n")
            for r in rows:
                if r["required"] is not None:
                    f.write(line(r["what"], measured(r),
                                 f"{r['sense']} {r['required']:,}{r['unit']}",
                                 "yes" if r["met"] else "**no**"))
            f.write("\nTo compare with:\n\n" + line("what", "measured") + "|---|---|\n")
            for r in rows:
                if r["required"] is None:
                    f.write(line(r["what"], measured(r)))
