import { assert, assertEquals } from "@std/assert";
import { randomFiles } from "../../../kernels/random/random_fill.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { kernel } from "../../../lib/gpu/kernel.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { threefry } from "../../../lib/random/random.ts";
import { correlationScore } from "../../oracles/distributions.ts";
import { KNOWN_ANSWERS } from "../../oracles/threefry.ts";

await openGpu();

const raw = kernel({
  label: "raw",
  code: {
    ...randomFiles,
    "raw.wgsl": `
struct Dims { N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> counters: array<vec4u>;      // (N, 4)
@group(0) @binding(2) var<storage, read> keys: array<vec4u>;          // (N, 4)
@group(0) @binding(3) var<storage, read_write> words: array<vec4u>;   // (N, 4)
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dims.N) { words[id.x] = threefry(counters[id.x], keys[id.x]); }
}`,
  },
  inputs: { counters: ["N", "4"], keys: ["N", "4"], words: ["N", "4"] },
  outputs: {},
  groups: ({ N }) => Math.ceil(N / 64),
});

async function gpuThreefry(counters: Uint32Array, keys: Uint32Array): Promise<Uint32Array> {
  const shape = [counters.length / 4, 4];
  using counter = Tensor.from(counters, shape);
  using key = Tensor.from(keys, shape);
  using words = new Tensor(shape, "u32");
  raw({ counters: counter, keys: key, words });
  return await words.read();
}

Deno.test("threefry in WGSL meets Random123's known answers", async () => {
  const column = (index: 0 | 1 | 2) => Uint32Array.from(KNOWN_ANSWERS.flatMap((row) => row[index]));
  assertEquals(await gpuThreefry(column(0), column(1)), column(2));
});

Deno.test("threefry in WGSL equals the host's for arbitrary counters and keys", async () => {
  const n = 1000;
  const mixed = (salt: number) => Uint32Array.from({ length: 4 * n }, (_, i) => Math.imul(i * 2 + salt, 0x9e3779b1));
  const [counters, keys] = [mixed(1), mixed(12345)];
  const words = await gpuThreefry(counters, keys);
  for (let i = 0; i < n; i++) {
    const at = (values: Uint32Array) => [...values.subarray(4 * i, 4 * i + 4)] as [number, number, number, number];
    assertEquals(at(words), threefry(at(counters), at(keys)));
  }
});

Deno.test("every bit is fair, and independent of its neighbours in time, word and place (5 standard errors)", async () => {
  const n = 1 << 16;
  const counters = Uint32Array.from({ length: 4 * n }, (_, i) => i % 4 === 0 ? i / 4 : 0);
  const words = await gpuThreefry(counters, Uint32Array.from({ length: 4 * n }, (_, i) => i % 4 === 0 ? 1 : 0));
  const limit = 5 * Math.sqrt(4 * n);
  /** Sum of (−1)^bit over all words. */
  const balance = (bits: (index: number) => number) => {
    const sums = new Int32Array(32);
    for (let index = 0; index < 4 * n; index++) {
      const word = bits(index);
      for (let bit = 0; bit < 32; bit++) sums[bit] += 1 - 2 * (word >>> bit & 1);
    }
    return sums;
  };
  const tests: [string, (index: number) => number][] = [
    ["monobit", (i) => words[i]],
    ["next word", (i) => words[i] ^ words[(i + 1) % (4 * n)]],
    ["next block", (i) => words[i] ^ words[(i + 4) % (4 * n)]],
    ["next bit", (i) => words[i] ^ (words[i] >>> 1 | words[i] << 31)],
  ];
  for (const [name, bits] of tests) {
    const worst = balance(bits).reduce((most, sum) => Math.max(most, Math.abs(sum)), 0);
    assert(worst < limit, `${name}: ${worst} of ${limit}`);
  }
});

Deno.test("flipping any one bit of counter or key flips half of the output", async () => {
  const inputs = 256;
  const samples = 64;
  const counters: number[] = [];
  const keys: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    for (let flip = -1; flip < inputs; flip++) {
      const state = [sample, 0, 7, 0, 1, 0xabcdef, 0, 0];
      if (flip >= 0) state[flip >> 5] ^= 1 << (flip & 31);
      counters.push(...state.slice(0, 4));
      keys.push(...state.slice(4));
    }
  }
  const words = await gpuThreefry(Uint32Array.from(counters), Uint32Array.from(keys));
  const ones = (word: number) => {
    let count = 0;
    for (; word !== 0; word &= word - 1) count++;
    return count;
  };
  for (let flip = 0; flip < inputs; flip++) {
    let changed = 0;
    for (let sample = 0; sample < samples; sample++) {
      const base = sample * (inputs + 1) * 4;
      for (let word = 0; word < 4; word++) changed += ones(words[base + word] ^ words[base + (flip + 1) * 4 + word]);
    }
    const score = (changed - samples * 64) / Math.sqrt(samples * 32);
    assert(Math.abs(score) < 5, `bit ${flip}: ${score}`);
  }
});

const shaped = kernel({
  label: "shaped",
  code: {
    ...randomFiles,
    "shaped.wgsl": `
struct Dims { N: u32 }
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> bits: array<vec2u>;          // (N, 2)
@group(0) @binding(2) var<storage, read_write> normal: array<vec2f>;  // (N, 2)
@group(0) @binding(3) var<storage, read_write> level: array<f32>;     // (N)
@group(0) @binding(4) var<storage, read_write> logarithm: array<f32>; // (N)
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < dims.N) {
    normal[id.x] = normal_pair(bits[id.x].x, bits[id.x].y);
    level[id.x] = uniform_from(bits[id.x].x);
    logarithm[id.x] = log_unit(level[id.x]);
  }
}`,
  },
  inputs: { bits: ["N", "2"] },
  outputs: { normal: ["N", "2"], level: ["N"], logarithm: ["N"] },
  groups: ({ N }) => Math.ceil(N / 64),
});

Deno.test("uniform, logarithm and normal of any word, extremes included, stay within float32's error", async () => {
  const extremes = [
    0,
    1,
    2,
    3,
    0x3fffffff,
    0x40000000,
    0x7fffffff,
    0x80000000,
    0xbfffffff,
    0xc0000000,
    0xfffffffe,
    0xffffffff,
  ];
  const pairs: number[] = extremes.flatMap((radius) => extremes.flatMap((angle) => [radius, angle]));
  for (let i = 0; i < 32; i++) pairs.push(2 ** i, 3 * 2 ** i, 2 ** 32 - 2 ** i, 5 * 2 ** i);
  for (let i = 0; i < 20_000; i++) pairs.push(Math.imul(i, 0x9e3779b1), Math.imul(i, 0x85ebca6b));
  const words = Uint32Array.from(pairs, (word) => word >>> 0);
  using bits = Tensor.from(words, [words.length / 2, 2]);
  const { normal, level, logarithm } = shaped({ bits });
  const [z, u, ln] = [await normal.read(), await level.read(), await logarithm.read()];
  for (const tensor of [normal, level, logarithm]) tensor.destroy();
  const worst = { uniform: 0, logarithm: 0, normal: 0 };
  for (let i = 0; i < u.length; i++) {
    const exact = (Math.floor(words[2 * i] / 2) + 0.5) / 2 ** 31;
    worst.uniform = Math.max(worst.uniform, Math.abs(u[i] / exact - 1));
    if (u[i] < 1) worst.logarithm = Math.max(worst.logarithm, Math.abs(ln[i] / Math.log(u[i]) - 1));
    else assertEquals(ln[i], 0);
    const r = Math.sqrt(-2 * Math.log(exact));
    const turn = Math.floor(words[2 * i + 1] / 2 ** 30) / 4 + (words[2 * i + 1] * 4 | 0) / 2 ** 34;
    const expected = [r * Math.cos(2 * Math.PI * turn), r * Math.sin(2 * Math.PI * turn)];
    // Rounding k and k + ½ changes u by up to 2⁻²³ u, which moves r by up to 1.2e-7/r; the rest is relative to r.
    const bound = 1.2e-7 / r + 5e-7 * r;
    for (const k of [0, 1]) worst.normal = Math.max(worst.normal, Math.abs(z[2 * i + k] - expected[k]) / bound);
  }
  assert(u.every((value) => value > 0 && value <= 1));
  assert(worst.uniform < 2 ** -23 && worst.logarithm < 3e-7 && worst.normal < 1, JSON.stringify(worst));
});

Deno.test("the two normals of a pair are uncorrelated, and so are their squares", async () => {
  const n = 1 << 16;
  const counters = Uint32Array.from({ length: 4 * n }, (_, i) => i % 4 === 0 ? i / 4 : 5);
  const words = await gpuThreefry(counters, new Uint32Array(4 * n));
  using bits = Tensor.from(words, [2 * n, 2]);
  const { normal, level, logarithm } = shaped({ bits });
  const z = await normal.read();
  for (const tensor of [normal, level, logarithm]) tensor.destroy();
  const first = Float64Array.from({ length: 2 * n }, (_, i) => z[2 * i]);
  const second = Float64Array.from({ length: 2 * n }, (_, i) => z[2 * i + 1]);
  for (const power of [1, 2, 3]) {
    const score = correlationScore(first.map((x) => x ** power), second.map((x) => x ** power));
    assert(Math.abs(score) < 5, `power ${power}: ${score}`);
  }
});
