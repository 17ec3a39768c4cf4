/** The tool in this process. */
import { type LogRow, readLog, runExperiment } from "../../../lib/run/mod.ts";
import { measureCheckpoints } from "../../../lib/tools/measure/measure.ts";

/** Runs the tool; its exit code, what it said, and its rows. */
export async function measure(folder: string, ...args: string[]) {
  const out = `${folder}/out`;
  const said: string[] = [];
  const [log, error, write] = [console.log, console.error, Deno.stderr.writeSync];
  console.log = console.error = (line: string) => void said.push(line);
  Deno.stderr.writeSync = (bytes) => said.push(new TextDecoder().decode(bytes)) && bytes.length;
  let exitCode: number;
  try {
    ({ exitCode } = await runExperiment(measureCheckpoints, [...args, `--out=${out}`]));
  } finally {
    [console.log, console.error, Deno.stderr.writeSync] = [log, error, write];
  }
  const rows: LogRow[] = [];
  try {
    for await (const row of readLog(`${out}/log.ndjson`)) rows.push(row);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return { exitCode, said: said.join("\n"), rows, out };
}

/** Values of the rows that hold all of some cells. */
export const values = (rows: readonly LogRow[], wanted: Record<string, string | number>) =>
  rows.filter((row) => row.kind === "measure" && Object.entries(wanted).every(([key, value]) => row[key] === value))
    .map(({ value }) => Number(value));
