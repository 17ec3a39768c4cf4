import { queryTokens } from "../../../kernels/arrange/query_tokens.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { assertGradients, waveTensor } from "../../oracles/gradients.ts";

await openGpu();

Deno.test("query tokens: values and gradients in float64, with and without a label of the query", async () => {
  for (const [P, T, M, D, L] of [[1, 2, 1, 1, 1], [3, 4, 3, 2, 1], [37, 5, 5, 3, 2], [70, 11, 11, 10, 1]]) {
    using x = waveTensor([P, T, D], 1);
    using y = waveTensor([P, M, L], 2);
    await assertGradients(() => queryTokens(x, y), [x, y], 1e-6, `${P} ${T} ${M} ${D} ${L}`);
  }
});
