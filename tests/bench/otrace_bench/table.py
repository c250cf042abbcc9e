# SPDX-License-Identifier: BSD-2-Clause
"""The result table: rows of cells with the budget beside them, as Markdown and CSV. An empty cell is an error."""

import csv
import io
from dataclasses import dataclass, field

COLUMNS = ("plain", "otrace", "XRay", "uftrace", "cyg")
TITLES = {"cyg": "-finstrument-functions"}


@dataclass(frozen=True)
class Absent:
    """A cell without a figure, and why there cannot be one."""

    reason: str


@dataclass
class Row:
    """One measurement, of every column."""

    section: str
    what: str
    unit: str
    cells: dict  # column -> number or Absent
    budget: str = ""
    met: bool | None = None  # None where no budget is set, or otrace was not measured
    digits: int = 2


@dataclass
class Table:
    """All rows of one run."""

    rows: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def add(self, section, what, unit, cells, *, budget="", within=None, digits=2) -> None:
        """Adds a row. WITHIN says of otrace's figure whether it meets the budget. Every column must be there."""
        missing = [column for column in COLUMNS if cells.get(column) is None]
        if missing:
            raise ValueError(f"{section}, {what}: no figure and no reason for {', '.join(missing)}")
        ours = cells["otrace"]
        met = within(ours) if within and not isinstance(ours, Absent) else None
        self.rows.append(Row(section, what, unit, cells, budget, met, digits))

    def markdown(self) -> str:
        out, section = [], None
        for row in self.rows:
            if row.section != section:
                section = row.section
                out += ["", f"### {section}", "", "| What | Unit | " +
                        " | ".join(TITLES.get(column, column) for column in COLUMNS) + " | Budget | Met |",
                        "|---|---|" + "---:|" * len(COLUMNS) + "---|---|"]
            cells = " | ".join(self._text(row.cells[column], row.digits) for column in COLUMNS)
            met = {None: "", True: "yes", False: "**no**"}[row.met]
            out.append(f"| {row.what} | {row.unit} | {cells} | {row.budget} | {met} |")
        reasons = dict.fromkeys(cell.reason for row in self.rows for cell in row.cells.values() if isinstance(cell, Absent))
        out += ["", *(f"- {note}" for note in self.notes)]
        if reasons:
            out += ["- A dash has a reason, given in the CSV: " + "; ".join(reasons) + "."]
        return "\n".join(out).strip() + "\n"

    @staticmethod
    def _text(cell, digits) -> str:
        if isinstance(cell, Absent):
            return "–"
        return f"{cell:,.{digits}f}".replace(",", " ")

    def csv(self) -> str:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["section", "what", "unit", *COLUMNS, "budget", "met"])
        for row in self.rows:
            cells = [cell.reason if isinstance(cell, Absent) else f"{cell:.6g}"
                     for cell in (row.cells[column] for column in COLUMNS)]
            writer.writerow([row.section, row.what, row.unit, *cells, row.budget,
                             "" if row.met is None else "yes" if row.met else "no"])
        return out.getvalue()
