import { assert, assertEquals } from "@std/assert";
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { fill } from "../../kernels/shared/fill.ts";
import { mean, sum } from "../../kernels/reduce/reduce.ts";
import { currentGpu, openGpu, withoutComputing } from "../../lib/gpu/device.ts";
import { record, withoutFusion } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { sgd } from "../../lib/optim/sgd.ts";
import { defineExperiment, option, runExperiment } from "../../lib/run/mod.ts";
import { follow } from "../../lib/study/follow.ts";
import { measureOnce } from "../../lib/train/measure_once.ts";
import { Training } from "../../lib/train/training.ts";
import { inFolder } from "./subprocess.ts";

await openGpu();

/** Trains a number, and then measures something of a given size. */
const tried: string[] = [];
const experiment = defineExperiment({
  name: "sizes",
  doc: "Does it fit?",
  options: {
    size: option.integer(8, { min: 1, help: "numbers that are measured after training" }),
    steps: option.integer(3, { min: 1, help: "steps" }),
  },
  presets: {},
  resumable: { every: 1 },
  async run(run) {
    const { size, steps } = run.configuration;
    using parameters = ParameterSet.create({ w: { shape: [1], init: { law: "constant", value: 1 } } }, run.seeds);
    using training = await Training.create({
      parameters,
      optimizer: sgd({ lr: 0.1 }),
      loss: ({ w }) => mean(multiply(w, w), [1]),
      evaluations: { w: ({ w }) => multiply(w, w) },
    });
    for await (const { step, evaluations } of follow(training, { label: "train", reports: [0, steps] }, run)) {
      assert(evaluations.w.every((value) => value > 0));
      run.measure({ series: "main", step }, evaluations);
    }
    tried.push(`trained ${training.step} steps`);
    const { total } = await measureOnce(run.seeds, () => ({ total: sum(fill([1, size], 1), [1]) }));
    run.measure({ series: "main", step: steps }, { total });
    await run.write("total.txt", String(total), "the total");
    tried.push("measured");
  },
});

/** What a run says on stdout and stderr, and its exit code. */
async function saidBy(args: readonly string[]) {
  const lines: string[] = [];
  const { log, error } = console;
  console.log = console.error = (line: string) => void lines.push(line);
  tried.length = 0;
  try {
    return { ...await runExperiment(experiment, [...args, "--quiet"]), lines };
  } finally {
    Object.assign(console, { log, error });
  }
}

Deno.test("a dry run reaches what comes after a long training, and writes nothing", () =>
  inFolder(async (root) => {
    const { exitCode, folder, lines } = await saidBy(["--dry-run", "--steps=200000", `--out=${root}/run`]);
    assertEquals([exitCode, folder, tried], [0, undefined, ["trained 200000 steps", "measured"]], lines.join("\n"));
    assertEquals(lines.length, 1);
    assert(lines[0].startsWith("dry run: at most "), lines[0]);
    assertEquals([...Deno.readDirSync(root)], []);
  }));

Deno.test("a size that only a measurement after training has is refused by a dry run, in the words of the run", () =>
  inFolder(async (root) => {
    const { maxBufferSize, maxStorageBufferBindingSize } = currentGpu().device.limits;
    const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize);
    const size = Math.floor(limit / 4) + 1;
    const wanted = `error: fill.y: expected at most ${limit} bytes, found shape (${size}) of ${4 * size} bytes`;
    const dry = await saidBy(["--dry-run", `--size=${size}`, `--out=${root}/dry`]);
    assertEquals([dry.exitCode, dry.lines.at(-1)?.slice(0, wanted.length)], [1, wanted]);
    const real = await saidBy([`--size=${size}`, `--out=${root}/real`]);
    assertEquals([real.exitCode, real.lines.at(-1)?.slice(0, wanted.length)], [1, wanted]);
  }));

Deno.test("after a dry run the device computes again", () =>
  inFolder(async (root) => {
    await saidBy(["--dry-run"]);
    const { exitCode } = await saidBy(["--size=5", `--out=${root}/run`]);
    assertEquals([exitCode, Deno.readTextFileSync(`${root}/run/total.txt`)], [0, "5"]);
  }));

Deno.test("the account has what tensors and programs hold, shared buffers once, and forgets what is freed", async () => {
  await withoutComputing(undefined, async (gpu) => {
    assertEquals(currentGpu(), gpu);
    const { dry } = gpu;
    using x = new Tensor([256, 64], "f32", "x");
    assertEquals([dry.now, dry.peak], [x.size * 4, x.size * 4]);
    // One kernel would make the whole chain, and keep no tensor of it.
    const program = await withoutFusion(() =>
      record("chain", () => {
        let y = x;
        for (let i = 0; i < 5; i++) y = add(y, y);
        return y;
      })
    );
    const { planned, unshared } = program.memory;
    assertEquals([planned, unshared], [3 * x.size * 4, 5 * x.size * 4]);
    const uniforms = dry.now - x.size * 4 - planned;
    assert(uniforms > 0 && uniforms <= 5 * 256, `${uniforms}`);
    assertEquals(dry.peak, dry.now);
    assertEquals(dry.largest, { label: "x", bytes: x.size * 4 });
    program.replay(3);
    const { now } = dry;
    const read = await program.outputs.read();
    assert(read.length === x.size && read.every((value) => value >= 0.5 && value <= 1.5));
    assertEquals([dry.now, dry.peak], [now, now + x.size * 4]);
    program.destroy();
    assertEquals(dry.now, x.size * 4);
  });
});

Deno.test("a dry run of an experiment without a GPU is refused", async () => {
  const { error } = console;
  const said: string[] = [];
  console.error = (line: string) => void said.push(line);
  try {
    const { exitCode } = await runExperiment({ ...experiment, gpu: false }, ["--dry-run"]);
    assertEquals(exitCode, 2);
    assertEquals(said, ["error: expected --dry-run of an experiment on a GPU, found one without"]);
  } finally {
    console.error = error;
  }
});
