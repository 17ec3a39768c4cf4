import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { divide, multiply } from "../../kernels/elementwise/binary.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { DivergenceError } from "../../lib/train/divergence.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { ParameterSet, type Weights } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { adamw, type Optimizer, sgd, sgld, warmUp } from "../../lib/optim/mod.ts";
import { repeatedSequences, withTargets } from "../../lib/tasks/mod.ts";
import {
  evenSteps,
  everySteps,
  linearAndLogarithmicSteps,
  logarithmicSteps,
  type SavedState,
  type StepDraw,
  Training,
  type TrainingState,
} from "../../lib/train/training.ts";

const gpu = await openGpu();

const MODEL = transformer({ input: { vocabulary: 8 }, outputs: 8, length: 8, layers: 2, heads: 2, width: 16, mlp: 24 });
const SEQUENCES = withTargets(repeatedSequences({ vocabulary: 8, length: 9, batch: 4, block: 4 }));

function copyingLoss(key: string) {
  return (weights: Weights, draw: StepDraw) => {
    const { inputs, targets } = SEQUENCES({ ...draw, key });
    return crossEntropy(MODEL.apply(weights, inputs), targets);
  };
}

const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  "SGD with momentum": () => sgd({ lr: 0.1, momentum: 0.9 }),
  "AdamW, clipped, warmed up": () => adamw({ lr: 1e-2, weightDecay: 0.1, clip: 0.5, schedule: warmUp(5) }),
  SGLD: () => sgld({ lr: 1e-4, nBeta: 50, localisation: 1 }),
};

interface Trained {
  readonly losses: Float32Array[];
  readonly states: TrainingState[];
}

/** Trains the small decoder and keeps what is reported, with the state at the pauses. */
async function train(seeds: number[], optimizer: Optimizer, steps: number, from?: SavedState | null): Promise<Trained> {
  using parameters = ParameterSet.create(MODEL.parameters, seeds);
  using training = await Training.create({ parameters, optimizer, loss: copyingLoss("train"), from });
  const [losses, states]: [Float32Array[], TrainingState[]] = [[], []];
  for await (const report of training.run({ reports: everySteps(10, steps), pause: () => true })) {
    losses.push(...report.losses);
    states.push(await training.state());
  }
  return { losses, states };
}

/** The arrays of replica r. */
function replica({ tensors }: TrainingState, r: number) {
  return tensors.map(({ name, shape: [R, ...shape], data }) => {
    const size = data.length / R;
    return { name, shape, data: data.slice(r * size, (r + 1) * size) };
  });
}

for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
  Deno.test(`training, ${name}: replica r of an ensemble has the same bits as its seed alone`, async () => {
    const together = await train([5, 6, 7], optimizer(), 20);
    const alone = await train([7], optimizer(), 20);
    assertEquals(replica(together.states.at(-1)!, 2), replica(alone.states.at(-1)!, 0));
    assertEquals(together.losses.map((losses) => losses[2]), alone.losses.map((losses) => losses[0]));
    assert(together.losses[0][0] !== together.losses[0][2], "replicas draw batches of their own");
  });

  Deno.test(`training, ${name}: continued from a state, it has the same bits as without a break`, async () => {
    const whole = await train([5, 6], optimizer(), 30);
    const rest = await train([5, 6], optimizer(), 30, whole.states[1]);
    assertEquals(rest.states.at(-1), whole.states.at(-1));
    assertEquals(rest.losses, whole.losses.slice(10));
  });
}

Deno.test("training: steps of reports, none between the ends where the distance is 0", () => {
  assertEquals(everySteps(4, 9), [0, 4, 8, 9]);
  assertEquals(everySteps(4, 8), [0, 4, 8]);
  assertEquals(everySteps(0, 7), [0, 7]);
  assertEquals(everySteps(0, 0), [0]);
});

Deno.test("training: as many even steps as asked for, or fewer, at one distance but for the last", () => {
  for (const [count, total] of [[2, 1], [2, 9], [5, 800], [6, 601], [40, 7], [12, 100]]) {
    const steps = evenSteps(count, total);
    assertEquals([steps[0], steps.at(-1)], [0, total]);
    assert(steps.length <= count, `found ${steps}`);
    const distances = steps.slice(1).map((step, index) => step - steps[index]);
    assert(distances.every((distance, index) => distance === distances[0] || index === distances.length - 1));
    assert(distances.at(-1)! <= distances[0]);
  }
  assertEquals(evenSteps(5, 800), [0, 200, 400, 600, 800]);
  assertThrows(() => evenSteps(1, 5), RangeError, "evenSteps: expected a whole number ≥ 2 for count, found 1");
});

Deno.test("training: steps for both axes ascend from 0 to the last, dense on each, about as many as asked for", () => {
  for (const [last, count] of [[5000, 120], [400, 60], [40_000, 120], [10, 120], [1, 40]]) {
    const steps = linearAndLogarithmicSteps(count, last);
    assertEquals([steps[0], steps.at(-1)], [0, last]);
    assert(steps.every((step, index) => Number.isInteger(step) && (index === 0 || step > steps[index - 1])));
    assert(steps.length <= count + 1, `${steps.length} of ${count}`);
    const gap = Math.max(...steps.slice(1).map((step, index) => step - steps[index]));
    assert(gap <= Math.ceil(last / (count / 2)), `gap ${gap} up to ${last}`);
  }
  assertEquals(linearAndLogarithmicSteps(120, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert(linearAndLogarithmicSteps(120, 5000).filter((step) => step <= 50).length >= 20);
});

Deno.test("training: continued from nothing it begins; an experiment's own integers are left alone", async () => {
  const begun = await train([5], OPTIMIZERS.SGLD(), 10, null);
  const state = begun.states.at(-1)!;
  const own = { name: "run.clock", shape: [1], data: Uint32Array.of(7) };
  const [rest, same] = [
    await train([5], OPTIMIZERS.SGLD(), 20, { ...state, tensors: [own, ...state.tensors] }),
    await train([5], OPTIMIZERS.SGLD(), 20, state),
  ];
  assertEquals(rest, same);
});

Deno.test("training: losses that no report has had go with the state", async () => {
  using parameters = ParameterSet.create(MODEL.parameters, [1]);
  const loss = copyingLoss("train");
  const whole = await train([1], OPTIMIZERS.SGLD(), 20);
  const controller = new AbortController();
  using training = await Training.create({ parameters, optimizer: OPTIMIZERS.SGLD(), loss });
  for await (const { step } of training.run({ reports: [0, 5], signal: controller.signal })) {
    if (step === 0) controller.abort();
  }
  const state = await training.state();
  const rest = await train([1], OPTIMIZERS.SGLD(), 20, state);
  assertEquals(rest.losses, whole.losses);
});

const quadratic = { w: { shape: [3], init: { law: "constant", value: 1 } } } as const;
const square = ({ w }: Weights) => sum(multiply(w, w), [1]);

Deno.test("training: reports come at the chosen steps, evaluations with them, and a condition ends it", async () => {
  using parameters = ParameterSet.create(quadratic, [1, 2]);
  const optimizer = sgd({ lr: [0.1, 0.2] });
  using training = await Training.create({
    parameters,
    optimizer,
    loss: square,
    evaluations: { twice: ({ w }) => multiply(w, w), norm: ({ w }) => sum(w, [1]) },
  });
  const steps: number[] = [];
  const reports = logarithmicSteps(6, 1000);
  for await (const report of training.run({ reports, until: ({ evaluations }) => evaluations.norm[0] < 1e-3 })) {
    steps.push(report.step);
    assertEquals(report.loss === null, report.step === 0);
    assertEquals(report.evaluations.twice.length, 6);
    // w ← (1 − 2 lr) w, each replica with its own rate.
    const exact = [0.8, 0.6].map((factor) => 3 * factor ** report.step);
    exact.forEach((value, r) => assertLess(Math.abs(report.evaluations.norm[r] - value), 1e-5));
  }
  assertEquals(steps, [0, 1, 4, 16, 63]);
  assertEquals(training.step, 63);
});

Deno.test("training: an evaluation may give tensors by name, and each is what it is alone", async () => {
  using parameters = ParameterSet.create(quadratic, [1, 2]);
  using training = await Training.create({
    parameters,
    optimizer: sgd({ lr: [0.1, 0.2] }),
    loss: square,
    evaluations: {
      both: ({ w }) => {
        const squares = multiply(w, w);
        return { squares, sum: sum(squares, [1]) };
      },
      square,
    },
  });
  for await (const { step, evaluations: { both, square } } of training.run({ reports: [0, 3] })) {
    const squares: Float32Array = both.squares;
    assertEquals([...both.sum], [...square]);
    [0.8, 0.6].forEach((factor, r) => assertLess(Math.abs(squares[3 * r] - factor ** (2 * step)), 1e-5));
  }
});

Deno.test("training: an aborted signal ends it soon, with the state of the last step", async () => {
  using parameters = ParameterSet.create(quadratic, [1]);
  using training = await Training.create({ parameters, optimizer: sgd({ lr: 1e-6 }), loss: square });
  const controller = new AbortController();
  const steps: number[] = [];
  for await (const { step } of training.run({ reports: [0, 1, 10_000_000], signal: controller.signal })) {
    steps.push(step);
    if (step === 1) controller.abort();
  }
  assertEquals(steps.at(-1), 1);
  assertLess(training.step, 10_000_000);
  const { step, tensors } = await training.state();
  assertEquals(step, training.step);
  assertLess(Math.abs(tensors[0].data[0] - (1 - 2e-6) ** step), 1e-5);
});

Deno.test("training: a branch from a state reports where it begins, a continuation does not", async () => {
  const optimizer = sgd({ lr: 0.1 });
  const from = { step: 4, tensors: [{ name: "w", shape: [1, 3], data: Float32Array.of(1, 2, 3) }] };
  for (const reportStart of [true, false]) {
    using parameters = ParameterSet.create(quadratic, [1]);
    using training = await Training.create({ parameters, optimizer, loss: square, from });
    const steps: number[] = [];
    for await (const { step } of training.run({ reports: everySteps(2, 8), reportStart })) steps.push(step);
    assertEquals(steps, reportStart ? [4, 6, 8] : [6, 8]);
  }
});

Deno.test("training: a state while steps are under way is refused", async () => {
  using parameters = ParameterSet.create(quadratic, [1]);
  using training = await Training.create({ parameters, optimizer: sgd({ lr: 0.1 }), loss: square });
  const refused: string[] = [];
  for await (const _ of training.run({ reports: [1, 2, 3] })) {
    try {
      await training.state();
    } catch (error) {
      refused.push((error as Error).message);
    }
  }
  assertEquals(
    new Set(refused),
    new Set(
      refused.length > 0
        ? [
          "training: expected a report at which training pauses, found steps under way",
        ]
        : [],
    ),
  );
  assertEquals((await training.state()).step, 3);
});

Deno.test("training: a diverging replica is named with its step, after the reports before it", async () => {
  using parameters = ParameterSet.create(quadratic, [1, 2]);
  // w ← −3 w in the second replica: its square leaves single precision at step 40.
  const optimizer = sgd({ lr: [0.1, 2] });
  using training = await Training.create({ parameters, optimizer, loss: square });
  const steps: number[] = [];
  const error = await assertRejects(async () => {
    for await (const { step } of training.run({ reports: everySteps(10, 200) })) steps.push(step);
  }, DivergenceError);
  assertEquals([error.replica, error.step], [1, 40]);
  assertEquals(steps, [0, 10, 20, 30]);
});

Deno.test("training: a loss of another size, and a state of another model, are refused", async () => {
  using parameters = ParameterSet.create(quadratic, [1, 2]);
  const optimizer = sgd({ lr: 0.1 });
  const { message } = await assertRejects(
    () => Training.create({ parameters, optimizer, loss: ({ w }) => multiply(w, w) }),
    ShapeError,
  );
  assertEquals(message, "training: expected a loss of one number per replica (2), found shape (2, 3)");
  const from = { step: 3, tensors: [{ name: "other", shape: [2, 3], data: new Float32Array(6) }] };
  const state = await assertRejects(
    () => Training.create({ parameters, optimizer, loss: square, from }),
    ShapeError,
  );
  assertEquals(state.message, 'parameters: expected a parameter "w" of shape (2, 3), found none');
});

Deno.test("training: a gradient that is not finite shows in the next loss", async () => {
  using parameters = ParameterSet.create(quadratic, [1]);
  const one = { w: { shape: [3], init: { law: "constant", value: 0 } } } as const;
  using zero = ParameterSet.create(one, [1]);
  const loss = ({ w }: Weights): Tensor => sum(divide(multiply(w, w), w), [1]);
  using training = await Training.create({ parameters: zero, optimizer: sgd({ lr: 0.1 }), loss });
  await assertRejects(
    async () => {
      for await (const _ of training.run({ reports: [5] }));
    },
    DivergenceError,
    "replica 0 diverged at step 0",
  );
  assertEquals(parameters.replicas, 1);
});

Deno.test("training: 20 000 steps keep memory flat", async () => {
  using parameters = ParameterSet.create(quadratic, [1]);
  using training = await Training.create({ parameters, optimizer: adamw({ lr: 1e-3, weightDecay: 0 }), loss: square });
  const sizes: number[] = [];
  for await (const _ of training.run({ reports: everySteps(5000, 20_000) })) {
    await gpu.finish();
    sizes.push(Deno.memoryUsage().rss);
  }
  const grown = (sizes.at(-1)! - sizes[1]) / 2 ** 20;
  assertLess(grown, 16, `resident memory grew by ${grown.toFixed(1)} MiB`);
});
