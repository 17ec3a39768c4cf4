/**
 * Run folders made for tests, as whole or as broken as they need to be.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { float, int, joinColumns } from "../../../lib/run/columns.ts";
import type { Manifest } from "../../../lib/run/manifest.ts";

/** Columns of the logs that tests write. */
export const columns = joinColumns({
  train: { step: int("steps", "steps taken"), replica: int("", "replica"), loss: float("nats", "loss") },
});

/** A manifest with everything in it, changed where a test needs it. */
export function manifest(change: Partial<Manifest> = {}): Manifest {
  return {
    experiment: "made_up",
    question: "Does it show?",
    commandLine: "experiments/made_up.ts --preset=smoke --out=/somewhere/else",
    preset: "smoke",
    configuration: { lr: 0.02, spectrum: [2, 1], steps: 400, quiet: true },
    seeds: [1, 2],
    adapter: {
      vendor: "Mesa",
      architecture: "",
      device: "0",
      description: "llvmpipe",
      software: true,
      subgroupSize: 8,
    },
    versions: { deno: "2.9.6" },
    gitCommit: "0123456789abcdef0123456789abcdef01234567",
    pid: 1,
    start: "2026-11-22T07:15:03.000Z",
    end: "2026-11-22T07:15:09.000Z",
    elapsedMs: 6000,
    status: "complete",
    reason: null,
    resumptions: [],
    verdicts: { reproduced: 2, inconclusive: 1 },
    files: [],
    columns,
    ...change,
  };
}

/** Rows of training: two replicas, a spike at one step. */
export function trainLines(from: number, to: number, spike = -1): string {
  let lines = "";
  for (let step = from; step < to; step++) {
    for (const replica of [0, 1]) {
      const loss = step === spike ? 9 : 1 / (1 + step) + replica / 10;
      lines += `{"kind":"train","step":${step},"replica":${replica},"loss":${loss.toExponential(6)}}\n`;
    }
  }
  return lines;
}

/** A row of a measurement or a theory. */
export function row(
  kind: "measure" | "theory",
  cells: Readonly<Record<string, number | string>>,
): string {
  return JSON.stringify({ kind, series: "main", quantity: "loss", ...cells }) + "\n";
}

/** A folder of results in a temporary place; `using` removes it. */
export class Results implements Disposable {
  /** The folder. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "results " });

  /** Makes a run. */
  run(id: string, change: Partial<Manifest> = {}, log = ""): string {
    const folder = join(this.path, id);
    Deno.mkdirSync(folder, { recursive: true });
    // Not synced as a run would do it: some tests make a thousand.
    Deno.writeTextFileSync(join(folder, "manifest.json"), JSON.stringify(manifest(change)));
    Deno.writeTextFileSync(join(folder, "log.ndjson"), log);
    return folder;
  }

  /** Writes a file. */
  write(path: string, content: string): void {
    const target = join(this.path, path);
    Deno.mkdirSync(dirname(target), { recursive: true });
    Deno.writeTextFileSync(target, content);
  }

  /** Makes the log and manifest of a run look as if nothing had been written for an hour. */
  age(id: string): void {
    const old = Date.now() / 1000 - 3600;
    for (const name of ["log.ndjson", "manifest.json"]) Deno.utimeSync(join(this.path, id, name), old, old);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
