import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  attention,
  type AttentionInputs,
  type AttentionOptions,
  attentionPattern,
  type AttentionSharing,
  chooseAttentionTile,
  lanesOfHead,
} from "../../../kernels/attention/attention.ts";
import accurate from "../../../kernels/shared/accurate.part.wgsl" with { type: "text" };
import { composedAttention } from "../../../kernels/attention/attention_composed.ts";
import { attentionLayout } from "../../../kernels/attention/attention_layout.ts";
import { attentionPatternReference } from "../../../kernels/attention/attention_reference.ts";
import { multiply } from "../../../kernels/elementwise/binary.ts";
import { array64 } from "../../../lib/autodiff/array64.ts";
import { twiceDifferentiable } from "../../../lib/autodiff/differentiable.ts";
import { gradients, hessianVectorProduct } from "../../../lib/autodiff/gradients.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { kernel } from "../../../lib/gpu/kernel.ts";
import { evaluate, record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";
import { waves } from "../../oracles/waves.ts";

const { adapter } = await openGpu();

/** Every way to share rows that this adapter has. */
const SHARINGS: readonly AttentionSharing[] = [8, 16].includes(adapter.subgroupSize)
  ? ["subgroup", "workgroup"]
  : ["workgroup"];
/** Ways for few keys: of these a lane may have all of its head's. */
const FEW: readonly AttentionSharing[] = [...SHARINGS, "queries"];
const KINDS = ["softmax", "relu", "linear"] as const;

/** Products of E and sums over T terms of size 1, in single precision: some ten roundings of the largest. */
const TOLERANCE = 5e-6;

interface Sizes {
  readonly R?: number;
  readonly B?: number;
  readonly T: number;
  readonly H: number;
  readonly E: number;
  readonly S?: number;
}

/** Inputs of waves; freed by the caller's `using`. */
class Operands implements Disposable {
  readonly inputs: AttentionInputs;
  readonly tensors: readonly Tensor[];

  constructor({ R = 1, B = 1, T, H, E, S }: Sizes) {
    const tensor = (rows: number, parts: number, wave: number) => waveTensor([R, B, rows, parts * H * E], wave);
    if (S === undefined) {
      const qkv = tensor(T, 3, 1);
      this.inputs = { qkv };
      this.tensors = [qkv];
    } else {
      const [q, kv] = [tensor(S, 1, 1), tensor(T, 2, 2)];
      this.inputs = { q, kv };
      this.tensors = [q, kv];
    }
  }

  [Symbol.dispose]() {
    for (const tensor of this.tensors) tensor.destroy();
  }
}

async function check(sizes: Sizes, options: Omit<AttentionOptions, "heads"> = {}): Promise<void> {
  using operands = new Operands(sizes);
  const all = { heads: sizes.H, ...options };
  const name = JSON.stringify({ ...sizes, ...options });
  await assertGradients(() => attention(operands.inputs, all), operands.tensors, TOLERANCE, name);
}

const powersOfTwo = kernel({
  label: "exp2",
  code: {
    "kernels/shared/accurate.part.wgsl": accurate,
    "exp2.wgsl": `
      @group(0) @binding(0) var<storage, read> x: array<f32>;        // (C)
      @group(0) @binding(1) var<storage, read_write> y: array<f32>;  // (C)
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < arrayLength(&x)) { y[id.x] = exp2_accurate(x[id.x]); }
      }`,
  },
  inputs: { x: ["C"] },
  outputs: { y: ["C"] },
  groups: ({ C }) => Math.ceil(C / 64),
});

Deno.test("exp2_accurate: powers of two to two roundings, exact for integers, 0 where they would not be normal", async () => {
  using x = Tensor.from(Array.from({ length: 25_001 }, (_, i) => (i - 12_500) / 100));
  using y = powersOfTwo({ x }).y;
  const [exponents, powers] = [await x.read(), await y.read()];
  exponents.forEach((v, i) => assertLess(Math.abs(powers[i] / 2 ** v - 1), 2e-7, `2^${v}`));
  using special = Tensor.from([0, 1, -3, -126, -127, -1e38, 127]);
  using exact = powersOfTwo({ x: special }).y;
  assertEquals([...await exact.read()], [1, 2, 0.125, 2 ** -126, 0, 0, 2 ** 127]);
});

Deno.test("attention: every kind, causal or not, in odd and even sizes", async () => {
  for (const sharing of SHARINGS) {
    for (const kind of KINDS) {
      for (const causal of [false, true]) {
        await check({ R: 2, B: 3, T: 11, H: 2, E: 3 }, { kind, causal, sharing });
        await check({ B: 2, T: 19, H: 3, E: 8 }, { kind, causal, sharing });
      }
    }
  }
});

Deno.test("attention: few keys, kept by one lane of a head or several, in odd and even sizes, in one workgroup and several", async () => {
  for (const kind of KINDS) {
    for (const causal of [false, true]) {
      await check({ R: 2, B: 5, T: 3, H: 2, E: 5 }, { kind, causal, sharing: "queries" });
    }
  }
  await check({ B: 3, T: 4, H: 2, E: 8 }, { causal: true, sharing: "queries" });
  // Two lanes a head, and four, of which the last has one key.
  if (SHARINGS.length > 1) {
    await check({ B: 3, T: 11, H: 3, E: 12 }, { sharing: "queries" });
    await check({ B: 2, T: 13, H: 3, E: 20 }, { causal: true, sharing: "queries" });
  }
  for (const causal of [false, true]) {
    await check({ B: 5, T: 5, H: 4, E: 3, S: causal ? 2 : 7 }, { causal, sharing: "queries" });
  }
});

Deno.test("attention: few keys give the same output, whichever way rows are shared", async () => {
  using operands = new Operands({ R: 2, B: 9, T: 5, H: 2, E: 8 });
  const [whole, ...others] = await Promise.all(["queries" as const, ...SHARINGS].map(async (sharing) => {
    using y = attention(operands.inputs, { heads: 2, causal: true, sharing });
    return await y.read();
  }));
  for (const shared of others) {
    // Sums over the same keys in the same order, but for how many of them are taken at once.
    whole.forEach((value, i) => assertAlmostEquals(value, shared[i], 1e-6));
  }
});

Deno.test("attention: one position, one head, one element; more positions than lanes of a tile", async () => {
  for (const sharing of FEW) {
    for (const causal of [false, true]) {
      await check({ T: 1, H: 1, E: 1 }, { sharing, causal });
      await check({ T: 1, H: 2, E: 4 }, { sharing, causal });
      if (sharing !== "queries") await check({ T: 150, H: 1, E: 4 }, { sharing, causal });
    }
  }
});

Deno.test("attention: fewer queries than keys stand at the last positions", async () => {
  for (const sharing of SHARINGS) {
    for (const causal of [false, true]) await check({ B: 2, T: 21, H: 2, E: 4, S: 10 }, { sharing, causal });
  }
  // Without a mask there may be more queries than keys.
  await check({ T: 3, H: 1, E: 5, S: 12 });
});

Deno.test("attention: only the last query", async () => {
  for (const kind of KINDS) {
    for (const causal of [false, true]) {
      await check({ R: 2, B: 40, T: 3, H: 2, E: 4, S: 1 }, { kind, causal });
      await check({ T: 70, H: 1, E: 3, S: 1 }, { kind, causal });
    }
  }
  await check({ T: 1, H: 1, E: 1, S: 1 });
});

Deno.test("attention: the last query alone is the last of all queries", async () => {
  const [R, B, T, H, E] = [1, 2, 9, 2, 4];
  const C = H * E;
  using all = waveTensor([R, B, T, 3 * C], 3);
  const rows = await all.read();
  const cut = (from: number, to: number, first: number) =>
    Array.from({ length: B * (T - first) }, (_, row) => {
      const [b, t] = [Math.floor(row / (T - first)), first + row % (T - first)];
      return [...rows.slice((b * T + t) * 3 * C + from, (b * T + t) * 3 * C + to)];
    }).flat();
  using q = Tensor.from(cut(0, C, T - 1), [R, B, 1, C]);
  using kv = Tensor.from(cut(C, 3 * C, 0), [R, B, T, 2 * C]);
  using y = attention({ qkv: all }, { heads: H, causal: true });
  using last = attention({ q, kv }, { heads: H, causal: true });
  const [expected, found] = [await y.read(), await last.read()];
  for (let b = 0; b < B; b++) {
    for (let c = 0; c < C; c++) assertAlmostEquals(found[b * C + c], expected[(b * T + T - 1) * C + c], 1e-6);
  }
});

Deno.test("attention: heads of every width that models use", async () => {
  for (const E of [16, 32, 64, 128]) await check({ T: 9, H: 1, E }, { causal: true });
  await check({ B: 3, T: 3, H: 4, E: 32, S: 1 });
});

Deno.test("attention: scale 1, averages and none", async () => {
  for (const kind of ["relu", "linear"] as const) {
    for (const average of [false, true]) await check({ T: 10, H: 1, E: 4 }, { kind, average, scale: 1, causal: true });
  }
  await check({ T: 10, H: 1, E: 4 }, { scale: 1 });
});

Deno.test("attention: 1 025 positions", async () => {
  const [T, E] = [1025, 4];
  for (const sharing of SHARINGS) {
    using operands = new Operands({ T, H: 1, E });
    const dy = waves(T * E, 7);
    using weights = Tensor.from(dy, [1, 1, T, E]);
    const [inputs] = [operands.inputs];
    const [y, dqkv] = await evaluate(() => {
      const y = attention(inputs, { heads: 1, causal: true, sharing });
      return [y, gradients(y, operands.tensors, { weights })[0]];
    });
    const [found, slopes] = [await y.read(), await dqkv.read()];
    const { output, gradient } = softmaxByHand(await operands.tensors[0].read(), dy, T, E);
    const worst = (a: ArrayLike<number>, b: Float64Array) =>
      b.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i])), 0);
    assertLess(worst(found, output), 2e-6);
    assertLess(worst(slopes, gradient) / gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0), 5e-6);
    for (const tensor of [y, dqkv]) tensor.destroy();
  }
});

/** Causal softmax attention of one head in float64, and its gradient by the textbook's matrix formulas. */
function softmaxByHand(qkv: ArrayLike<number>, dy: ArrayLike<number>, T: number, E: number) {
  const output = new Float64Array(T * E);
  const gradient = new Float64Array(T * 3 * E);
  const at = (t: number, part: number) => (3 * t + part) * E;
  for (let i = 0; i < T; i++) {
    const powers = Array.from({ length: i + 1 }, (_, j) => {
      let s = 0;
      for (let d = 0; d < E; d++) s += qkv[at(i, 0) + d] * qkv[at(j, 1) + d] / Math.sqrt(E);
      return Math.exp(s);
    });
    const total = powers.reduce((sum, power) => sum + power);
    const dw = powers.map((power, j) => {
      let slope = 0;
      for (let d = 0; d < E; d++) {
        output[i * E + d] += power / total * qkv[at(j, 2) + d];
        gradient[at(j, 2) + d] += power / total * dy[i * E + d];
        slope += dy[i * E + d] * qkv[at(j, 2) + d];
      }
      return slope;
    });
    const mean = dw.reduce((sum, slope, j) => sum + powers[j] / total * slope, 0);
    dw.forEach((slope, j) => {
      const ds = powers[j] / total * (slope - mean) / Math.sqrt(E);
      for (let d = 0; d < E; d++) {
        gradient[at(i, 0) + d] += ds * qkv[at(j, 1) + d];
        gradient[at(j, 1) + d] += ds * qkv[at(i, 0) + d];
      }
    });
  }
  return { output, gradient };
}

Deno.test("attention: scores far apart neither overflow nor lose the largest", async () => {
  const scores = [-3e4, 5e4, 100, 5e4];
  const qkv = Tensor.from(scores.flatMap((score, j) => [1, score, j + 1]), [1, 1, 4, 3]);
  for (const sharing of FEW) {
    using y = attention({ qkv }, { heads: 1, sharing });
    assertEquals([...await y.read()], [3, 3, 3, 3]);
    using causal = attention({ qkv }, { heads: 1, causal: true, sharing });
    assertEquals([...await causal.read()], [1, 2, 2, 3]);
  }
  using q = Tensor.from([1], [1, 1, 1, 1]);
  using kv = Tensor.from(scores.flatMap((score, j) => [score, j + 1]), [1, 1, 4, 2]);
  using single = attention({ q, kv }, { heads: 1 });
  assertEquals([...await single.read()], [3]);
  qkv.destroy();
});

Deno.test("attention: one key gives its value exactly and passes no gradient to scores", async () => {
  for (const sharing of FEW) {
    using operands = new Operands({ B: 3, T: 1, H: 2, E: 5 });
    const [qkv] = operands.tensors;
    const [y, dqkv] = await evaluate(() => {
      const y = attention({ qkv }, { heads: 2, sharing });
      return [y, gradients(y, [qkv])[0]];
    });
    const [values, found, slopes] = [await qkv.read(), await y.read(), await dqkv.read()];
    for (let b = 0; b < 3; b++) {
      assertEquals(found.slice(10 * b, 10 * b + 10), values.slice(30 * b + 20, 30 * b + 30));
      assertEquals([...slopes.slice(30 * b, 30 * b + 30)].map((value) => value + 0), [
        ...new Array(20).fill(0),
        ...new Array(10).fill(1),
      ]);
    }
    for (const tensor of [y, dqkv]) tensor.destroy();
  }
});

Deno.test("attention: a key that is not seen has no part in value and gradient, whatever it holds", async () => {
  const [T, E] = [20, 4];
  const kinds = KINDS.map((kind) => ({ heads: 1, kind, causal: true }));
  for (const options of SHARINGS.flatMap((sharing) => kinds.map((kind) => ({ ...kind, sharing })))) {
    const rows = waves(T * 3 * E, 1);
    using usual = Tensor.from(rows, [1, 1, T, 3 * E]);
    rows.fill(1e15, (T - 1) * 3 * E);
    using huge = Tensor.from(rows, [1, 1, T, 3 * E]);
    const first = async (qkv: Tensor) => {
      using y = attention({ qkv }, options);
      return (await y.read()).slice(0, (T - 1) * E);
    };
    assertEquals(await first(huge), await first(usual));
  }
});

Deno.test("attention: the pattern is what weighs values", async () => {
  const cases: Sizes[] = [
    { R: 2, B: 2, T: 7, H: 2, E: 3 },
    { T: 12, H: 1, E: 8, S: 5 },
    { T: 1, H: 1, E: 1 },
    { T: 1025, H: 1, E: 4, S: 2 },
  ];
  for (const sizes of cases) {
    for (const kind of KINDS) {
      for (const causal of [false, true]) {
        using operands = new Operands(sizes);
        const options = { heads: sizes.H, kind, causal };
        const layout = attentionLayout("test", operands.inputs, options);
        const arrays = await Promise.all(operands.tensors.map(async (tensor) => {
          const data = await tensor.read();
          return array64(tensor.shape, (index) => data[index]);
        }));
        const expected = attentionPatternReference(arrays[0], arrays[1] ?? arrays[0], layout);
        using pattern = attentionPattern(operands.inputs, options);
        assertEquals(pattern.shape, [...expected.shape]);
        const found = await pattern.read();
        expected.data.forEach((weight, index) => {
          if (weight === 0 && kind !== "relu") assertEquals(found[index], 0);
          assertLess(Math.abs(weight - found[index]), 2e-6);
        });
      }
    }
  }
});

Deno.test("attention: fused and composed agree, and composed differentiates twice", async () => {
  for (const kind of KINDS) {
    for (const sizes of [{ R: 2, B: 2, T: 6, H: 2, E: 3 }, { T: 5, H: 2, E: 4, S: 1 }]) {
      using operands = new Operands(sizes);
      const options = { heads: sizes.H, kind, causal: true };
      const { inputs, tensors } = operands;
      await assertGradients(() => composedAttention(inputs, options), tensors, TOLERANCE, `composed ${kind}`);
      await assertGradients(() => twiceDifferentiable(() => attention(inputs, options)), tensors, TOLERANCE);
      // The Hessian of a weighted sum of squares, against differences of fused gradients.
      const v = waves(tensors[0].size, 5);
      using direction = Tensor.from(v, tensors[0].shape);
      const product = await evaluate(() => {
        const loss = twiceDifferentiable(() => {
          const y = attention(inputs, options);
          return multiply(y, y);
        });
        return hessianVectorProduct(loss, [tensors[0]], [direction])[0];
      });
      using program = await record("gradient", () => {
        const y = attention(inputs, options);
        return gradients(multiply(y, y), [tensors[0]])[0];
      });
      const before = await tensors[0].read();
      const step = 1 / 256;
      const at = async (sign: number) => {
        tensors[0].write(before.map((value, i) => value + sign * step * v[i]));
        program.replay();
        return await program.outputs.read();
      };
      const [above, below] = [await at(1), await at(-1)];
      const found = await product.read();
      product.destroy();
      const largest = found.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      // Of the differences: an error of step² and of roundings / step.
      found.forEach((value, i) =>
        assertLess(Math.abs(value - (above[i] - below[i]) / (2 * step)), 1e-3 * largest, `${kind} element ${i}`)
      );
    }
  }
});

Deno.test("attention: a replica has the same bits alone and in an ensemble", async () => {
  const [R, B, H, E] = [3, 2, 2, 4];
  for (const sharing of FEW) {
    const T = sharing === "queries" ? 5 : 13;
    for (const S of [undefined, 1]) {
      using ensemble = new Operands({ R, B, T, H, E, S });
      const run = async (inputs: AttentionInputs, tensors: readonly Tensor[]) => {
        const results = await evaluate(() => {
          const y = attention(inputs, { heads: H, causal: true, sharing });
          return [y, ...gradients(multiply(y, y), tensors)];
        });
        const values = await Promise.all(results.map((tensor) => tensor.read()));
        for (const tensor of results) tensor.destroy();
        return values;
      };
      const together = await run(ensemble.inputs, ensemble.tensors);
      for (let r = 0; r < R; r++) {
        const alone = await Promise.all(ensemble.tensors.map(async (tensor) => {
          const size = tensor.size / R;
          return Tensor.from((await tensor.read()).slice(r * size, (r + 1) * size), [1, ...tensor.shape.slice(1)]);
        }));
        const inputs = S === undefined ? { qkv: alone[0] } : { q: alone[0], kv: alone[1] };
        const found = await run(inputs, alone);
        found.forEach((values, k) => {
          const size = together[k].length / R;
          assertEquals(values, together[k].slice(r * size, (r + 1) * size));
        });
        for (const tensor of alone) tensor.destroy();
      }
    }
  }
});

Deno.test("attention: a second replay on other values", async () => {
  using qkv = Tensor.from([0, 1, 4, 0, 1, 8], [1, 1, 2, 3]);
  using program = await record("attention", () => {
    const y = attention({ qkv }, { heads: 1 });
    return [y, gradients(y, [qkv])[0]];
  });
  program.replay(2);
  assertEquals([...await program.outputs[0].read()], [6, 6]);
  qkv.write([0, 1, 3, 0, 1, 1]);
  program.replay();
  assertEquals([...await program.outputs[0].read()], [2, 2]);
  assertEquals([...await program.outputs[1].read()], [0, 0, 1, 0, 0, 1]);
});

Deno.test("attention: more than 65 535 workgroups", async () => {
  const B = 65_537;
  for (const sharing of FEW) {
    using qkv = new Tensor([1, B, 2, 3]);
    qkv.write([0, 1, 4, 0, 1, 8], (B - 1) * 6);
    const [y, dqkv] = await evaluate(() => {
      const y = attention({ qkv }, { heads: 1, sharing });
      return [y, gradients(y, [qkv])[0]];
    });
    assertEquals([...(await y.read()).slice(-2)], [6, 6]);
    assertEquals([...(await dqkv.read()).slice(-6)], [0, 0, 1, 0, 0, 1]);
    for (const tensor of [y, dqkv]) tensor.destroy();
  }
  const many = 64 * 65_536 + 1;
  using q = new Tensor([1, many, 1, 1]);
  using kv = new Tensor([1, many, 1, 2]);
  kv.write([1, 5], 2 * (many - 1));
  const [y, dkv] = await evaluate(() => {
    const y = attention({ q, kv }, { heads: 1 });
    return [y, gradients(y, [kv])[0]];
  });
  assertEquals((await y.read()).at(-1), 5);
  assertEquals([...(await dkv.read()).slice(-2)], [0, 1]);
  for (const tensor of [y, dkv]) tensor.destroy();
  using pattern = attentionPattern({ q, kv }, { heads: 1 });
  assertEquals((await pattern.read()).at(-1), 1);
});

Deno.test("attention: a tile by adapter and head", () => {
  const tile = (software: boolean, subgroupSize: number, E: number, rows: number) =>
    chooseAttentionTile({ software, subgroupSize }, E, rows);
  assertEquals(tile(true, 8, 16, 64), { sharing: "subgroup", LANES: 8, ROWS: 2, KEYS: 8 });
  assertEquals(tile(true, 16, 16, 64).LANES, 16);
  // A second row per lane would be empty, or too much for the registers.
  assertEquals(tile(true, 8, 16, 8).ROWS, 1);
  assertEquals(tile(true, 8, 64, 64).ROWS, 1);
  assertEquals(tile(true, 0, 16, 64).sharing, "workgroup");
  assertEquals(tile(false, 32, 16, 64), { sharing: "workgroup", LANES: 64, ROWS: 1, KEYS: 16 });
  assertEquals(tile(false, 32, 16, 20).LANES, 32);
  const lanes = (subgroupSize: number, E: number, keys: number) => lanesOfHead({ subgroupSize }, E, keys);
  assertEquals([[16, 5], [16, 10], [20, 13], [3, 32]].map(([E, keys]) => lanes(16, E, keys)), [1, 2, 4, 1]);
  // Too many, too wide, or no subgroup whose lanes could share a head.
  assertEquals([lanes(16, 16, 64), lanes(16, 132, 1), lanes(0, 16, 10), lanes(0, 16, 8)], [0, 0, 0, 1]);
});

Deno.test("attention: what does not fit is refused by name", () => {
  using qkv = new Tensor([1, 2, 3, 12]);
  using flat = new Tensor([2, 3, 12]);
  using odd = new Tensor([1, 2, 3, 10]);
  using q = new Tensor([1, 2, 5, 4]);
  using kv = new Tensor([1, 2, 3, 8]);
  using others = new Tensor([1, 3, 3, 8]);
  const refused = (inputs: AttentionInputs, options: AttentionOptions, message: string) => {
    assertThrows(() => attention(inputs, options), ShapeError, message);
    assertThrows(
      () => attentionPattern(inputs, options),
      ShapeError,
      message.replace("attention:", "attention_pattern:"),
    );
  };
  refused({ qkv: flat }, { heads: 2 }, "attention: expected qkv (R, B, T, 3·H·E), found qkv (2, 3, 12)");
  refused({ qkv: odd }, { heads: 2 }, "attention: expected queries, keys and values of one width in the last axis");
  refused({ q, kv: qkv }, { heads: 2 }, "attention: expected keys and values of the queries' width in the last axis");
  refused({ q, kv: others }, { heads: 2 }, "attention: expected as many replicas and sequences of q as of kv");
  refused({ qkv }, { heads: 3 }, "attention: expected a number of heads that divides a width of 4, found 3");
  refused({ q, kv }, { heads: 2, causal: true }, "attention: expected at most as many queries as keys");
});

Deno.test("attention: more keys than a loop may take are refused", () => {
  if (!adapter.software) return;
  using q = new Tensor([1, 1, 1, 1]);
  using kv = new Tensor([1, 1, 65_536, 2]);
  assertThrows(() => attention({ q, kv }, { heads: 1 }), ShapeError, "expected at most 65535 loop iterations");
  assertThrows(() => attentionPattern({ q, kv }, { heads: 1 }), ShapeError, "attention_pattern: expected at most");
  using qkv = new Tensor([1, 1, 33, 48]);
  const message =
    'attention: expected at most 128 pieces of four in a head\'s keys for the sharing "queries", found 132';
  assertThrows(() => attention({ qkv }, { heads: 1, sharing: "queries" }), ShapeError, message);
});
