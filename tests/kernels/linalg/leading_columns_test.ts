import { assertEquals, assertLess } from "@std/assert";
import { leadingColumns, leadingColumnsReference } from "../../../kernels/linalg/leading_columns.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

Deno.test("leadingColumns: as the reference for any rank and cutoff, scaled or not, and on a second call", async () => {
  for (const [B, N, K] of [[1, 1, 1], [3, 5, 7], [2, 130, 67]]) {
    const values = waves(B * N * K, 1);
    const s = Array.from({ length: B * K }, (_, index) => 3 * 0.7 ** (index % K));
    const counts = Array.from({ length: B }, (_, b) => Math.min(K, b * 3));
    using x = Tensor.from(values, [B, N, K]);
    using singular = Tensor.from(s, [B, K]);
    using ranks = Tensor.from(Uint32Array.from(counts));
    using y = new Tensor([B, N, K]);
    for (const [SCALE, cutoff] of [[0, 0], [1, 0], [1, 0.3], [0, 1e-7]]) {
      leadingColumns({ x, s: singular, ranks, cutoff, y }, { SCALE });
      const found = await y.read();
      for (let b = 0; b < B; b++) {
        const [from, to] = [b * N * K, (b + 1) * N * K];
        const own = s.slice(b * K, (b + 1) * K);
        const expected = leadingColumnsReference(values.slice(from, to), own, counts[b], cutoff, SCALE === 1);
        expected.forEach((value, index) => assertLess(Math.abs(found[from + index] - value), 1e-6));
      }
    }
  }
});

Deno.test("leadingColumns: a zero spectrum keeps nothing; over more workgroups than a row has", async () => {
  const B = 64 * 65_540;
  using x = Tensor.from(new Float32Array(B).fill(2), [B, 1, 1]);
  using s = Tensor.from(Float32Array.from({ length: B }, (_, index) => index % 2), [B, 1]);
  using ranks = Tensor.from(new Uint32Array(B).fill(1));
  using y = leadingColumns({ x, s, ranks, cutoff: 0 }, { SCALE: 1 }).y;
  assertEquals((await y.read()).some((value, index) => value !== 2 * (index % 2)), false);
});
