/** Killing a run again and again, and resuming it. */
import { assert, assertEquals } from "@std/assert";
import { listCheckpoints } from "../../lib/checkpoint/mod.ts";
import { uniforms } from "../../lib/random/random.ts";
import { readManifest } from "../../lib/run/mod.ts";
import { denoArgs, finished } from "./subprocess.ts";

/** Mesa's line where nobody has set the variable. */
const MESA = /^error: XDG_RUNTIME_DIR is invalid or not set in the environment\.\n/gm;

/** Waits. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(reached: () => boolean) {
  for (let wait = 0; !reached(); wait++) {
    assert(wait < 12_000, "expected the run to come that far within 60 s");
    await pause(5);
  }
}

/** What an interruption may change: how the run ended, and when its rows were written. */
const CHANGES = ["manifest.json", "clock.ndjson"];

/** Everything in a run folder whose bytes an interruption must not change, by path. */
export function remains(folder: string, below = ""): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${below}`)) {
    const path = `${below}${name}`;
    if (isDirectory) Object.assign(files, remains(folder, `${path}/`));
    else if (!CHANGES.includes(path)) files[path] = Deno.readFileSync(`${folder}/${path}`).toHex();
  }
  return files;
}

/** Program, places and number of kills. */
export interface Kills {
  /** File of the experiment. */
  readonly program: string;
  /** Working folder; the run lies in `results/run`. */
  readonly root: string;
  /** Options of the run. */
  readonly options: readonly string[];
  /** Number of kills; fewer where the run comes to its end before. */
  readonly kills: number;
  /** Latest moment of a kill after the run went on, in ms. */
  readonly slowest: number;
}

/**
 * Kills a run at random moments (SIGKILL), resumes it each time and to its end, and fails unless everything in its folder
 * but the manifest equals byte for byte what an uninterrupted run leaves.
 *
 * Every fifth moment is one of the start; the others come when the run goes on, two of them past a checkpoint, so that a
 * busy machine gets somewhere too. Returns the steps from which it went on.
 */
export async function assertResumes({ program, root, options, kills, slowest }: Kills): Promise<readonly number[]> {
  const folder = `${root}/results/run`;
  const moments = uniforms({ seed: 20, key: "moment of a kill" }, kills);
  const newest = () => listCheckpoints(folder).at(-1)?.step ?? 0;
  const manifest = () => {
    try {
      return readManifest(folder);
    } catch {
      return undefined;
    }
  };
  const isOver = () => manifest()?.status === "complete";
  const run = (args: readonly string[]) => finished(Deno.execPath(), denoArgs(args, undefined, program), root);
  for (const [kill, moment] of moments.entries()) {
    const args = kill === 0 ? ["--out=results/run", ...options] : ["--resume=results/run"];
    const child = new Deno.Command(Deno.execPath(), {
      args: denoArgs([...args, "--quiet"], undefined, program),
      cwd: root,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const [early, late] = [kill % 5 === 4, kill % 5 === 1 || kill % 5 === 3];
    const before = newest();
    let ended = false;
    child.status.then(() => ended = true);
    await until(() => ended || early || manifest()?.pid === child.pid);
    await until(() => ended || !late || newest() > before);
    await pause(moment * (early ? 120 : late ? 60 : slowest));
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself: complete, or with an error that is shown below.
    }
    const { signal, stderr } = await child.output();
    if (isOver()) break;
    const said = new TextDecoder().decode(stderr).replaceAll(MESA, "");
    assertEquals([signal, said], ["SIGKILL", ""]);
  }
  if (!isOver()) assertEquals((await run(["--resume=results/run", "--quiet"])).code, 0);
  assertEquals((await run(["--out=results/whole", ...options, "--quiet"])).code, 0);
  assertEquals(remains(folder), remains(`${root}/results/whole`));
  const { status, resumptions } = readManifest(folder);
  assertEquals(status, "complete");
  const steps = resumptions.map(({ step }) => step);
  assertEquals(steps, steps.toSorted((a, b) => a - b));
  return steps;
}
