import { assertEquals } from "@std/assert";
import { matrixScale, pack, unpack, zeroWords } from "../../../kernels/linalg/packing.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

async function scaleOf(values: readonly number[], EVEN: 0 | 1): Promise<number> {
  using a = Tensor.from(values, [1, values.length]);
  using scale = matrixScale({ a }, { EVEN }).scale;
  return (await scale.read())[0];
}

Deno.test("matrixScale takes the largest magnitude to [1, 2), or with an even power to [1, 4)", async () => {
  for (const largest of [1, 1.99, 2, 3, 4, 7, 8, 0.9, 0.3, 1e-30, 1e30, 2 ** -100, 2 ** 120]) {
    const exponent = Math.floor(Math.log2(Math.fround(largest)));
    assertEquals(await scaleOf([0, -largest, largest / 3], 0), 2 ** -exponent, `${largest}`);
    assertEquals(await scaleOf([largest], 1), 2 ** -(exponent - Math.abs(exponent % 2)), `${largest}, even`);
  }
  assertEquals([await scaleOf([0, 0], 0), await scaleOf([0], 1)], [1, 1]);
});

Deno.test("matrixScale: a matrix each, with more entries than a software driver's loops may count", async () => {
  const E = 64 * 65_536 + 5;
  const values = new Float32Array(2 * E).fill(0.3);
  values[E - 1] = -5;
  values[2 * E - 1] = 40;
  using a = Tensor.from(values, [2, E]);
  using scale = matrixScale({ a }).scale;
  assertEquals([...await scale.read()], [0.25, 1 / 32]);
});

Deno.test("matrixScale: more matrices than a grid has workgroups in a row", async () => {
  using a = Tensor.from(Float32Array.from({ length: 65_540 }, (_, b) => b + 1), [65_540, 1]);
  using scale = matrixScale({ a }).scale;
  const found = await scale.read();
  assertEquals(found.filter((value, b) => value !== 2 ** -Math.floor(Math.log2(b + 1))).length, 0);
});

interface Flags {
  readonly TRANSPOSE?: number;
  readonly REVERSE?: number;
  readonly PAD?: number;
  readonly SYMMETRIC?: number;
  readonly SCALE?: number;
}

function packReference(a: Float32Array, scale: readonly number[], sizes: number[], height: number, flags: Flags) {
  const [B, M, N, I, J] = sizes;
  return Float32Array.from({ length: B * I * J }, (_, index) => {
    const [b, i, j] = [Math.floor(index / (I * J)), Math.floor(index / J) % I, index % J];
    let [row, column] = flags.TRANSPOSE ? [j, i] : [i, j];
    if (j >= height) return Number(j - height === i);
    if (row >= M || column >= N) return flags.PAD ? Number(i === j) : 0;
    if (flags.REVERSE) row = M - 1 - row;
    if (flags.REVERSE === 2) column = N - 1 - column;
    if (flags.SYMMETRIC) [row, column] = [Math.max(row, column), Math.min(row, column)];
    return a[(b * M + row) * N + column] * (flags.SCALE === 0 ? 1 : scale[b]);
  });
}

Deno.test("pack: transposed, reversed, padded, symmetric, unscaled, beside an identity matrix", async () => {
  const scale = [0.5, 4];
  using factors = Tensor.from(scale);
  const cases: [number[], number, Flags][] = [
    [[2, 1, 1, 1, 1], 1, {}],
    [[2, 3, 5, 8, 8], 8, {}],
    [[2, 3, 5, 8, 4], 4, { TRANSPOSE: 1 }],
    [[2, 3, 5, 5, 12], 4, { TRANSPOSE: 1 }],
    [[2, 5, 5, 8, 8], 8, { REVERSE: 2, PAD: 1, TRANSPOSE: 1 }],
    [[2, 5, 3, 3, 8], 8, { REVERSE: 1, TRANSPOSE: 1, SCALE: 0 }],
    [[2, 5, 5, 8, 16], 8, { SYMMETRIC: 1 }],
    [[2, 3, 3, 5, 70], 0, {}],
  ];
  for (const [sizes, height, flags] of cases) {
    const [B, M, N, I, J] = sizes;
    const values = waves(B * M * N, M);
    using a = Tensor.from(values, [B, M, N]);
    using y = pack({ a, scale: factors, height }, { I, J, ...flags }).y;
    assertEquals(await y.read(), packReference(values, scale, sizes, height, flags), JSON.stringify([sizes, flags]));
  }
});

Deno.test("unpack: a corner, straight and transposed, turned around, divided by the scale and by its root", async () => {
  const [B, I, J, M, N] = [2, 8, 12, 5, 7];
  const values = waves(B * I * J, 1);
  using x = Tensor.from(values, [B, I, J]);
  using scale = Tensor.from([4, 1 / 16]);
  for (const TRANSPOSE of [0, 1]) {
    for (const REVERSE_ROWS of [0, 1]) {
      for (const DIVIDE of [0, 1, 2]) {
        using y = unpack({ x, scale }, { M, N, TRANSPOSE, REVERSE_ROWS, DIVIDE }).y;
        const expected = Float32Array.from({ length: B * M * N }, (_, index) => {
          const [b, m, n] = [Math.floor(index / (M * N)), Math.floor(index / N) % M, index % N];
          const row = REVERSE_ROWS ? M - 1 - m : m;
          const [i, j] = TRANSPOSE ? [n, row] : [row, n];
          return values[(b * I + i) * J + j] / [[1, 1], [4, 1 / 16], [2, 1 / 4]][DIVIDE][b];
        });
        assertEquals(await y.read(), expected, `${TRANSPOSE}, ${REVERSE_ROWS}, ${DIVIDE}`);
      }
    }
  }
});

Deno.test("zeroWords overwrites what was there, over more workgroups than a row has", async () => {
  const E = 64 * 65_536;
  using y = Tensor.from(new Uint32Array(E).fill(7), [E]);
  zeroWords({ y });
  assertEquals((await y.read()).some((word) => word !== 0), false);
});
