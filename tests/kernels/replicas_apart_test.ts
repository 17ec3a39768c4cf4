/** What is not finite in one replica stays there, also in kernels in which replicas share tiles and vectors. */
import { assertEquals } from "@std/assert";
import { attention, type AttentionKind } from "../../kernels/attention/attention.ts";
import { add } from "../../kernels/elementwise/binary.ts";
import { matmul, type MatmulChoice } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { gradients } from "../../lib/autodiff/gradients.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { record } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { waves } from "../oracles/waves.ts";

const { adapter } = await openGpu();

const R = 3;

/** Values and gradients of replicas 0 and 2, with replica 1 as it is or spoilt. */
async function outer(shapes: number[][], compute: (tensors: Tensor[]) => Tensor, spoilt: number | null) {
  const tensors = shapes.map((shape, index) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const data = Float32Array.from(waves(size, index + 1));
    if (spoilt !== null) data.fill(spoilt, size / R, 2 * size / R);
    return Tensor.from(data, shape);
  });
  try {
    using program = await record("apart", () => {
      const value = compute(tensors);
      const sums = sum(value.reshape([R, value.size / R]), [1]);
      return [value, ...gradients(sums, tensors)];
    });
    program.replay();
    const all: Float32Array[] = [];
    for (const output of program.outputs) all.push(await output.read());
    return all.map((data) => [data.slice(0, data.length / R), data.slice(2 * data.length / R)]);
  } finally {
    tensors.forEach((tensor) => tensor.destroy());
  }
}

async function assertApart(shapes: number[][], compute: (tensors: Tensor[]) => Tensor, name: string): Promise<void> {
  const whole = await outer(shapes, compute, null);
  for (const spoilt of [NaN, Infinity]) assertEquals(await outer(shapes, compute, spoilt), whole, name);
}

const CHOICES: readonly MatmulChoice[] = [
  { variant: "naive" },
  { variant: "register" },
  { variant: "tiled" },
  ...(adapter.subgroupSize >= 4
    ? [1, 2].map((groups) => ({ variant: "subgroup", groups, rows: 8, slices: 1 } as const))
    : []),
];

Deno.test("matmul, every kernel: a replica that is not finite leaves the others their bits", async () => {
  for (const choice of CHOICES) {
    for (const [transposeA, transposeB] of [[false, false], [true, true]]) {
      // Odd sizes, sizes of whole vectors, and a sum long enough to be split.
      for (const [M, K, N] of [[5, 7, 9], [4, 6, 8], [2, 3001, 3]]) {
        const shapes = [[R, ...(transposeA ? [K, M] : [M, K])], [R, ...(transposeB ? [N, K] : [K, N])], [R, N]];
        const compute = ([a, b, bias]: Tensor[]) => matmul(a, b, { transposeA, transposeB, bias, choice });
        await assertApart(shapes, compute, `${JSON.stringify(choice)} ${transposeA} ${M} × ${K} × ${N}`);
      }
    }
  }
});

Deno.test("attention, every kernel: a replica that is not finite leaves the others their bits", async () => {
  const shared = [8, 16].includes(adapter.subgroupSize) ? ["subgroup", "workgroup"] as const : ["workgroup"] as const;
  const sharings = ["queries", ...shared] as const;
  for (const sharing of sharings) {
    for (const kind of ["softmax", "relu", "linear"] as AttentionKind[]) {
      for (const [T, C] of [[5, 6], [11, 16]]) {
        const compute = ([qkv]: Tensor[]) => attention({ qkv }, { heads: 2, kind, causal: true, sharing });
        await assertApart([[R, 3, T, 3 * C]], compute, `${sharing}, ${kind}, ${T} × ${C}`);
        const single = ([q, kv]: Tensor[]) => attention({ q, kv }, { heads: 2, kind, sharing });
        await assertApart([[R, 3, 1, C], [R, 3, T, 2 * C]], single, `one query, ${sharing}, ${kind}, ${T} × ${C}`);
      }
    }
  }
});

Deno.test("broadcasting: a replica that is not finite leaves the others their bits", async () => {
  await assertApart([[R, 5, 3], [R, 1, 3]], ([x, y]) => add(x, y), "add");
});
