import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { decoder } from "../../../experiments/icl_emergence/decoder.ts";
import { type Ensemble, optimizerOf, trainingLoss, trainTo } from "../../../experiments/icl_emergence/ensemble.ts";
import {
  interventionStep,
  interventionSteps,
  trainInterventions,
} from "../../../experiments/icl_emergence/intervention_study.ts";
import { holding, intervene, INTERVENTIONS } from "../../../experiments/icl_emergence/interventions.ts";
import { sizesOf } from "../../../experiments/icl_emergence/setting.ts";
import { tasksOf } from "../../../experiments/icl_emergence/tasks.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { singularValues } from "../../../lib/linalg/svd.ts";
import { type NamedArray, ParameterSet } from "../../../lib/models/parameters.ts";
import { Training } from "../../../lib/train/training.ts";
import { settingOf } from "./synthetic.ts";

await openGpu();

const setting = settingOf(
  ...["--width=16", "--length=16", "--vocabulary=16", "--block-to=8", "--batch=8", "--evaluation-batch=8", "--lr=0.01"],
  ...["--top-k=2", "--steps=80", "--every=10"],
);
const [C, H, D, R, k] = [16, 2, 8, 2, 2];
const sizes = sizesOf(setting, 16, 2);
const ensemble: Ensemble = { name: "test", sizes, tasks: await tasksOf(setting), seeds: [5, 6] };
const progress = { start() {}, update: () => Promise.resolve(), stop() {}, note() {} };
const watch = { progress, signal: new AbortController().signal };
const state = await trainTo(ensemble, setting, 10, watch);
const { tensors, projections } = await intervene(sizes, state.tensors, ensemble.seeds, k);

const named = (list: readonly NamedArray[], name: string) => list.find((array) => array.name === name)!;
const query = (list: readonly NamedArray[]) => named(list, "blocks.1.attention.query");
const replicaOf = (intervention: typeof INTERVENTIONS[number], r: number) =>
  INTERVENTIONS.indexOf(intervention) * R + r;

/** Columns (C, D) of head h of replica r of a weight (R, C, H D). */
const head = ({ data }: NamedArray, r: number, h: number) =>
  Float64Array.from({ length: C * D }, (_, e) => data[(r * C + Math.floor(e / D)) * H * D + h * D + e % D]);
const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
const difference = (a: Float64Array, b: Float64Array) => a.map((value, e) => value - b[e]);

async function spectrum(list: readonly NamedArray[], r: number, h: number): Promise<Float32Array> {
  const [q, w] = [query(list), named(list, "blocks.1.attention.key")].map((side) => head(side, r, h));
  using circuit = Tensor.from(
    Float32Array.from({ length: C * C }, (_, e) => {
      let sum = 0;
      for (let d = 0; d < D; d++) sum += q[Math.floor(e / C) * D + d] * w[(e % C) * D + d];
      return sum;
    }),
    [C, C],
  );
  using values = singularValues(circuit);
  return await values.read();
}

Deno.test("interventions that only hold change nothing; a turned subspace has directions new and values nearly old", async () => {
  for (let r = 0; r < R; r++) {
    for (let h = 0; h < H; h++) {
      const before = head(query(state.tensors), r, h);
      for (const intervention of ["freeze top", "freeze random"] as const) {
        assertEquals(head(query(tensors), replicaOf(intervention, r), h), before);
      }
      const turned = head(query(tensors), replicaOf("re-randomise top", r), h);
      const changed = head(query(tensors), replicaOf("random change", r), h);
      const size = norm(difference(turned, before));
      assert(size > 0.3 * norm(before), `${size} of ${norm(before)}`);
      assertAlmostEquals(norm(difference(changed, before)) / size, 1, 1e-5);
      const [old, now] = [
        await spectrum(state.tensors, r, h),
        await spectrum(tensors, replicaOf("re-randomise top", r), h),
      ];
      assert(now[0] / old[0] > 0.5 && now[0] / old[0] < 2, `${now[0]} and ${old[0]}`);
    }
  }
});

Deno.test("projections are those of rank k on queries and keys, and only where something is held", () => {
  const block = (replica: number, part: number) =>
    projections[0].slice((replica * 3 * H + part) * C * C).slice(0, C * C);
  const trace = (matrix: Float32Array) =>
    Array.from({ length: C }, (_, i) => matrix[i * C + i]).reduce((a, b) => a + b);
  for (let replica = 0; replica < 4 * R; replica++) {
    for (let part = 0; part < 3 * H; part++) {
      const held = replica < 2 * R && part < 2 * H;
      assertAlmostEquals(trace(block(replica, part)), held ? k : 0, 1e-4);
    }
  }
});

Deno.test("what is held does not move in training, and everything else does", async () => {
  const seeds = INTERVENTIONS.flatMap(() => ensemble.seeds);
  using parameters = ParameterSet.create(decoder(sizes).parameters, seeds);
  const flat = parameters.pack(tensors.filter(({ name }) => !name.startsWith("optimizer.")));
  const held = [0, 1].map((layer) => {
    const { start, perReplica } = parameters.blocks.find(({ name }) => name === `blocks.${layer}.attention.qkv`)!;
    return flat.slice(start, start + perReplica * seeds.length);
  });
  using training = await Training.create({
    parameters,
    optimizer: holding(optimizerOf(setting), parameters, sizes, projections, held),
    loss: trainingLoss({ ...ensemble, seeds }, setting.batch),
    from: { step: 10, tensors },
  });
  for await (const _ of training.run({ reports: [10, 15] }));
  const after = query(await parameters.read());
  for (let replica = 0; replica < 4 * R; replica++) {
    for (let h = 0; h < H; h++) {
      const moved = difference(head(after, replica, h), head(query(tensors), replica, h));
      const P = projections[1].slice((replica * 3 * H + h) * C * C).slice(0, C * C);
      const along = Float64Array.from({ length: C * D }, (_, e) => {
        let sum = 0;
        for (let c = 0; c < C; c++) sum += P[Math.floor(e / D) * C + c] * moved[c * D + e % D];
        return sum;
      });
      assert(norm(moved) > 1e-3, `${norm(moved)}`);
      assert(norm(along) < 1e-4 * norm(moved), `${norm(along)} of ${norm(moved)}`);
    }
  }
});

Deno.test("the step of the interventions lies two reports before the earliest window, or at a quarter of training", () => {
  const window = (start: number) => ({ start, end: start + 20, before: 0, after: -3, explained: 1 });
  assertEquals(interventionStep(setting, [window(60), null, window(50)]), 30);
  assertEquals(interventionStep(setting, [window(10)]), 10);
  assertEquals(interventionStep(setting, [null]), 20);
});

Deno.test("earlier steps are fractions of it, down to a report, the first report at least", () => {
  const window = { start: 60, end: 80, before: 0, after: -3, explained: 1 };
  const at = (...fractions: number[]) =>
    interventionSteps({ ...setting, "intervene-at": fractions }, [window]).map(({ from }) => from);
  assertEquals(at(1, 0.5, 0.7, 0.1), [40, 20, 20, 10]);
});

Deno.test("training ends eight reports after the last transition, and at the last step where there is none", async () => {
  const often = { ...setting, every: 5 };
  const place = { fraction: 0.5, from: 10 };
  const lastOf = async (levels: (number | null)[]) => {
    const series = await trainInterventions(ensemble, place, levels, often, watch);
    assertEquals(series.map(({ name }) => name), INTERVENTIONS.map((name) => `${name} at 0.5`));
    const [{ steps, losses }] = series;
    assertEquals(losses.length, R * (steps.at(-1)! - 10));
    return steps.at(-1);
  };
  assertEquals(await lastOf([100, null]), 10 + 8 * 5);
  assertEquals(await lastOf([null, null]), 80);
  assertEquals(await lastOf([100, -100]), 80);
});
