/**
 * A sweep as its page is told of it: cells, tasks, and how many cells meet each claim.
 *
 * @module
 */
import { cellName } from "../../run/cells.ts";
import { taskName } from "../sweep/status.ts";
import { readJson } from "./run_record.ts";
import type { ResultsFolder } from "./results_folder.ts";
import { shownClaims } from "./shown_claims.ts";
import type { ShownSweep } from "./sweep_index.ts";
import { record, text } from "./untrusted.ts";

/** Claims of all cells are as many as there are cells. */
const MAX_BYTES = 64 << 20;
/** Cells whose claims are told one by one, at most. */
const MOST_CELLS = 40;
const MOST_LETTERS = 400;

/** A claim in one cell. */
export interface ClaimOfCell {
  /** Values of the options that are swept. */
  readonly cell: string;
  /** Its verdict. */
  readonly verdict: string;
  /** Measured number with its interval, in words. */
  readonly measured: string;
  /** Number of seeds it was judged over, and of those that are missing. */
  readonly seeds: number;
  readonly missing: number;
}

/** A claim over all cells. */
export interface ClaimOfSweep {
  /** Its id. */
  readonly id: string;
  /** Its sentence. */
  readonly statement: string;
  /** Number of cells by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** The first cells. */
  readonly cells: readonly ClaimOfCell[];
}

/**
 * Tells the page of a sweep.
 *
 * @param sweep The sweep.
 * @param folder The results.
 * @returns What the page shows, as JSON has it.
 */
export function shownSweep({ record: own, tasks }: ShownSweep, folder: ResultsFolder) {
  const { tasks: _tasks, cells, ...rest } = own;
  return {
    ...rest,
    cells: cells.map(({ values, seeds }) => ({ values, seeds: seeds.length })),
    tasks: tasks.map(({ task, status, reason, runs }) => ({
      hash: task.hash,
      name: taskName(own, task).slice(0, MOST_LETTERS),
      status,
      reason: reason.slice(0, MOST_LETTERS),
      runs,
      cells: runs.length > 1 ? task.parts.map(({ cell }) => cell) : [],
    })),
    claims: claimsOf(own.id, folder),
  };
}

/** Claims that `--gather` judged; none before. */
function claimsOf(id: string, folder: ResultsFolder): ClaimOfSweep[] {
  try {
    return claimsOverCells(readJson(folder.locate(id, "claims.json"), MAX_BYTES));
  } catch {
    return [];
  }
}

/**
 * Claims of cells, claim by claim.
 *
 * @param cells Cells with their seeds and claims, as `--gather` writes them; anything else is left out.
 * @returns Every claim with the cells by verdict.
 */
export function claimsOverCells(cells: unknown): ClaimOfSweep[] {
  const found = new Map<
    string,
    { id: string; statement: string; verdicts: Record<string, number>; cells: ClaimOfCell[] }
  >();
  for (const each of Array.isArray(cells) ? cells.map(record) : []) {
    const values = Object.fromEntries(Object.entries(record(each.values)).map(([key, value]) => [key, text(value)]));
    const count = (list: unknown) => Array.isArray(list) ? list.length : 0;
    for (const { id, statement, verdict, words } of shownClaims(each.claims)) {
      const claim = found.get(id) ?? { id, statement, verdicts: {}, cells: [] };
      found.set(id, claim);
      claim.verdicts[verdict] = (claim.verdicts[verdict] ?? 0) + 1;
      if (claim.cells.length < MOST_CELLS) {
        claim.cells.push({
          cell: cellName({ values }),
          verdict,
          measured: words.measured,
          seeds: count(each.seeds),
          missing: count(each.missing),
        });
      }
    }
  }
  return [...found.values()];
}
