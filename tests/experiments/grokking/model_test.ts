/** The model by tables is the transformer of the library. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { applyModel, inputRows, modelOf } from "../../../experiments/grokking/model.ts";
import { mean } from "../../../kernels/reduce/reduce.ts";
import { gradients } from "../../../lib/autodiff/gradients.ts";
import { evaluate, openGpu, Tensor } from "../../../lib/gpu/mod.ts";
import { crossEntropy } from "../../../lib/losses.ts";
import { ParameterSet, type Weights } from "../../../lib/models/parameters.ts";

await openGpu();
const sizes = { modulus: 7, width: 12, heads: 3, mlp: 10 };
const pairs = [[0, 0], [6, 1], [3, 3], [2, 6], [1, 0]] as const;
const n = pairs.length;
const triples = Uint32Array.from(pairs.flatMap(([a, b]) => [a, b, 7]));

Deno.test("logits and all gradients are those of the transformer, to rounding", async () => {
  using parameters = ParameterSet.create(modelOf(sizes).parameters, [1, 2]);
  const both = (rows: Uint32Array) => Tensor.from(Uint32Array.from([...rows, ...rows]), [2, n, 3]);
  using rows = both(inputRows(triples, 7));
  using tokens = both(triples);
  using labels = Tensor.from(Uint32Array.from({ length: 2 * n }, (_, k) => k % 7), [2, n]);
  const ways: ((weights: Weights) => Tensor)[] = [
    (weights) => applyModel(sizes, weights, rows).logits,
    (weights) => modelOf(sizes).apply(weights, tokens),
  ];
  const found: Float32Array[][] = [];
  for (const way of ways) {
    const tensors = await evaluate(() => {
      const logits = way(parameters.weights);
      const loss = mean(crossEntropy(logits, labels).reshape([2]), [0]);
      return [logits, ...gradients(loss, Object.values(parameters.weights))];
    });
    found.push(await Promise.all(tensors.map((tensor) => tensor.read())));
    for (const tensor of tensors) tensor.destroy();
  }
  assertEquals(found[0].length, 1 + Object.keys(parameters.weights).length);
  found[0].forEach((values, which) => {
    const most = Math.max(...found[1][which].map(Math.abs));
    assert(most > 0, `${which}`);
    values.forEach((value, index) => assertAlmostEquals(value, found[1][which][index], 2e-6 * most + 1e-9, `${which}`));
  });
});

Deno.test("projections: the identity changes nothing, zeros leave the residual stream alone", async () => {
  using parameters = ParameterSet.create(modelOf(sizes).parameters, [1]);
  using rows = Tensor.from(inputRows(triples, 7), [1, n, 3]);
  const { width: C, heads: H } = sizes;
  const logits = async (entry: ((index: number) => number) | null) => {
    using project = Tensor.from(Float32Array.from({ length: H * C * C }, (_, k) => entry ? entry(k % (C * C)) : 0), [
      1,
      H,
      C,
      C,
    ]);
    using found = await evaluate(() => applyModel(sizes, parameters.weights, rows, entry ? project : undefined).logits);
    return await found.read();
  };
  const plain = await logits(null);
  assertEquals(await logits((index) => Number(index % (C + 1) === 0)), plain);
  const silent = await logits(() => 0);
  silent.forEach((value, index) => assertAlmostEquals(value, silent[index % 7], 1e-6));
});
