/**
 * A workspace that tests may change: the project's files, linked or copied into a folder of its own.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { finished, type Said } from "../../run/subprocess.ts";
import { readManifest } from "../../../lib/run/manifest.ts";
import type { Sweep } from "../../../lib/tools/sweep/sweep_file.ts";

const ROOT = fromFileUrl(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/** File of the fixture experiment, inside a workspace. */
export const SPREAD = "tests/tools/sweep/fixtures/spread.ts";

/** Commands of a workspace. */
export interface Workspace {
  /** Its folder. */
  readonly root: string;
  /** Runs `./lab sweep`. */
  sweep(...args: string[]): Promise<Said>;
  /** Folder of a sweep of that name. */
  folder(name: string): string;
}

/** Makes a workspace, and takes it away when the test is over. */
export async function inWorkspace(use: (workspace: Workspace) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "sweep" });
  try {
    for (const name of ["mod.ts", "deno.json", "deno.lock", "lab"]) {
      Deno.copyFileSync(join(ROOT, name), join(root, name));
    }
    for (const name of ["lib", "kernels", "experiments"]) Deno.symlinkSync(join(ROOT, name), join(root, name));
    const own = "tests/tools/sweep/fixtures";
    Deno.mkdirSync(join(root, own, "spread"), { recursive: true });
    for (const name of ["spread.ts", "spread/factor.ts"]) {
      Deno.copyFileSync(join(ROOT, own, name), join(root, own, name));
    }
    const env = { ICL_LAB_DENO: Deno.execPath() };
    await use({
      root,
      sweep: (...args) => finished(join(root, "lab"), ["sweep", ...args], root, env),
      folder: (name) => join(root, "results", "sweeps", name),
    });
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

/** `sweep.json` of a folder. */
export const sweepOf = (folder: string): Sweep => JSON.parse(Deno.readTextFileSync(join(folder, "sweep.json")));

/** Logs of a sweep's cells as bytes, by cell and first seed. */
export function logsOf(folder: string): Record<string, string> {
  const logs: Record<string, string> = {};
  for (const { hash, cells, parts } of sweepOf(folder).tasks) {
    const own = join(folder, "tasks", hash);
    const folders = cells === undefined
      ? [own]
      : [...Deno.readDirSync(join(own, "cells"))].map(({ name }) => name).toSorted().map((name) =>
        join(own, "cells", name)
      );
    for (const [index, run] of folders.entries()) {
      logs[`${parts[index].cell}, seeds ${readManifest(run).seeds.join(" ")}`] = Deno.readTextFileSync(
        join(run, "log.ndjson"),
      );
    }
  }
  return logs;
}
