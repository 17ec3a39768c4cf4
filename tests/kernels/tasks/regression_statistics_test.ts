import { assertEquals } from "@std/assert";
import { promptStatistics, promptStatisticsReference } from "../../../kernels/tasks/regression_statistics.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

Deno.test("regression_statistics: one prompt, odd sizes, more entries than lanes, over 65 535 workgroups, w = 0", async () => {
  for (const [R, B, D] of [[1, 1, 1], [3, 5, 3], [2, 2, 131], [1, 4_200_000, 1]]) {
    const numbers = waves(R * B * 3 * D, 1);
    numbers.fill(0, 0, D);
    const chis = waves(R * B, 2).map((value) => 31 * Math.abs(value));
    const deviations = waves(R * D, 3).map((value) => 0.1 + Math.abs(value));
    const contexts = Float32Array.from({ length: R }, (_, r) => 1 + 30 * r);
    using normals = Tensor.from(numbers, [R, B, 3 * D]);
    using chi = Tensor.from(chis, [R, B]);
    using deviation = Tensor.from(deviations, [R, D]);
    using context = Tensor.from(contexts, [R]);
    const { beta, query, label } = promptStatistics({ normals, chi, deviation, context });
    const [betas, queries, labels] = await Promise.all([beta, query, label].map((tensor) => tensor.read()));
    [beta, query, label].forEach((tensor) => tensor.destroy());
    let outside = 0;
    // Of millions of prompts some thousand, the last one among them.
    const stride = R * B > 10_000 ? 997 : 1;
    for (let prompt = (R * B - 1) % stride; prompt < R * B; prompt += stride) {
      const r = Math.floor(prompt / B);
      const own = numbers.subarray(prompt * 3 * D, (prompt + 1) * 3 * D);
      const sigma = deviations.subarray(r * D, (r + 1) * D);
      const exact = promptStatisticsReference(own, chis[prompt], sigma, contexts[r]);
      const norm = (values: Float32Array | Float64Array) => Math.hypot(...values);
      const [w, x, xi] = [0, 1, 2].map((k) => norm(own.subarray(k * D, (k + 1) * D)));
      const largest = Math.max(...sigma);
      const roots = Math.sqrt(chis[prompt]);
      // D roundings of sums of products at most, each of the size of the vectors' lengths.
      const unit = (D + 8) * 2 ** -22;
      const size = largest * largest * w * roots * (roots + xi) / contexts[r];
      for (let i = 0; i < D; i++) {
        if (!(Math.abs(exact.beta[i] - betas[prompt * D + i]) <= unit * size)) outside++;
        if (!(Math.abs(exact.query[i] - queries[prompt * D + i]) <= unit * largest * x)) outside++;
      }
      if (!(Math.abs(exact.label - labels[prompt]) <= unit * largest * w * x)) outside++;
    }
    assertEquals(outside, 0, `(${R}, ${B}, ${D})`);
  }
});
