/**
 * A results folder to ask: two complete runs of a transformer of one and two layers, and one of another experiment that is
 * still running and whose last line is torn.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { type ColumnTable, float, int, joinColumns, type LogRow } from "../../../lib/run/columns.ts";
import { LogWriter } from "../../../lib/run/log.ts";
import { type Manifest, writeManifest } from "../../../lib/run/manifest.ts";
import project from "../../../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("../../../", import.meta.url));

/** A manifest unless a test says otherwise. */
const MANIFEST: Manifest = {
  experiment: "depths",
  question: "Does depth delay the transition?",
  commandLine: "experiments/depths.ts",
  preset: "cpu",
  configuration: {},
  seeds: [1, 2, 3, 4],
  adapter: {
    vendor: "Mesa",
    architecture: "",
    device: "0",
    description: "llvmpipe",
    software: true,
  } as Manifest["adapter"],
  versions: { deno: "2.9.6" },
  gitCommit: null,
  pid: 1,
  start: "2026-11-22T09:30:18.977Z",
  end: "2026-11-22T09:31:18.977Z",
  elapsedMs: 60_000,
  status: "complete",
  reason: null,
  resumptions: [],
  verdicts: { reproduced: 1 },
  files: [],
  columns: {},
};

/** Writes a run folder with these rows. */
export function writeRun(
  folder: string,
  manifest: Partial<Manifest>,
  own: ColumnTable,
  rows: readonly LogRow[],
): void {
  Deno.mkdirSync(folder, { recursive: true });
  const columns = joinColumns(own);
  writeManifest(folder, { ...MANIFEST, ...manifest, columns });
  const log = new LogWriter<ColumnTable>(join(folder, "log.ndjson"), columns);
  for (const { kind, ...row } of rows) log.write(kind, row);
  log.close();
}

const transformer = {
  train: { step: int("steps", ""), replica: int("", ""), loss: float("nats", "") },
};

/** Where replica `r` of a model with `layers` layers makes its transition. */
export function transition(layers: number, replica: number): number {
  return 100 * layers + 10 * replica;
}

/** Writes the folder `results` below `folder`. */
export function writeSample(folder: string): void {
  for (const layers of [1, 2]) {
    const rows: LogRow[] = [];
    for (let step = 0; step <= 300; step += 10) {
      for (const replica of [0, 1, 2, 3]) {
        const learned = step >= transition(layers, replica);
        rows.push({ kind: "train", step, replica, loss: (learned ? 0.05 : 1) + 0.01 * replica });
        const at = { kind: "measure", series: "main", step, replica };
        rows.push({ ...at, quantity: "loss", value: (learned ? 0.05 : 1) + 0.01 * replica });
        const product = { ...at, quantity: "product" };
        rows.push({ ...product, index: 1, value: learned ? 1 : 0.1 }, {
          ...product,
          index: 2,
          value: step / 300 + 0.01,
        });
      }
    }
    for (const step of [0, 300]) {
      rows.push({ kind: "theory", theory: "flow", series: "main", step, quantity: "loss", value: 1 - step / 400 });
    }
    rows.push({
      kind: "claim",
      id: "delay",
      source: "here",
      criterion: "later with depth",
      measured: 100,
      low: 90,
      high: 110,
      replicas: 4,
      verdict: "reproduced",
      detail: "",
    }, { kind: "rival", id: "delay", rival: "flow", error: 0.25 });
    const name = `2026-11-22T09-3${layers}-18Z-cpu-seed1`;
    const start = `2026-11-22T09:3${layers}:18.977Z`;
    writeRun(`${folder}/results/depths/${name}`, { configuration: { layers }, start }, transformer, rows);
  }
  const running = `${folder}/results/widths/2026-11-23T09-30-18Z-smoke-seed1`;
  const manifest = { experiment: "widths", preset: "smoke", status: "running", end: null, elapsedMs: null } as const;
  const columns = {
    train: { step: int("steps", ""), width: int("", ""), loss: float("", "") },
    probe: { big: int("", "") },
  };
  writeRun(running, { ...manifest, configuration: { widths: [8] } }, columns, [
    { kind: "train", step: 1, width: 8, loss: 2 },
    { kind: "probe", big: Number.MAX_SAFE_INTEGER },
  ]);
  Deno.writeTextFileSync(`${running}/log.ndjson`, '{"kind":"train","step":2,"wid', { append: true });
}

/** Output of a finished process. */
export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The task's program and permissions, as deno.json has them, for a shell in any folder. */
export function queryCommand(): string {
  const [deno, run, ...rest] = project.tasks.query.command.split(" ");
  if (deno !== "deno") throw new Error(`expected the task to start deno, found ${deno}`);
  return [Deno.execPath(), run, "--no-prompt", ...rest].map((part) =>
    part.replaceAll("lib/tools/query", `${root}lib/tools/query`)
  )
    .join(" ");
}

/** Runs the command in a folder as the task does. */
export async function query(cwd: string, args: readonly string[], stdin = ""): Promise<Said> {
  const [program, ...options] = queryCommand().split(" ");
  const child = new Deno.Command(program, {
    args: [...options, ...args],
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(stdin));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a test in a folder of its own. */
export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
