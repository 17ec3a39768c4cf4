/**
 * Replica-steps per second of a sweep whose seeds train side by side in one process, against the same sweep with a process a seed,
 * and in PyTorch: `deno task bench-sweep [SEEDS [STEPS]] [--experiment=FILE] [--python=PYTHON] [--OPTION=VALUE …]`.
 *
 * Whole commands are timed, copies of the code, starts of processes and figures included; `CPU s` is what all processes
 * together computed, which other work on the machine changes little. Further options are the experiment's; one that has
 * no `--steps` is timed in replicas. PyTorch trains `experiments/examples/modes.ts` alone.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { helpIfAsked } from "./help.ts";
import { table } from "./measure.ts";

helpIfAsked(import.meta.url);
const MODES = "experiments/examples/modes.ts";
const own = Object.fromEntries(
  Deno.args.flatMap((arg) => {
    const [, key, value] = /^--(experiment|python)=(.+)$/.exec(arg) ?? [];
    return key === undefined ? [] : [[key, value]];
  }),
);
const experiment = own.experiment ?? MODES;
const given = Deno.args.filter((arg) => arg.startsWith("--") && !/^--(experiment|python)=/.test(arg));
const [seeds = 16, steps = 5000] = Deno.args.filter((arg) => !arg.startsWith("--")).map(Number);
if (![seeds, steps].every((n) => Number.isInteger(n) && n >= 1)) {
  console.error(`error: expected a number of seeds and one of steps, found ${Deno.args.join(" ")}`);
  Deno.exit(2);
}
const root = fromFileUrl(new URL("../../", import.meta.url));
const counted = experiment === MODES || Deno.args.filter((arg) => !arg.startsWith("--")).length > 1;

/** Seconds of a command, on the clock and of all its processes together. */
async function secondsOf(command: string, args: readonly string[]): Promise<{ wall: number; cpu: number }> {
  const began = performance.now();
  // The shell says how long its children, and theirs, have computed.
  const script = '"$@" >/dev/null || exit; times >&2';
  const { success, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", command, ...args],
    cwd: root,
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (!success) throw new Error(`expected ${command} to succeed, found: ${said.slice(-400)}`);
  const last = said.trim().split("\n").at(-1)!;
  const cpu = [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
  return { wall: (performance.now() - began) / 1000, cpu };
}

async function sweep(pack: number, processes: number): Promise<{ wall: number; cpu: number }> {
  const folder = Deno.makeTempDirSync({ dir: `${root}results`, prefix: "bench-" });
  try {
    const grid = [`--seed=0..${seeds - 1}`, ...(counted ? [`--steps=${steps}`] : []), ...given];
    const how = [`--pack=${pack}`, `--local=${processes}`, `--out=${folder}`];
    return await secondsOf(`${root}lab`, ["sweep", experiment, ...grid, ...how]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** As many processes at a time as there are cores, as a launcher would start them. */
async function torch(python: string, processes: number): Promise<{ wall: number; cpu: number }> {
  const folder = Deno.makeTempDirSync({ dir: `${root}results`, prefix: "bench-" });
  try {
    const one = `"${python}" tests/bench/sweep_torch.py "$1" ${steps} "${folder}/$1.ndjson"`;
    const script = `seq 0 ${seeds - 1} | xargs -n 1 -P ${processes} sh -c '${one}' sh`;
    return await secondsOf("/bin/sh", ["-c", script]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.mkdirSync(`${root}results`, { recursive: true });
const cores = navigator.hardwareConcurrency;
await sweep(seeds, 1); // Fills the driver's cache of shaders.
const rows = [
  ["one process", await sweep(seeds, 1)] as const,
  [`a process a seed, ${cores} at a time`, await sweep(1, cores)] as const,
  ...(own.python === undefined || experiment !== MODES
    ? []
    : [[`PyTorch, a process a seed, ${cores} at a time`, await torch(own.python, cores)] as const]),
];
const [, base] = rows[1];
console.log(
  `${experiment}: ${seeds} seeds${counted ? `, ${steps} steps each` : ""}${
    given.length > 0 ? `, ${given.join(" ")}` : ""
  }\n`,
);
console.log(table(
  ["sweep", "s", "CPU s", counted ? "replica-steps/s" : "replicas/min", "by the clock", "by CPU"],
  rows.map(([name, { wall, cpu }]) => [
    name,
    wall.toFixed(1),
    cpu.toFixed(1),
    (counted ? seeds * steps / wall : 60 * seeds / wall).toFixed(0),
    `${(base.wall / wall).toFixed(1)}×`,
    `${(base.cpu / cpu).toFixed(1)}×`,
  ]),
));
