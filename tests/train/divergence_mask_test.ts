import { assert, assertEquals, assertRejects } from "@std/assert";
import { multiply } from "../../kernels/elementwise/binary.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { DivergenceError } from "../../lib/train/divergence.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy, meanSquare } from "../../lib/losses.ts";
import { linearTransformer } from "../../lib/models/linear_transformer.ts";
import { mlp } from "../../lib/models/mlp.ts";
import { DivergenceMask } from "../../lib/train/divergence_mask.ts";
import { column, defineExperiment, option, readLog, readManifest, runExperiment } from "../../lib/run/mod.ts";
import { ParameterSet, type ParameterSpecs, type Weights } from "../../lib/models/parameters.ts";
import { transformer, type TransformerOptions } from "../../lib/models/transformer.ts";
import { adamw, type Optimizer, sgd } from "../../lib/optim/mod.ts";
import { linearRegression, repeatedSequences, withTargets } from "../../lib/tasks/mod.ts";
import {
  type Computation,
  everySteps,
  type SavedState,
  type StepDraw,
  Training,
  type TrainingState,
} from "../../lib/train/training.ts";

await openGpu();

/** The arrays of replica r. */
function replica({ tensors }: TrainingState, r: number) {
  return tensors.filter(({ name }) => !name.startsWith("run.")).map(({ name, shape: [R, ...shape], data }) => {
    const size = data.length / R;
    return { name, shape, data: data.slice(r * size, (r + 1) * size) };
  });
}

interface Problem {
  readonly specs: ParameterSpecs;
  readonly loss: (weights: Weights, draw: StepDraw, buffers: Weights) => Tensor;
  readonly optimizer: (lr: number[]) => Optimizer;
  readonly buffers?: ParameterSpecs;
}

interface Masked {
  readonly losses: number[][];
  readonly norms: number[][];
  readonly diverged: (readonly [number, number])[][];
  readonly state: TrainingState;
}

/** Trains three replicas and keeps what each report says. */
async function train(problem: Problem, lr: number[], steps: number[], from?: SavedState): Promise<Masked> {
  const seeds = [5, 6, 7];
  using parameters = ParameterSet.create(problem.specs, seeds);
  using buffers = problem.buffers ? ParameterSet.create(problem.buffers, seeds) : null;
  using training = await Training.create({
    parameters,
    optimizer: problem.optimizer(lr),
    loss: (weights, draw) => problem.loss(weights, draw, buffers?.weights ?? {}),
    buffers: buffers ?? undefined,
    evaluations: { norm: (weights) => sum(multiply(first(weights), first(weights)), [1, 2]) },
    divergence: "mask",
    from,
  });
  const [losses, norms, diverged]: [number[][], number[][], [number, number][][]] = [[], [], []];
  for await (const report of training.run({ reports: steps })) {
    losses.push(...report.losses.map((row) => [...row]));
    norms.push([...report.evaluations.norm]);
    diverged.push([...report.diverged]);
  }
  return { losses, norms, diverged, state: await training.state() };
}

function first(weights: Weights): Tensor {
  return Object.values(weights).find(({ shape }) => shape.length === 3)!;
}

function decoder(options: Partial<TransformerOptions>, optimizer: Problem["optimizer"]): Problem {
  const sizes = { outputs: 9, length: 7, layers: 2, heads: 3, width: 15, mlp: 13 };
  const model = transformer({ input: { vocabulary: 9 }, ...sizes, ...options });
  const task = withTargets(repeatedSequences({ vocabulary: 9, length: 8, batch: 3, block: 3 }));
  const loss: Computation = (weights, draw) => {
    const { inputs, targets } = task({ ...draw, key: "train" });
    return crossEntropy(model.apply(weights, inputs), targets);
  };
  return { specs: model.parameters, loss, optimizer };
}

const regression = linearRegression({ dimension: 3, context: 5, batch: 7, outputs: 1 });
const perceptron = mlp({ widths: [3, 11, 6, 1], norm: "batch" });
const linear = linearTransformer({ width: 3, layers: 3, matrices: "factorised", deviation: 0.3 });
const clipped = (lr: number[]) => adamw({ lr, clip: 0.5 });
const plain = (lr: number[]) => sgd({ lr });

// Widths are odd, so that the parts of replicas share vectors, tiles and cache lines.
const PROBLEMS: Readonly<Record<string, Problem>> = {
  "decoder, AdamW, clipped": decoder({}, clipped),
  "decoder, linear attention, RMS norm, SGD with momentum": decoder(
    { attention: "linear", norm: "rms", activation: "relu" },
    (lr) => sgd({ lr, momentum: 0.9, clip: 1 }),
  ),
  "encoder, ReLU attention, no norm, last position": decoder(
    { attention: "relu", norm: "none", positions: "sinusoidal", causal: false },
    clipped,
  ),
  "linear transformer, SGD": {
    specs: linear.parameters,
    loss: (weights, draw) => {
      const { x } = regression({ ...draw, key: "train" });
      return meanSquare(linear.apply(weights, x), x.detached);
    },
    optimizer: plain,
  },
  "perceptron with batch normalisation, SGD": {
    specs: perceptron.parameters,
    buffers: perceptron.buffers,
    loss: (weights, draw, buffers) => {
      const { x, y } = regression({ ...draw, key: "train" });
      return meanSquare(perceptron.apply(weights, x, { buffers }), y);
    },
    optimizer: plain,
  },
};

const RATES = [0.01, 3e38, 0.02];

for (const [name, problem] of Object.entries(PROBLEMS)) {
  Deno.test(`masked divergence, ${name}: the others have the bits that they have without the lost replica`, async () => {
    const steps = everySteps(4, 12);
    const [lost, whole] = [await train(problem, RATES, steps), await train(problem, [0.01, 0.01, 0.02], steps)];
    assertEquals(whole.diverged.flat(), []);
    const at = lost.diverged.at(-1)![0];
    assertEquals(at[0], 1);
    assert(at[1] >= 1 && at[1] <= 4, `diverged at step ${at[1]}`);
    for (const r of [0, 2]) {
      assertEquals(replica(lost.state, r), replica(whole.state, r));
      assertEquals(lost.losses.map((row) => row[r]), whole.losses.map((row) => row[r]));
      assertEquals(lost.norms.map((row) => row[r]), whole.norms.map((row) => row[r]));
    }
    assertEquals(lost.losses.map((row) => Number.isNaN(row[1])), lost.losses.map((_, step) => step >= at[1]));
    assertEquals(lost.norms.map((row) => Number.isNaN(row[1])), steps.map((step) => step >= at[1]));
    assert(replica(lost.state, 1).every(({ data }) => data.every(Number.isNaN)));
  });
}

const ones = { w: { shape: [1, 3], init: { law: "constant", value: 1 } } } as const;
const squares = ({ w }: Weights) => sum(multiply(w, w), [1, 2]);
/** w ← (1 − 2 lr) w: with lr = 2 its square leaves single precision at step 40, with 1.5 at step 64. */
const quadratic: Problem = { specs: ones, loss: squares, optimizer: plain };

Deno.test("masked divergence: reports name replica and step, whichever steps are reported", async () => {
  for (const distance of [10, 7, 1]) {
    const { diverged, norms } = await train(quadratic, [0.1, 2, 0.2], everySteps(distance, 60));
    assertEquals(diverged, everySteps(distance, 60).map((step) => step >= 40 ? [[1, 40]] : []));
    norms.forEach(([, norm], index) => {
      const step = everySteps(distance, 60)[index];
      if (step < 40) assert(Math.abs(norm / (3 * 9 ** step) - 1) < 1e-5, `${norm} at step ${step}`);
    });
  }
});

Deno.test("masked divergence: a resumed run has the same bits, that of a lost replica included", async () => {
  const rates = [0.1, 2, 0.2];
  const whole = await train(quadratic, rates, everySteps(10, 80));
  for (const stop of [30, 50]) {
    const half = await train(quadratic, rates, everySteps(10, stop));
    const rest = await train(quadratic, rates, everySteps(10, 80), half.state);
    assertEquals(rest.state, whole.state);
    assertEquals([...half.losses, ...rest.losses], whole.losses);
    assertEquals([...half.diverged, ...rest.diverged], whole.diverged);
  }
  const record = whole.state.tensors.find(({ name }) => name === "run.diverged")!;
  assertEquals([record.shape, [...record.data]], [[3, 2], [-1, -1, 0, 40, -1, -1]]);
});

Deno.test("masked divergence: a step that single precision does not hold is kept by the state", async () => {
  const step = 2 ** 24 + 1;
  const from = { step, tensors: [{ name: "w", shape: [3, 1, 3], data: new Float32Array(9).fill(1).fill(NaN, 3, 6) }] };
  const { state } = await train(quadratic, [0.1, 0.1, 0.1], [step + 1], from);
  const again = await train(quadratic, [0.1, 0.1, 0.1], [step + 2], state);
  assertEquals(again.diverged, [[[1, step]]]);
});

Deno.test("masked divergence: once all are lost the run ends with the error of the last, after the reports before", async () => {
  using parameters = ParameterSet.create(ones, [1, 2]);
  const optimizer = sgd({ lr: [2, 1.5] });
  using training = await Training.create({ parameters, optimizer, loss: squares, divergence: "mask" });
  const steps: number[] = [];
  const error = await assertRejects(async () => {
    for await (const { step } of training.run({ reports: everySteps(10, 200) })) steps.push(step);
  }, DivergenceError);
  assertEquals(
    error.message,
    "replica 1 diverged at step 64: expected a finite loss, found none; lower the learning rate or the initial scale",
  );
  assertEquals(steps, [0, 10, 20, 30, 40, 50, 60]);
  assertEquals([...training.diverged], [[0, 40], [1, 64]]);
});

Deno.test("masked divergence: at a report, parameters or an evaluation show it before a loss does", async () => {
  const powers = { power: ({ w }: Weights) => sum(multiply(multiply(w, w), multiply(w, w)), [1, 2]) };
  const cases: [Record<string, Computation>, number][] = [[powers, 20], [{}, 40]];
  for (const [evaluations, expected] of cases) {
    using parameters = ParameterSet.create(ones, [1, 2]);
    const optimizer = sgd({ lr: [0.1, 2] });
    using training = await Training.create({ parameters, optimizer, loss: squares, evaluations, divergence: "mask" });
    const found: [number, number][][] = [];
    for await (const { diverged } of training.run({ reports: everySteps(1, 40) })) found.push([...diverged]);
    assertEquals(found, everySteps(1, 40).map((step) => step >= expected ? [[1, expected]] : []));
  }
});

Deno.test("masked divergence: an evaluation over another axis than the replicas is left as it is", async () => {
  using parameters = ParameterSet.create(ones, [1, 2]);
  using training = await Training.create({
    parameters,
    optimizer: sgd({ lr: [0.1, 2] }),
    loss: squares,
    evaluations: {
      sizes: ({ w }) => sum(multiply(w, w), [0, 2]),
      parts: ({ w }) => ({ own: sum(w, [1, 2]), all: sum(multiply(w, w), [0, 2]) }),
    },
    divergence: "mask",
  });
  for await (const { step, diverged, evaluations } of training.run({ reports: [20, 50] })) {
    assertEquals([...diverged.keys()], step === 20 ? [] : [1]);
    assertEquals(Number.isFinite(evaluations.sizes[0]), step === 20);
    assertEquals([...evaluations.parts.own].map(Number.isNaN), [false, step === 50]);
    assertEquals(evaluations.parts.all, evaluations.sizes);
  }
});

Deno.test("divergence mask: the first step counts, and whoever was lost before stays so", () => {
  const mask = new DivergenceMask(3, [[2, 5]]);
  mask.mark(6, Float32Array.of(1, 1, 2, -Infinity, 3, 3), "loss");
  mask.mark(7, Float32Array.of(1, NaN, 3), "loss");
  assertEquals([...mask.steps], [[2, 5], [1, 6]]);
  const values = Float32Array.of(1, 2, 3, 4, 5, 6);
  mask.cover(values);
  assertEquals([...values], [1, 2, NaN, NaN, NaN, NaN]);
  assertEquals(mask.end, null);
  mask.mark(8, Float32Array.of(NaN, NaN, NaN), 'evaluation "test"');
  assertEquals([mask.end?.replica, mask.end?.step, mask.end?.quantity], [0, 8, 'evaluation "test"']);
  assertEquals(new DivergenceMask(2, [[1, 9], [0, 4]]).end?.message.split(":")[0], "replica 1 diverged at step 9");
});

Deno.test("masked divergence: an experiment that sweeps learning rates keeps the others, and logs who was lost when", async () => {
  const sweep = defineExperiment({
    name: "sweep",
    doc: "Which learning rates are too high?",
    options: { lrs: option.numbers([0.1, 0.2], { above: 0, help: "learning rates, one a replica" }) },
    presets: {},
    columns: {
      lost: { step: column.int("", "whose loss is not finite"), replica: column.int("", "") },
    },
    claims: [],
    replicas: ({ lrs }) => lrs.length,
    async run({ configuration: { lrs }, seeds, log, ...run }) {
      using parameters = ParameterSet.create(ones, seeds);
      const optimizer = sgd({ lr: lrs });
      using training = await Training.create({ parameters, optimizer, loss: squares, divergence: "mask" });
      for await (const { step, loss, diverged } of training.run({ reports: everySteps(2, 4) })) {
        const kept = Array.from(loss ?? [], (value, replica) => diverged.has(replica) ? null : value);
        if (loss) run.measure({ series: "main", step }, { loss: kept });
      }
      for (const [replica, step] of training.diverged) log("lost", { step, replica });
    },
  });
  const out = Deno.makeTempDirSync();
  try {
    const { exitCode } = await runExperiment(sweep, ["--lrs=1e-3,1e30", "--quiet", `--out=${out}`]);
    assertEquals([exitCode, readManifest(out).status], [0, "complete"]);
    const rows = await Array.fromAsync(readLog(`${out}/log.ndjson`));
    const places = rows.map(({ kind, step, replica }) => [kind, step, replica]);
    assertEquals(places, [["measure", 2, 0], ["measure", 4, 0], ["lost", 1, 1]]);
  } finally {
    Deno.removeSync(out, { recursive: true });
  }
});
