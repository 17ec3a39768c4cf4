import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { intervene, INTERVENTIONS, placesOf } from "../../../experiments/icl_emergence/interventions.ts";
import { tasksOf } from "../../../experiments/icl_emergence/tasks.ts";
import * as lab from "../../../mod.ts";
import { settingOf } from "./synthetic.ts";

await lab.openGpu();

const sizes = ["--width=16", "--length=16", "--vocabulary=16", "--block-to=8", "--batch=8", "--lr=0.01", "--top-k=2"];
const setting = settingOf(...sizes, "--steps=80", "--every=10");
const [heads, width, seeds] = [2, 16, [5, 6]];
const tasks = await tasksOf(setting);
const shape = { input: { vocabulary: 16 }, outputs: 16, length: 16, layers: 2, heads, width, mlp: 0 };
const model = lab.transformer({
  ...shape,
  norm: "rms",
  biases: { attention: false, unembedding: false },
  init: "gpt2",
});
const optimizer = lab.adamw({ lr: 0.01 });
const loss = lab.nextTokenLoss(model, tasks.train(8), "train");

async function stateAt(step: number): Promise<lab.TrainingState> {
  using parameters = lab.ParameterSet.create(model.parameters, seeds);
  using training = await lab.Training.create({ parameters, optimizer, loss });
  for await (const _ of training.run({ reports: [step] }));
  return await training.state();
}

const state = await stateAt(10);
const { branched, holds } = await intervene(state, setting, seeds);

const headIn = (list: readonly lab.NamedArray[], replica: number, head: number, side = "query") =>
  lab.headOf(lab.arrayNamed(list, `blocks.1.attention.${side}`), { replica, head, heads, side: "read" });
const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const difference = (a: Float64Array, b: Float64Array) => a.map((value, e) => value - b[e]);
const everyHead = [0, 1].flatMap((r) => [0, 1].map((h) => [r, h] as const));

Deno.test("interventions that only hold change nothing; a turned subspace has directions new and values nearly old", async () => {
  const { tensors } = branched.state;
  const spacesOf = (list: readonly lab.NamedArray[]) => lab.matrixSpaces(list, { heads, matrices: ["QK"] });
  const [{ QK: old }, { QK: now }] = [await spacesOf(state.tensors), await spacesOf(tensors)];
  for (const [r, h] of everyHead) {
    const before = headIn(state.tensors, r, h);
    for (const one of ["freeze top", "freeze random"] as const) {
      assertEquals(headIn(tensors, branched.at(one, r), h), before);
    }
    const size = norm(difference(headIn(tensors, branched.at("re-randomise top", r), h), before));
    assert(size > 0.3 * norm(before), `${size} of ${norm(before)}`);
    const changed = headIn(tensors, branched.at("random change", r), h);
    assertAlmostEquals(norm(difference(changed, before)) / size, 1, 1e-5);
    const largest = (spaces: lab.HostSpaces, replica: number) => spaces.s[((replica * 2 + 1) * heads + h) * 8];
    const ratio = largest(now, branched.at("re-randomise top", r)) / largest(old, r);
    assert(ratio > 0.5 && ratio < 2, `${ratio}`);
  }
});

Deno.test("projections are those of rank k on queries and keys of both layers, and only where something is held", () => {
  const weights = [0, 1].flatMap((layer) => ["query", "key"].map((side) => `blocks.${layer}.attention.${side}`));
  assertEquals(holds.map(({ weight }) => weight), weights);
  for (const { projections } of holds) {
    for (let index = 0; index < 4 * 2 * heads; index++) {
      const P = projections.subarray(index * width * width, (index + 1) * width * width);
      const trace = Array.from({ length: width }, (_, i) => P[i * width + i]).reduce((a, b) => a + b);
      assertAlmostEquals(trace, index < 2 * 2 * heads ? setting["top-k"] : 0, 1e-4);
    }
  }
});

Deno.test("what is held does not move in training, and everything else does; the batches are those of the seeds", async () => {
  using parameters = lab.ParameterSet.create(model.parameters, branched.each(seeds));
  using training = await lab.Training.create({
    parameters,
    optimizer: lab.held(optimizer, parameters, branched.state.tensors, holds),
    loss,
    from: branched.state,
  });
  for await (const { losses } of training.run({ reports: [15] })) {
    // Before the first update, those that only hold are where the untouched replicas were.
    assertEquals(losses[0].slice(0, 2), losses[0].slice(2, 4));
  }
  const after = await parameters.read();
  for (const one of INTERVENTIONS) {
    for (const [r, h] of everyHead) {
      const replica = branched.at(one, r);
      const moved = difference(headIn(after, replica, h), headIn(branched.state.tensors, replica, h));
      const P = holds[2].projections.subarray((replica * heads + h) * width * width);
      const along = moved.map((_, e) => {
        let sum = 0;
        for (let c = 0; c < width; c++) sum += P[Math.floor(e / 8) * width + c] * moved[c * 8 + e % 8];
        return sum;
      });
      assert(norm(moved) > 1e-3, `${norm(moved)}`);
      assert(norm(along) < 1e-4 * norm(moved), `${norm(along)} of ${norm(moved)}`);
    }
  }
});

Deno.test("interventions lie two reports before the earliest window, or at a quarter of training; earlier ones at fractions", () => {
  const window = (start: number) => ({ start, end: start + 20, before: 0, after: -3, explained: 1 });
  const at = (windows: (lab.SegmentedFall | null)[], ...fractions: number[]) =>
    placesOf({ ...setting, "intervene-at": fractions }, windows).map(({ from }) => from);
  assertEquals(at([window(60), null, window(50)], 1), [30]);
  assertEquals(at([window(10)], 1), [10]);
  assertEquals(at([null], 1), [20]);
  // Down to a report, the first report at least.
  assertEquals(at([window(60)], 1, 0.5, 0.7, 0.1), [40, 20, 20, 10]);
});
