import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type Decoder, decoder } from "../../../experiments/icl_emergence/decoder.ts";
import {
  columnsOf,
  frobenius,
  marginalRank,
  spacesIn,
  stabilities,
} from "../../../experiments/icl_emergence/circuits.ts";
import { evaluations, type Measured } from "../../../experiments/icl_emergence/measures.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { evaluate } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { marginalEffectiveRanks } from "../../../lib/metrics/mod.ts";
import { ParameterSet } from "../../../lib/models/parameters.ts";
import { repeatedSequences, withTargets } from "../../../lib/tasks/mod.ts";

await openGpu();

const [R, L, H, C, D, T, V] = [2, 2, 2, 8, 4, 12, 9];
const sizes: Decoder = { layers: L, heads: H, width: C, length: T, vocabulary: V, norm: "rms" };
const task = withTargets(repeatedSequences({ vocabulary: V, length: T + 1, batch: 4, block: 3 }));

/** A decoder whose weights have been set by hand. */
function parametersWith(set: (name: string, data: Float32Array) => void): ParameterSet {
  const parameters = ParameterSet.create(decoder(sizes).parameters, [1, 2]);
  for (const { name, start, perReplica } of parameters.blocks) {
    const data = new Float32Array(R * perReplica);
    set(name, data);
    parameters.flat.write(data, start);
  }
  return parameters;
}

async function measure(parameters: ParameterSet): Promise<Record<Measured, Float32Array>> {
  using seeds = Tensor.from(Uint32Array.from(parameters.seeds));
  using clock = Tensor.from(Uint32Array.of(0, 0, 1));
  const all = evaluations(sizes, task, 4, 2);
  const found = await evaluate(() =>
    Object.fromEntries(
      Object.entries(all).map(([name, compute]) => [name, compute(parameters.weights, { seeds, clock })]),
    ) as Record<string, Tensor>
  );
  const values: Record<string, Float32Array> = {};
  for (const [name, tensor] of Object.entries(found)) {
    values[name] = await tensor.read();
    tensor.destroy();
  }
  return values;
}

/** W_Q = diag(s) and W_K = W_V = W_Oᵀ = first columns of the identity, in every head: QK has the singular values s. */
const s = [5, 2, 1, 0.5];
const byHand = (scale: number) => (name: string, data: Float32Array) => {
  for (let r = 0; r < R; r++) {
    for (let h = 0; h < H; h++) {
      for (let d = 0; d < D; d++) {
        if (name.endsWith(".qkv")) {
          const row = (r * C + d) * 3 * C + h * D + d;
          data[row] = scale * s[d];
          data[row + C] = data[row + 2 * C] = 1;
        }
        if (name.endsWith(".output")) data[(r * C + h * D + d) * C + d] = 2;
      }
    }
  }
};

Deno.test("spectral measures of circuits whose singular values are known", async () => {
  using parameters = parametersWith(byHand(1));
  const { QK: qk, OV: ov, norm } = await measure(parameters);
  const columns = columnsOf(sizes, 2);
  assertEquals([qk.length, ov.length], [R * L * H * columns, R * L * H * columns]);
  const ranks = marginalEffectiveRanks(s, 2);
  for (let row = 0; row < R * L * H; row++) {
    const [mine, other] = [qk, ov].map((all) => all.subarray(row * columns, (row + 1) * columns));
    assertAlmostEquals(frobenius(mine) / Math.hypot(...s), 1, 1e-5);
    for (let k = 0; k <= 2; k++) assertAlmostEquals(marginalRank(mine, k) / ranks[k], 1, 1e-4);
    assertAlmostEquals(frobenius(other) / Math.hypot(2, 2, 2, 2), 1, 1e-5);
    assertAlmostEquals(marginalRank(other, 1), D - 1, 1e-3);
  }
  const squares = L * H * (s.reduce((sum, value) => sum + value * value, 0) + 2 * D + 4 * D);
  for (const value of norm) assertAlmostEquals(value / Math.sqrt(squares), 1, 1e-5);
});

Deno.test("heads that attend to nothing in particular have the scores of uniform attention, and the loss is ln V", async () => {
  using parameters = parametersWith(byHand(0));
  const { scores, positions } = await measure(parameters);
  const meanOver = (from: number) => {
    let sum = 0;
    for (let t = from; t < T; t++) sum += 1 / (t + 1) / (T - from);
    return sum;
  };
  for (let row = 0; row < R * L * H; row++) {
    assertAlmostEquals(scores[2 * row], meanOver(T / 2), 1e-5);
    assertAlmostEquals(scores[2 * row + 1], meanOver(1), 1e-5);
  }
  for (const value of positions) assertAlmostEquals(value, Math.log(V), 1e-4);
});

Deno.test("a head that knows positions alone attends to the previous one, or to the continuation of the prefix", async () => {
  // Positions are one-hot; queries of head 0 point at the position before, those of head 1 at the continuation.
  const back = [1, T / 2 - 1];
  const wide: Decoder = { ...sizes, width: 2 * T, norm: "none", layers: 1 };
  using parameters = ParameterSet.create(decoder(wide).parameters, [1]);
  for (const { name, start, perReplica } of parameters.blocks) {
    const data = new Float32Array(perReplica);
    for (let t = 0; t < T; t++) {
      if (name === "embedding.position") data[t * 2 * T + t] = 1;
      if (!name.endsWith(".qkv")) continue;
      for (const [h, distance] of back.entries()) {
        if (t >= distance) data[t * 6 * T + h * T + t - distance] = 100;
        data[t * 6 * T + 2 * T + h * T + t] = 1;
      }
    }
    parameters.flat.write(data, start);
  }
  using seeds = Tensor.from(Uint32Array.of(1));
  using clock = Tensor.from(Uint32Array.of(0, 0, 1));
  const { scores } = evaluations(wide, task, 4, 2);
  using found = await evaluate(() => scores(parameters.weights, { seeds, clock }));
  const [prefix0, previous0, prefix1, previous1] = await found.read();
  assert(previous0 > 0.99 && prefix1 > 0.99, `${previous0} and ${prefix1}`);
  assert(prefix0 < 0.01 && previous1 < 0.2, `${prefix0} and ${previous1}`);
});

Deno.test("row spaces: those of W_K and W_Oᵀ, with the singular values beside them", async () => {
  using parameters = parametersWith(byHand(1));
  const { QK: qk, OV: ov } = await measure(parameters);
  const [keys, outputs] = [qk, ov].map((rows) => spacesIn(rows, sizes, 2));
  for (let row = 0; row < R * L * H; row++) {
    for (let d = 0; d < D; d++) {
      assertAlmostEquals(keys.s[row * D + d] / s[d], 1, 1e-5);
      assertAlmostEquals(outputs.s[row * D + d], 2, 1e-5);
      for (const { v } of [keys, outputs]) {
        // Nothing is read from channels beyond the first D.
        for (let c = D; c < C; c++) assertAlmostEquals(v[(row * C + c) * D + d], 0, 1e-6);
      }
      // Values differ: each vector is a channel.
      assertAlmostEquals(Math.abs(keys.v[(row * C + d) * D + d]), 1, 1e-5);
    }
  }
});

Deno.test("rows of heads come in the order of replicas, layers and heads", async () => {
  using parameters = parametersWith((name, data) => {
    byHand(1)(name, data);
    const layer = Number(name.split(".")[1]);
    if (!name.endsWith(".qkv")) return;
    for (let r = 0; r < R; r++) {
      for (let c = 0; c < C; c++) {
        for (let e = 0; e < C; e++) data[(r * C + c) * 3 * C + e] *= 1 + 100 * r + 10 * layer + Math.floor(e / D);
      }
    }
  });
  const { QK: qk } = await measure(parameters);
  const columns = columnsOf(sizes, 2);
  for (let row = 0; row < R * L * H; row++) {
    const [r, l, h] = [Math.floor(row / (L * H)), Math.floor(row / H) % L, row % H];
    assertAlmostEquals(qk[row * columns + 1] / s[0] / (1 + 100 * r + 10 * l + h), 1, 1e-5);
  }
});

Deno.test("stability: 0 within the last row space, a right angle outside it, and the share that is missed", async () => {
  const space = (first: number) => ({
    s: Float32Array.from({ length: 2 * D }, (_, e) => s[e % D]),
    v: Float32Array.from({ length: 2 * C * D }, (_, e) => {
      const [c, d] = [Math.floor(e / D) % C, e % D];
      return c === (first + d) % C ? 1 : 0;
    }),
  });
  const found = await stabilities([space(4), space(2), space(0)], { heads: H, width: C });
  // The second space begins at channel 2: it lacks the first two directions of the last one.
  const missed = Math.hypot(s[0], s[1]) / Math.hypot(...s);
  [1, missed, 0].forEach((expected, report) => assertAlmostEquals(found.distance[2 * report + 1], expected, 1e-5));
  [1, 1 / 2, 0].forEach((share, report) =>
    assertAlmostEquals(found["mean angle"][2 * report + 1], share * Math.PI / 2, 1e-5)
  );
  [1, 1, 0].forEach((share, report) =>
    assertAlmostEquals(found["largest angle"][2 * report + 1], share * Math.PI / 2, 1e-5)
  );
});
