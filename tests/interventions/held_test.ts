/** An optimiser that holds parts of weights, and branches that it trains side by side. */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { branches } from "../../lib/interventions/branches.ts";
import { headOf, type HeadSide } from "../../lib/interventions/heads.ts";
import { held, type Hold } from "../../lib/interventions/held.ts";
import { projectionOf } from "../../lib/interventions/subspaces.ts";
import { randomSubspace } from "../../lib/random/laws.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { arrayNamed } from "../../lib/models/parameter_arrays.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { adamw, type Optimizer, sgd } from "../../lib/optim/mod.ts";
import { repeatedSequences, withTargets } from "../../lib/tasks/mod.ts";
import { type Computation, Training } from "../../lib/train/training.ts";

await openGpu();

const [C, H, E, V, T] = [8, 2, 3, 9, 6];
const seeds = [5, 6];
const R = seeds.length;
const sizes = { input: { vocabulary: V }, outputs: V, length: T, layers: 2, heads: H, width: C, headWidth: E, mlp: 6 };
const model = transformer(sizes);
const task = withTargets(repeatedSequences({ vocabulary: V, length: T + 1, batch: 4, block: 3 }));
const loss: Computation = (weights, draw) => {
  const { inputs, targets } = task({ ...draw, key: "train" });
  return crossEntropy(model.apply(weights, inputs), targets);
};

/** A projection onto k directions for each replica and head; none where k is 0. */
const projections = (of: readonly number[], heads = H, width = C) =>
  Float32Array.from(of.flatMap((k, r) =>
    Array.from({ length: heads }, (_, h) => {
      const frame = randomSubspace({ seed: r, key: "held test", item: h }, width, k);
      return [...projectionOf(frame, width)];
    }).flat()
  ));

async function trained(
  optimizer: (parameters: ParameterSet) => Optimizer,
  from: Awaited<ReturnType<Training["state"]>>,
) {
  const all = Array.from({ length: from.tensors[0].shape[0] }, (_, index) => seeds[index % R]);
  using parameters = ParameterSet.create(model.parameters, all);
  using training = await Training.create({ parameters, optimizer: optimizer(parameters), loss, from });
  for await (const _ of training.run({ reports: [from.step + 4] }));
  return await parameters.read();
}

async function stateOf(optimizer: Optimizer) {
  using parameters = ParameterSet.create(model.parameters, seeds);
  using training = await Training.create({ parameters, optimizer, loss });
  for await (const _ of training.run({ reports: [2] }));
  return await training.state();
}

/** How much of a head's movement lies within P, and how much there is. */
function movement(before: Float64Array, after: Float64Array, P: Float32Array, side: HeadSide) {
  const moved = after.map((value, e) => value - before[e]);
  const inner = moved.length / C;
  const within = moved.map((_, e) => {
    const [c, d] = side === "read" ? [Math.floor(e / inner), e % inner] : [e % C, Math.floor(e / C)];
    let sum = 0;
    for (let a = 0; a < C; a++) sum += P[c * C + a] * moved[side === "read" ? a * inner + d : d * C + a];
    return sum;
  });
  return { all: Math.hypot(...moved), within: Math.hypot(...within) };
}

for (const [name, optimizer] of [["adamw", adamw({ lr: 0.01 })], ["sgd", sgd({ lr: 0.5 })]] as const) {
  Deno.test(`held, ${name}: what is held does not move, everything else does, and other branches train as alone`, async () => {
    const state = await stateOf(optimizer);
    const { state: start, at } = branches(state, ["free", "held"]);
    const holds: Hold[] = [
      { weight: "blocks.1.attention.query", side: "read", projections: projections([0, 0, 3, 3]) },
      { weight: "blocks.1.attention.value", side: "read", projections: projections([0, 0, 2, 2]) },
      { weight: "blocks.0.attention.output", side: "write", projections: projections([0, 0, 3, 3]) },
      { weight: "blocks.0.mlp.in", side: "read", projections: projections([0, 0, C, C], 1) },
    ];
    const after = await trained((parameters) => held(optimizer, parameters, start.tensors, holds), start);
    for (const { weight, side, projections: all } of holds) {
      const heads = weight.includes("mlp") ? 1 : H;
      const [before, now] = [start.tensors, after].map((arrays) => arrayNamed(arrays, weight));
      for (let r = 0; r < R; r++) {
        for (let h = 0; h < heads; h++) {
          const place = { replica: at("held", r), head: h, heads, side };
          const P = all.slice((place.replica * heads + h) * C * C).slice(0, C * C);
          const { all: size, within } = movement(headOf(before, place), headOf(now, place), P, side);
          if (weight.includes("mlp")) assertAlmostEquals(size, 0, 1e-6);
          else assert(size > 1e-3 && within < 1e-4 * size, `${weight}: ${within} of ${size}`);
        }
      }
    }
    const alone = await trained(() => optimizer, state);
    for (const { name, data } of alone) assertEquals(arrayNamed(after, name).data.slice(0, data.length), data, name);
    const other = arrayNamed(after, "blocks.1.attention.key");
    const was = arrayNamed(start.tensors, "blocks.1.attention.key");
    const place = { replica: at("held", 1), head: 1, heads: H, side: "read" } as const;
    assert(movement(headOf(was, place), headOf(other, place), projections([C], 1), "read").within > 1e-3);
  });
}

Deno.test("held: a weight that is none, projections that do not fit it, and heads of one block held in two ways", async () => {
  using parameters = ParameterSet.create(model.parameters, seeds);
  const start = await parameters.read();
  const hold = (weight: string, P: Float32Array, side: HeadSide = "read"): Hold => ({ weight, side, projections: P });
  const refuses = (holds: Hold[], text: string) =>
    assertThrows(() => held(sgd({ lr: 1 }), parameters, start, holds), ShapeError, text);
  refuses([hold("query", projections([1, 1]))], 'held: expected the name of a weight, found "query"; there are emb');
  const query = "blocks.0.attention.query";
  refuses(
    [hold(query, new Float32Array(7))],
    `held: expected projections (2, H, 8, 8) of heads that read for "${query}", found 7 numbers`,
  );
  refuses([hold(query, projections([1, 1], 4))], `for "${query}", found 512 numbers`);
  refuses(
    [hold(query, projections([1, 1])), hold("blocks.0.attention.key", projections([1, 1], 1))],
    'for "blocks.0.attention.key", found 128 numbers',
  );
});
