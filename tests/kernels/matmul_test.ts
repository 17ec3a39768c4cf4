import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { chooseMatmul, matmul, type MatmulChoice, type MatmulOptions } from "../../kernels/matmul.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { assertGradients, waveTensor } from "../oracles/gradients.ts";
import { waves } from "../oracles/waves.ts";

const { adapter } = await openGpu();

/** Every kernel that this adapter can run. */
const CHOICES: readonly MatmulChoice[] = [
  { variant: "naive" },
  { variant: "register" },
  { variant: "tiled" },
  ...(adapter.subgroupSize > 0 ? [{ variant: "subgroup" }] as const : []),
];
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

async function assertProduct(test: Case, options: MatmulOptions): Promise<void> {
  const { shapeA, shapeB, a, b } = operands(test, options);
  using left = Tensor.from(a, shapeA);
  using right = Tensor.from(b, shapeB);
  using product = matmul(left, right, options);
  const { R, M, N, each } = test;
  assertEquals(product.shape, each[0] || each[1] ? [R, M, N] : [M, N]);
  const found = await product.read();
  const { c, bound } = matmulReference(a, b, test, options);
  const worst = c.reduce((most, value, index) => Math.max(most, Math.abs(value - found[index]) / bound[index]), 0);
  assertLess(worst, 1, JSON.stringify({ ...test, ...options }));
}

for (const choice of CHOICES) {
  const name = `matmul, ${choice.variant}`;

  Deno.test(`${name}: every transposition of odd, even and single sizes`, async () => {
    const cases = [one(1, 1, 1), one(1, 7, 1), one(5, 1, 3), one(67, 18, 70), one(68, 64, 36)];
    for (const test of cases) {
      for (const transposed of TRANSPOSITIONS) await assertProduct(test, { ...transposed, choice });
    }
    // Rows of four elements at a time, and a number of steps that is no multiple of four.
    await assertProduct(one(68, 33, 36), { transposeA: true, choice });
  });

  Deno.test(`${name}: replicas on both sides, on either, of aligned and odd sizes`, async () => {
    for (const [M, K, N] of [[36, 16, 40], [5, 7, 3]]) {
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

  Deno.test(`${name}: more than 65 535 steps of k, and more than one dispatch takes`, async () => {
    const most = { naive: 65_535, register: 4 * 65_535, subgroup: 4 * 65_535, tiled: 16 * 10_922 }[choice.variant];
    for (const K of [70_001, most + 5]) {
      using a = Tensor.from(new Float32Array(2 * K).fill(1), [2, K]);
      const values = Float32Array.from({ length: K }, (_, k) => k % 3 - 1);
      using b = Tensor.from(values, [K, 1]);
      using c = matmul(a, b, { choice });
      const sum = values.reduce((total, value) => total + value, 0);
      assertEquals([...await c.read()], [sum, sum]);
    }
  });
}

Deno.test({
  name: "matmul, subgroup: panels of columns, tiles of one and of two slices, the same bits",
  ignore: adapter.subgroupSize === 0,
  fn: async () => {
    // Three tiles and then two, of one slice and of two; every panel has several rows of tiles; one tile per panel.
    for (const test of [one(70, 300, 157), one(70, 150, 300), one(40, 1100, 100)]) {
      for (const slices of [1, 2] as const) {
        await assertProduct(test, { choice: { variant: "subgroup", slices } });
      }
      const { a, b, shapeA, shapeB } = operands(test, {});
      using left = Tensor.from(a, shapeA);
      using right = Tensor.from(b, shapeB);
      using narrow = matmul(left, right, { choice: { variant: "subgroup", slices: 1 } });
      using wide = matmul(left, right, { choice: { variant: "subgroup", slices: 2 } });
      assertEquals(await narrow.read(), await wide.read());
    }
  },
});

Deno.test("matmul: more than 65 535 workgroups", async () => {
  const R = 65_537;
  const values = waves(R, 3);
  using a = Tensor.from(values, [R, 1, 1]);
  using b = Tensor.from(new Float32Array(R).fill(2), [R, 1, 1]);
  for (const choice of CHOICES) {
    using c = matmul(a, b, { choice });
    assertEquals(await c.read(), values.map((value) => 2 * value), choice.variant);
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

Deno.test("matmul: a choice by adapter and shape", () => {
  const variant = (software: boolean, subgroupSize: number, M: number, N: number) =>
    chooseMatmul({ software, subgroupSize }, M, N).variant;
  assertEquals(variant(true, 8, 512, 512), "subgroup");
  assertEquals(variant(true, 16, 32, 32), "subgroup");
  assertEquals(variant(true, 0, 512, 512), "register");
  assertEquals(chooseMatmul({ software: true, subgroupSize: 8 }, 512, 512).slices, 2);
  // Few tiles would leave a core idle; a matrix of 32 columns would leave a second slice empty.
  assertEquals(chooseMatmul({ software: true, subgroupSize: 8 }, 128, 128).slices, undefined);
  assertEquals(chooseMatmul({ software: true, subgroupSize: 8 }, 1024, 32).slices, undefined);
  // A subgroup of unusual size would need a kernel of unusual size.
  assertEquals(variant(true, 32, 512, 512), "register");
  assertEquals(variant(true, 8, 8, 8), "register");
  assertEquals(variant(true, 8, 1, 1), "naive");
  assertEquals(variant(false, 32, 64, 64), "tiled");
  assertEquals(variant(false, 32, 512, 1), "naive");
});

Deno.test("matmul: shapes that do not fit are refused by name", () => {
  using a = new Tensor([2, 3]);
  using b = new Tensor([2, 3]);
  using batch = new Tensor([2, 3, 4]);
  using other = new Tensor([3, 4, 5]);
  using vector = new Tensor([3]);
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
});
