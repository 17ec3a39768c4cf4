import { assertEquals, assertThrows } from "@std/assert";
import { correctRows } from "../../../kernels/loss/accuracy.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { waves } from "../../oracles/waves.ts";

await openGpu();

Deno.test("accuracy: the target is the first of the largest logits", async () => {
  const cases: [number[], number, number][] = [
    [[1, 2, 0], 1, 1],
    [[1, 2, 0], 0, 0],
    [[2, 2, 0], 0, 1],
    [[2, 2, 0], 1, 0],
    [[0, 0, 0], 0, 1],
    [[0, 0, 0], 2, 0],
    [[-3, -2, -1], 2, 1],
    [[-3, -2, -1], 3, 0],
    [[-0, 0, -1], 0, 1],
  ];
  using logits = Tensor.from(cases.flatMap(([row]) => row), [cases.length, 3]);
  using targets = Tensor.from(Uint32Array.from(cases, ([, target]) => target));
  using correct = correctRows(logits, targets);
  assertEquals([...await correct.read()], cases.map(([, , expected]) => expected));
});

Deno.test("accuracy: one class, odd sizes, more columns than lanes, long rows, targets shared by rows", async () => {
  for (const [N, V, T] of [[1, 1, 1], [5, 13, 5], [9, 114, 3], [2, 1500, 1], [1, 150_001, 1]]) {
    const z = waves(N * V, 1);
    const best = Array.from({ length: N }, (_, n) => {
      const row = z.subarray(n * V, (n + 1) * V);
      return row.indexOf(row.reduce((most, value) => Math.max(most, value)));
    });
    // Right for even rows of the first T.
    const target = Uint32Array.from({ length: T }, (_, n) => n % 2 === 0 ? best[n] : (best[n] + 1) % V);
    using logits = Tensor.from(z, [N, V]);
    using targets = Tensor.from(target);
    using correct = correctRows(logits, targets);
    assertEquals([...await correct.read()], best.map((j, n) => target[n % T] === j ? 1 : 0), `(${N}, ${V})`);
  }
});

Deno.test("accuracy: more than 65 535 workgroups", async () => {
  const N = 32 * 65_536 + 1;
  using logits = new Tensor([N, 2]);
  logits.write([1], 2 * N - 1);
  using targets = Tensor.from(Uint32Array.of(1));
  using correct = correctRows(logits, targets);
  const found = await correct.read();
  assertEquals([found[0], found[N - 1]], [0, 1]);
});

Deno.test("accuracy: targets that do not fit the rows are refused", () => {
  using logits = new Tensor([3, 2]);
  using targets = new Tensor([2], "u32");
  assertThrows(() => correctRows(logits, targets), ShapeError, "correctRows: expected targets for 3 rows");
});
