import { assertEquals } from "@std/assert";
import { factorRows, factorRowsReference } from "../../../kernels/tasks/factor_rows.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

Deno.test("factor_rows: one row, odd sizes, more columns than lanes, over 65 535 workgroups", async () => {
  for (const [R, M, D] of [[1, 1, 1], [3, 5, 3], [2, 2, 131], [1, 2_100_000, 2]]) {
    const [rows, matrices] = [waves(R * M * D, 1), waves(R * D * D, 2)];
    using z = Tensor.from(rows, [R, M, D]);
    using factor = Tensor.from(matrices, [R, D, D]);
    using y = factorRows({ z, factor }).y;
    const result = await y.read();
    let outside = 0;
    for (let r = 0; r < R; r++) {
      const [first, last] = [r * M * D, (r + 1) * M * D];
      const [z64, factor64] = [rows.subarray(first, last), matrices.subarray(r * D * D, (r + 1) * D * D)];
      const exact = factorRowsReference(z64, factor64, D);
      const size = factorRowsReference(z64.map(Math.abs), factor64.map(Math.abs), D);
      // A sum of D products in single precision: (D + 1) roundings of what has been summed at most.
      exact.forEach((value, k) => {
        if (!(Math.abs(value - result[first + k]) <= (D + 1) * 2 ** -24 * size[k])) outside++;
      });
    }
    assertEquals(outside, 0, `(${R}, ${M}, ${D})`);
  }
});
