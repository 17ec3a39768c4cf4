import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { chooseMatmul, matmul, type MatmulChoice, type MatmulOptions } from "../../../kernels/matmul/matmul.ts";
import { choosePartition } from "../../../kernels/matmul/matmul_kernels.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { record } from "../../../lib/gpu/program.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";
import { waves } from "../../oracles/waves.ts";

const { adapter } = await openGpu();

/** Tiles of a subgroup: one group of lanes and several, of many rows and few, of one slice of columns and two. */
const TILES = [
  { groups: 1, rows: 32, slices: 1 },
  { groups: 1, rows: 64, slices: 1 },
  { groups: 1, rows: 8, slices: 2 },
  { groups: 2, rows: 32, slices: 1 },
  { groups: 4, rows: 8, slices: 2 },
] as const;

/** Every kernel that this adapter can run. */
const CHOICES: readonly MatmulChoice[] = [
  { variant: "naive" },
  { variant: "register" },
  { variant: "tiled" },
  ...(adapter.subgroupSize >= 4 ? TILES.map((tile) => ({ variant: "subgroup", ...tile } as const)) : []),
];
const nameOf = ({ variant, groups, rows, slices }: MatmulChoice) =>
  groups === undefined ? variant : `${variant} of ${groups} × ${rows} rows, ${slices} slices`;
const TRANSPOSITIONS = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB }))
);

interface Case {
  readonly R: number;
  readonly M: number;
  readonly K: number;
  readonly N: number;
  /** Whether an operand has a matrix for each replica. */
  readonly each: readonly [boolean, boolean];
}

const one = (M: number, K: number, N: number): Case => ({ R: 1, M, K, N, each: [false, false] });

function operands({ R, M, K, N, each }: Case, { transposeA, transposeB }: MatmulOptions) {
  const shape = (rows: number, columns: number, swap: boolean | undefined, many: boolean) => [
    ...(many ? [R] : []),
    ...(swap ? [columns, rows] : [rows, columns]),
  ];
  const [shapeA, shapeB] = [shape(M, K, transposeA, each[0]), shape(K, N, transposeB, each[1])];
  const size = (extents: number[]) => extents.reduce((product, extent) => product * extent, 1);
  return { shapeA, shapeB, a: waves(size(shapeA), 1), b: waves(size(shapeB), 2) };
}

/** The product in float64, and what rounding to single precision may add: K roundings of products and of sums each. */
function matmulReference(
  a: Float32Array,
  b: Float32Array,
  { R, M, K, N, each }: Case,
  { transposeA, transposeB }: MatmulOptions,
) {
  const c = new Float64Array(R * M * N);
  const bound = new Float64Array(R * M * N);
  for (let r = 0; r < R; r++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        const entry = (r * M + m) * N + n;
        for (let k = 0; k < K; k++) {
          const left = a[(each[0] ? r * M * K : 0) + (transposeA ? k * M + m : m * K + k)];
          const right = b[(each[1] ? r * K * N : 0) + (transposeB ? n * K + k : k * N + n)];
          c[entry] += left * right;
          bound[entry] += Math.abs(left * right);
        }
        bound[entry] *= (K + 1) * 2 ** -24;
      }
    }
  }
  return { c, bound };
}

async function assertProduct(test: Case, options: MatmulOptions, biasShape?: readonly number[]): Promise<void> {
  const { shapeA, shapeB, a, b } = operands(test, options);
  using left = Tensor.from(a, shapeA);
  using right = Tensor.from(b, shapeB);
  const { R, M, N, each } = test;
  const shift = waves(R * N, 5);
  using bias = biasShape &&
    Tensor.from(shift.slice(0, biasShape.reduce((size, extent) => size * extent, 1)), biasShape);
  using product = matmul(left, right, { ...options, bias });
  assertEquals(product.shape, each[0] || each[1] ? [R, M, N] : [M, N]);
  const found = await product.read();
  const { c, bound } = matmulReference(a, b, test, options);
  if (biasShape) {
    c.forEach((_, entry) => {
      const added =
        shift[(biasShape[0] === R && biasShape.length === 2 ? Math.floor(entry / (M * N)) * N : 0) + entry % N];
      c[entry] += added;
      bound[entry] += (Math.abs(c[entry]) + Math.abs(added)) * 2 ** -24;
    });
  }
  const worst = c.reduce((most, value, index) => Math.max(most, Math.abs(value - found[index]) / bound[index]), 0);
  assertLess(worst, 1, JSON.stringify({ ...test, ...options }));
}

for (const choice of CHOICES) {
  const name = `matmul, ${nameOf(choice)}`;

  Deno.test(`${name}: every transposition of odd, even and single sizes`, async () => {
    const cases = [one(1, 1, 1), one(1, 7, 1), one(5, 1, 3), one(67, 18, 70), one(62, 64, 36)];
    for (const test of cases) {
      for (const transposed of TRANSPOSITIONS) await assertProduct(test, { ...transposed, choice });
    }
    // Rows of four elements at a time, and a number of steps that is no multiple of four.
    await assertProduct(one(68, 33, 36), { transposeA: true, choice });
  });

  Deno.test(`${name}: replicas on both sides, on either, of aligned and odd sizes`, async () => {
    // Bands of rows that fill tiles of several groups, or nearly, and others.
    for (const [M, K, N] of [[36, 16, 40], [150, 16, 40], [5, 7, 3]]) {
      for (const each of [[true, true], [true, false], [false, true]] as const) {
        for (const transposed of TRANSPOSITIONS) {
          await assertProduct({ R: 3, M, K, N, each }, { ...transposed, choice });
        }
      }
    }
  });

  Deno.test(`${name}: a replica has the same bits alone and in an ensemble`, async () => {
    const [R, M, K, N] = [3, 37, 45, 34];
    const values = [waves(R * M * K, 1), waves(R * K * N, 2)] as const;
    for (const sharedRight of [false, true]) {
      using a = Tensor.from(values[0], [R, M, K]);
      using b = sharedRight ? Tensor.from(values[1].slice(0, K * N), [K, N]) : Tensor.from(values[1], [R, K, N]);
      using ensemble = matmul(a, b, { choice });
      const together = await ensemble.read();
      for (let r = 0; r < R; r++) {
        const first = sharedRight ? 0 : r * K * N;
        using left = Tensor.from(values[0].slice(r * M * K, (r + 1) * M * K), [M, K]);
        using right = Tensor.from(values[1].slice(first, first + K * N), [K, N]);
        using alone = matmul(left, right, { choice });
        assertEquals(await alone.read(), together.slice(r * M * N, (r + 1) * M * N));
      }
    }
  });

  Deno.test(`${name}: a bias for all replicas or one for each, of aligned and odd sizes, of a sum in one part or more`, async () => {
    for (const [M, K, N] of [[36, 16, 40], [5, 50, 3]]) {
      for (const parts of [1, 3]) {
        const options = { choice: { ...choice, parts } };
        await assertProduct(one(M, K, N), options, [1, N]);
        await assertProduct({ R: 3, M, K, N, each: [true, true] }, options, [N]);
        await assertProduct({ R: 3, M, K, N, each: [true, false] }, options, [3, N]);
        await assertProduct({ R: 3, M, K, N, each: [false, true] }, options, [1, N]);
      }
    }
  });

  Deno.test(`${name}: a sum in parts, the last one shorter, in every transposition`, async () => {
    for (const transposed of TRANSPOSITIONS) {
      await assertProduct({ R: 3, M: 21, K: 70, N: 18, each: [true, true] }, {
        ...transposed,
        choice: { ...choice, parts: 4 },
      });
      await assertProduct({ R: 3, M: 20, K: 64, N: 16, each: [true, false] }, {
        ...transposed,
        choice: { ...choice, parts: 2 },
      });
    }
  });

  Deno.test(`${name}: more than 65 535 steps of k`, async () => {
    for (const K of [70_001, 150_000]) {
      using a = Tensor.from(new Float32Array(2 * K).fill(1), [2, K]);
      const values = Float32Array.from({ length: K }, (_, k) => k % 3 - 1 + Number(k === K - 1));
      using b = Tensor.from(values, [K, 1]);
      using c = matmul(a, b, { choice: { ...choice, parts: 1 } });
      const sum = values.reduce((total, value) => total + value, 0);
      assertEquals([...await c.read()], [sum, sum]);
    }
  });
}

Deno.test({
  name: "matmul: the kernels of a software driver give the same bits",
  ignore: !adapter.software,
  fn: async () => {
    // Several panels of columns, the last one narrower; a number of steps that is no multiple of four.
    for (const test of [one(70, 301, 157), one(70, 150, 300), one(40, 1100, 100)]) {
      const { a, b, shapeA, shapeB } = operands(test, {});
      using left = Tensor.from(a, shapeA);
      using right = Tensor.from(b, shapeB);
      using naive = matmul(left, right, { choice: { variant: "naive", parts: 2 } });
      const expected = await naive.read();
      for (const choice of CHOICES) {
        await assertProduct(test, { choice });
        using product = matmul(left, right, { choice: { ...choice, parts: 2 } });
        assertEquals(await product.read(), expected, nameOf(choice));
      }
    }
  },
});

Deno.test("matmul: chosen by default, a replica has the same bits alone and in an ensemble", async () => {
  // Products of two parts, of tiles that are chosen by the number of replicas, with one right matrix for all or many.
  for (const [R, M, K, N] of [[5, 20, 1100, 24], [9, 70, 40, 33], [40, 8, 12, 8]]) {
    for (const each of [[true, true], [true, false]] as const) {
      for (const transposed of TRANSPOSITIONS) {
        const { a, b, shapeA, shapeB } = operands({ R, M, K, N, each }, transposed);
        using left = Tensor.from(a, shapeA);
        using right = Tensor.from(b, shapeB);
        using shift = Tensor.from(waves(N, 5));
        using ensemble = matmul(left, right, { ...transposed, bias: shift });
        const together = await ensemble.read();
        for (let r = 0; r < R; r++) {
          using leftAlone = Tensor.from(a.slice(r * M * K, (r + 1) * M * K), shapeA.slice(-2));
          using rightAlone = Tensor.from(each[1] ? b.slice(r * K * N, (r + 1) * K * N) : b, shapeB.slice(-2));
          using alone = matmul(leftAlone, rightAlone, { ...transposed, bias: shift });
          assertEquals(await alone.read(), together.slice(r * M * N, (r + 1) * M * N));
        }
      }
    }
  }
});

Deno.test("matmul: a product with a bias is the product, plus the bias", async () => {
  for (const [M, K, N] of [[33, 20, 36], [16, 1200, 17]]) {
    const { a, b, shapeA, shapeB } = operands(one(M, K, N), {});
    using left = Tensor.from(a, shapeA);
    using right = Tensor.from(b, shapeB);
    const shift = waves(N, 5);
    using bias = Tensor.from(shift);
    using plain = matmul(left, right);
    using shifted = matmul(left, right, { bias });
    const expected = (await plain.read()).map((value, entry) => value + shift[entry % N]);
    assertEquals(await shifted.read(), expected);
  }
});

Deno.test("matmul: more than 65 535 workgroups", async () => {
  const R = 65_537;
  const values = waves(R, 3);
  using a = Tensor.from(values, [R, 1, 1]);
  using b = Tensor.from(new Float32Array(R).fill(2), [R, 1, 1]);
  for (const choice of CHOICES) {
    using c = matmul(a, b, { choice });
    assertEquals(await c.read(), values.map((value) => 2 * value), nameOf(choice));
  }
  using wide = new Tensor([2, 2_100_000]);
  using two = Tensor.from([1, 1], [1, 2]);
  wide.write([3, 4], 2 * 2_100_000 - 2);
  using sums = matmul(two, wide, { choice: { variant: "naive" } });
  assertEquals((await sums.read()).slice(-3), Float32Array.of(0, 3, 4));
});

Deno.test("matmul: recorded and replayed, it follows its operands and overwrites its product", async () => {
  for (const choice of CHOICES) {
    using a = Tensor.from([1, 2], [1, 2]);
    using b = Tensor.from([3, 4], [2, 1]);
    using program = await record("product", () => matmul(a, b, { choice }));
    program.replay(2);
    assertEquals([...await program.outputs.read()], [11]);
    a.write([5, 6]);
    program.replay();
    assertEquals([...await program.outputs.read()], [39]);
  }
});

Deno.test("matmul: the kernel chosen by default gives the product", async () => {
  for (const [M, K, N] of [[1, 5, 1], [8, 8, 8], [40, 40, 40], [3, 4, 100]]) await assertProduct(one(M, K, N), {});
});

Deno.test("matmul: a choice by adapter and sizes", () => {
  const choose = (software: boolean, subgroupSize: number, [R, M, K, N]: readonly number[]) => {
    const { variant, groups, rows, slices } = chooseMatmul({ software, subgroupSize }, { R, M, K, N });
    return groups === undefined ? variant : [groups, rows, slices].join();
  };
  // Full tiles for large products: of 64 × 64 entries with 16 lanes, of as many sums with 8.
  assertEquals(choose(true, 16, [1, 512, 512, 512]), "1,64,1");
  assertEquals(choose(true, 8, [1, 512, 512, 512]), "1,32,2");
  // Groups of lanes where there are few columns; with 8 lanes 32 columns need none.
  assertEquals(choose(true, 16, [256, 32, 32, 32]), "2,32,1");
  assertEquals(choose(true, 8, [256, 32, 32, 32]), "1,32,1");
  assertEquals(choose(true, 16, [256, 64, 64, 16]), "4,16,1");
  // Short sums are loads and stores, which neighbouring lanes share.
  assertEquals(choose(true, 16, [48, 256, 5, 100]), "1,64,1");
  assertEquals(choose(true, 16, [20, 256, 1, 32]), "2,32,1");
  // Without subgroups, or with subgroups that would need a kernel of unusual size.
  assertEquals(choose(true, 0, [1, 512, 512, 512]), "register");
  assertEquals(choose(true, 32, [1, 512, 512, 512]), "register");
  assertEquals(choose(true, 8, [1, 1, 5, 1]), "naive");
  assertEquals(choose(false, 32, [1, 64, 64, 64]), "tiled");
  assertEquals(choose(false, 32, [64, 512, 64, 1]), "naive");
});

Deno.test("matmul: long sums of few entries in parts, whatever the number of replicas", () => {
  const parts = (software: boolean, M: number, K: number, N: number) => choosePartition({ software }, { M, K, N });
  assertEquals(parts(true, 512, 4096, 512), { parts: 1, chunk: 4096 });
  assertEquals(parts(true, 64, 4096, 64), { parts: 4, chunk: 1024 });
  assertEquals(parts(true, 32, 1024, 32), { parts: 2, chunk: 512 });
  assertEquals(parts(true, 32, 1023, 32), { parts: 1, chunk: 1023 });
  assertEquals(parts(false, 64, 4096, 64), { parts: 16, chunk: 256 });
  // More steps than a software driver's loop takes.
  assertEquals(parts(true, 512, 70_000, 512), { parts: 2, chunk: 35_008 });
});

Deno.test("matmul: shapes that do not fit are refused by name", () => {
  using a = new Tensor([2, 3]);
  using b = new Tensor([2, 3]);
  using batch = new Tensor([2, 3, 4]);
  using other = new Tensor([3, 4, 5]);
  using vector = new Tensor([3]);
  using bias = new Tensor([3]);
  using fit = new Tensor([3, 2]);
  const expected = 'matmul: expected "bias" of shape (2) or (1, 2), found (3)';
  assertThrows(() => matmul(a, fit, { bias }), ShapeError, expected);
  assertThrows(() => matmul(a, fit, { bias: fit }), ShapeError, "found (3, 2)");
  const inner = "matmul: expected as many columns of a as rows of b, found a (2, 3) and b (2, 3)";
  assertThrows(() => matmul(a, b), ShapeError, inner);
  assertThrows(() => matmul(a, b, { transposeA: true, transposeB: true }), ShapeError, "a (2, 3) transposed and b");
  assertThrows(() => matmul(batch, other), ShapeError, "as many replicas of a as of b, or one, found a (2, 3, 4)");
  assertThrows(() => matmul(vector, b), ShapeError, 'expected "a" of shape (rows, columns) or (R, rows, columns)');
});

Deno.test("matmul: gradients, in every transposition, with replicas on both sides or one", async () => {
  for (const transposed of TRANSPOSITIONS) {
    for (const each of [[true, true], [true, false], [false, true], [false, false]] as const) {
      const test = { R: 3, M: 5, K: 7, N: 6, each };
      const { shapeA, shapeB } = operands(test, transposed);
      using a = waveTensor(shapeA, 1);
      using b = waveTensor(shapeB, 2);
      const name = JSON.stringify({ ...transposed, each });
      // Sums of at most 21 products of single precision.
      await assertGradients(() => matmul(a, b, transposed), [a, b], 2e-6, name);
    }
  }
  using a = waveTensor([1, 4, 3], 1);
  using b = waveTensor([2, 3, 4], 2);
  await assertGradients(() => matmul(a, b), [a, b], 2e-6, "one replica against two");
  using c = waveTensor([1, 3, 5], 3);
  using bias = waveTensor([1, 5], 4);
  await assertGradients(() => matmul(a, c, { bias }), [a, c, bias], 2e-6, "one replica, with a bias");
  using row = waveTensor([4], 5);
  await assertGradients(() => matmul(a, b, { bias: row }), [a, b, row], 2e-6, "a bias for all replicas");
});
