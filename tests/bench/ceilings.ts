/**
 * What can an adapter do at most: arithmetic, loads, stores, memory, launches; and what follows for a matrix product?
 *
 * Kernels that do one thing each, on all cores: multiplications and additions in registers; loads and stores of four
 * numbers within 16 KiB, which stay in a core's first cache; a copy of 64 MiB, which does not; a launch that does nothing.
 * The best of some rounds counts, since only disturbances make a ceiling look lower.
 *
 * On a software driver a tile of 64 × 64 entries, whose sums stay in registers, has 32 768 multiplications and additions
 * and 512 numbers to load for every four steps of its sums: the time of both, one after the other, bounds the product.
 *
 * `deno task bench-ceilings [--rounds=7]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { currentGpu, openGpu } from "../../lib/gpu/device.ts";
import { kernel } from "../../lib/gpu/kernel.ts";
import { type Program, record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { helpIfAsked } from "./help.ts";
import { table } from "./measure.ts";

const LANES = 64;
const GROUPS = 512;
const LOOPS = 256;
/** Vectors of four that an invocation holds, few enough for registers; updates of each, and accesses, of one loop. */
const [VECTORS, UPDATES, ACCESSES] = [5, 16, 4];
const STREAMED = 2 ** 24;

/** A kernel of one input and one output whose invocations run `body` and then store a vector each. */
function ceiling(label: string, body: string, stored = "sum", size = 1024) {
  return kernel({
    label,
    code: {
      [`${label}.wgsl`]: `
        struct Dims { loops: u32, slope: f32 }
        @group(0) @binding(0) var<uniform> dims: Dims;
        @group(0) @binding(1) var<storage, read> x: array<vec4f>;        // (N)
        @group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // (N)
        @compute @workgroup_size(${LANES}) fn main(@builtin(workgroup_id) group: vec3u,
            @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
          let i = group_index(group, groups) * ${LANES}u + lane;
          var sum = vec4f();
          ${body}
          y[i % ${size}u] = ${stored};
        }`,
    },
    inputs: { x: ["N"] },
    outputs: { y: ["N"] },
    scalars: ["loops", "slope"],
    groups: ({ N }) => N === STREAMED ? N / 4 / LANES : GROUPS,
  });
}

const repeated = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, k) => line(k));

const arithmetic = ceiling(
  "arithmetic",
  `
  ${repeated(VECTORS, (k) => `var v${k} = vec4f(f32(i + ${k}u));`).join("\n")}
  for (var n = 0u; n < dims.loops; n++) {
    ${repeated(UPDATES * VECTORS, (k) => `v${k % VECTORS} = v${k % VECTORS} * dims.slope + 1.0;`).join("\n")}
  }
  sum = ${repeated(VECTORS, (k) => `v${k}`).join(" + ")};`,
);

const loads = ceiling(
  "loads",
  `for (var n = 0u; n < dims.loops; n++) {
    let first = (i + 7u * n) % 512u;
    ${repeated(ACCESSES, (k) => `sum += x[first + ${k * LANES}u];`).join("\n")}
  }`,
);

const stores = ceiling(
  "stores",
  `sum = vec4f(dims.slope);
  for (var n = 0u; n < dims.loops; n++) {
    let first = (i + 7u * n) % 512u;
    ${repeated(ACCESSES, (k) => `y[first + ${k * LANES}u] = sum;`).join("\n")}
  }`,
);

const copying = ceiling("copying", "", "x[i] * dims.slope", STREAMED / 4);
const nothing = ceiling("nothing", "");

/** Shortest time of a launch in seconds, over rounds of as many launches as take a while. */
async function secondsOf(program: Program<unknown>, launches: number, rounds: number): Promise<number> {
  const time = async (count: number) => {
    const start = performance.now();
    program.replay(count);
    await currentGpu().finish();
    return (performance.now() - start) / 1000;
  };
  await time(2);
  // Waiting costs 11 ms whatever the work: the difference of a long and a short round is free of it.
  let count = 4;
  while (await time(count) < 0.1) count *= 2;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(-await time(1) + await time(1 + count));
  return Math.min(...times) / count / launches;
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["rounds"],
    default: { rounds: "7" },
    unknown: (argument) => {
      console.error(`error: expected --rounds, found ${argument}`);
      Deno.exit(2);
    },
  });
  const rounds = Number(args.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error(`error: expected --rounds to be an integer ≥ 1, found ${args.rounds}`);
    Deno.exit(2);
  }
  const gpu = await openGpu();
  using x = new Tensor([4096]);
  using y = new Tensor([4096]);
  const invocations = GROUPS * LANES;
  const measure = async (run: typeof loads, launches = 1) => {
    using program = await record(
      "ceiling",
      () => Array.from({ length: launches }, () => run({ x, y, loops: LOOPS, slope: 0.5 })),
    );
    return await secondsOf(program, launches, rounds);
  };
  const flops = 2 * 4 * VECTORS * UPDATES * LOOPS * invocations / await measure(arithmetic);
  const numbers = 4 * ACCESSES * LOOPS * invocations;
  const [loaded, stored] = [numbers / await measure(loads), numbers / await measure(stores)];
  const launch = await measure(nothing, 100);
  using from = new Tensor([STREAMED]);
  using to = new Tensor([STREAMED]);
  using copy = await record("copy", () => copying({ x: from, y: to, loops: 0, slope: 1 }));
  const bytes = 8 * STREAMED / await secondsOf(copy, 1, rounds);

  console.log(`${gpu.adapter.description || gpu.adapter.device}\n`);
  const giga = (rate: number) => (rate / 1e9).toFixed(rate < 1e10 ? 1 : 0);
  console.log(table(["ceiling", "rate"], [
    ["multiplications and additions in registers", `${giga(flops)} GFLOP/s`],
    ["loads from a core's cache", `${giga(loaded)} G numbers/s`],
    ["stores to a core's cache", `${giga(stored)} G numbers/s`],
    ["memory, read and written", `${giga(bytes)} GB/s`],
    [`a launch of ${GROUPS} workgroups`, `${(launch * 1e6).toFixed(0)} µs`],
    ...(gpu.adapter.software
      ? [["a product by tiles of 64 × 64", `${giga(32_768 / (32_768 / flops + 512 / loaded))} GFLOP/s`]]
      : []),
  ]));
}

if (import.meta.main) await main();
