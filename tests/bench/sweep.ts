/**
 * Replica-steps per second of a sweep whose seeds train side by side in one process, against the same sweep with a process a seed:
 * `deno task bench-sweep [SEEDS [STEPS]]`. Whole commands are timed, starts of processes included.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { helpIfAsked } from "./help.ts";
import { table } from "./measure.ts";

helpIfAsked(import.meta.url);
const [seeds = 16, steps = 5000] = Deno.args.map(Number);
if (![seeds, steps].every((n) => Number.isInteger(n) && n >= 1) || Deno.args.length > 2) {
  console.error(`error: expected a number of seeds and one of steps, found ${Deno.args.join(" ")}`);
  Deno.exit(2);
}
const root = fromFileUrl(new URL("../../", import.meta.url));

/** Seconds of a sweep of the example with modes. */
async function secondsOf(pack: number, processes: number): Promise<number> {
  const folder = Deno.makeTempDirSync({ dir: `${root}results`, prefix: "bench-" });
  try {
    const grid = [`--seed=0..${seeds - 1}`, `--steps=${steps}`, `--pack=${pack}`, `--local=${processes}`];
    const began = performance.now();
    const { success, stderr } = await new Deno.Command(`${root}lab`, {
      args: ["sweep", "experiments/examples/modes.ts", ...grid, `--out=${folder}`],
      cwd: root,
    }).output();
    if (!success) throw new Error(`expected a complete sweep, found: ${new TextDecoder().decode(stderr).slice(-400)}`);
    return (performance.now() - began) / 1000;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.mkdirSync(`${root}results`, { recursive: true });
const cores = navigator.hardwareConcurrency;
await secondsOf(seeds, 1); // Fills the driver's cache of shaders.
const rows = [
  ["one process", await secondsOf(seeds, 1)] as const,
  [`a process a seed, ${cores} at a time`, await secondsOf(1, cores)] as const,
];
const slowest = rows[1][1];
console.log(`${seeds} seeds, ${steps} steps each\n`);
console.log(table(
  ["sweep", "s", "replica-steps/s", "ratio"],
  rows.map(([name, seconds]) => [
    name,
    seconds.toFixed(1),
    (seeds * steps / seconds).toFixed(0),
    (slowest / seconds).toFixed(1),
  ]),
));
