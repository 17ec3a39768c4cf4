/**
 * Sweeps made for tests: a list of tasks, and run folders for those that have started.
 *
 * @module
 */
import type { Manifest } from "../../../lib/run/manifest.ts";
import type { Results } from "./runs.ts";

/** Rows of a quantity, with and without an index: the value is that of the seed, and falls with the steps. */
export function sweepLines(values: readonly number[], steps: number): string {
  const rows = Array.from({ length: steps + 1 }, (_, step) =>
    values.flatMap((value, replica) => {
      const row = { kind: "measure", step, series: "main", replica };
      return [
        { ...row, quantity: "loss", value: value / (1 + step) },
        { ...row, quantity: "mode", index: 1, value: 10 * value },
      ];
    }));
  return rows.flat().map((row) => JSON.stringify(row) + "\n").join("");
}

/** A task of a made sweep: the cell and seeds of each part, and how it stands; waiting unless there is a manifest. */
export interface MadeTask {
  readonly parts: readonly { readonly cell: number; readonly seeds: readonly number[] }[];
  readonly manifest?: Partial<Manifest>;
  readonly log?: string;
}

/** Writes a sweep of two options into a folder of results; tasks are named t0, t1, …. */
export function makeSweep(
  results: Results,
  id: string,
  cells: readonly { readonly values: Readonly<Record<string, string>>; readonly seeds: readonly number[] }[],
  tasks: readonly MadeTask[],
): void {
  const name = id.split("/").at(-1)!;
  const options = Object.keys(cells[0].values);
  const packed = (task: MadeTask) =>
    task.parts.length < 2
      ? {}
      : { cells: task.parts.map(({ cell, seeds }) => ({ values: cells[cell].values, seeds: [...seeds] })) };
  const list = {
    name,
    experiment: "made_up",
    preset: "smoke",
    created: "2026-11-22T07:15:00.000Z",
    commandLine: `./lab sweep made_up --name=${name}`,
    swept: options,
    cells,
    tasks: tasks.map((task, index) => ({ hash: `t${index}`, arguments: [], parts: task.parts, ...packed(task) })),
  };
  results.write(`${id}/sweep.json`, JSON.stringify(list));
  for (const [index, task] of tasks.entries()) {
    if (task.manifest === undefined) continue;
    results.run(`${id}/tasks/t${index}`, {
      seeds: task.parts.flatMap(({ seeds }) => seeds),
      sweep: { name, task: `t${index}`, options },
      ...packed(task),
      ...task.manifest,
    }, task.log ?? "");
  }
}
