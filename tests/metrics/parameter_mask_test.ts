import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { add } from "../../kernels/elementwise/binary.ts";
import { scale, square } from "../../kernels/elementwise/unary.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { learningCoefficient } from "../../lib/metrics/learning_coefficient.ts";
import { type ParameterChoice, parameterMask } from "../../lib/metrics/parameter_mask.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";

await openGpu();

/** Marked elements of each array, by its name in checkpoints. */
async function marked(parameters: ParameterSet, choices: readonly ParameterChoice[]) {
  const { values, count } = parameterMask("test", parameters, choices);
  parameters.flat.write(values);
  const arrays = await parameters.read();
  const counts = arrays.map(({ name, data }) => [name, data.reduce((total, one) => total + one)] as const);
  assertEquals(counts.reduce((total, [, one]) => total + one, 0), count * parameters.replicas);
  return { arrays, counts: Object.fromEntries(counts.filter(([, one]) => one > 0)), count };
}

Deno.test("parameterMask: parameters, parts of joined ones, layers and heads of a transformer", async () => {
  const model = transformer({ input: { vocabulary: 5 }, outputs: 5, length: 4, layers: 2, heads: 3, width: 6, mlp: 7 });
  using parameters = ParameterSet.create(model.parameters, [1, 2]);
  const of = async (...choices: ParameterChoice[]) => (await marked(parameters, choices)).counts;
  assertEquals(await of("blocks.1.attention.key"), { "blocks.1.attention.key": 2 * 36 });
  assertEquals(
    Object.keys(await of("blocks.0.attention.qkv")),
    ["query", "key", "value"].map((part) => `blocks.0.attention.${part}`),
  );
  const layer = await marked(parameters, ["blocks.1", "blocks.1.mlp"]);
  assert(Object.keys(layer.counts).every((name) => name.startsWith("blocks.1.")));
  // Two norms, queries, keys, values and output with biases, the perceptron with biases.
  assertEquals(layer.count, 4 * 6 + 4 * (36 + 6) + (6 * 7 + 7 + 7 * 6 + 6));

  const { arrays, counts } = await marked(parameters, [{ attention: "blocks.0.attention", head: 1 }]);
  const weights = ["query", "key", "value", "output"].map((part) => [`blocks.0.attention.${part}`, 2 * 12]);
  const biases = ["query", "key", "value"].map((part) => [`blocks.0.attention.${part}_bias`, 2 * 2]);
  assertEquals(counts, Object.fromEntries([...weights, ...biases]));
  const rowOf = (part: string) => {
    const { data, shape: [, , columns] } = arrays.find(({ name }) => name === `blocks.0.attention.${part}`)!;
    return [...data.subarray(36, 36 + 3 * columns)];
  };
  assertEquals(rowOf("key"), [0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0]);
  assertEquals(rowOf("output"), [...new Array(12).fill(0), ...new Array(6).fill(1)]);
  const all = await of(...[0, 1, 2].map((head) => ({ attention: "blocks.0.attention", head })));
  assertEquals(all["blocks.0.attention.output"], 2 * 36);

  const names = "(embedding.token, embedding.position, blocks.0.norm1.gain";
  assertThrows(() => parameterMask("only", parameters, ["block.0"]), RangeError, `beginnings ${names}`);
  assertThrows(
    () => parameterMask("only", parameters, [{ attention: "blocks.0.attention", head: 3 }]),
    RangeError,
    'only: expected a head below 3 of "blocks.0.attention", found 3',
  );
  assertThrows(() => parameterMask("only", parameters, []), RangeError, "expected at least one choice");
});

Deno.test("learningCoefficient of some parameters: d/2 of those alone, and the others keep their bits", async () => {
  const specs = {
    a: { shape: [4], init: { law: "normal", deviation: 0.1 } },
    b: { shape: [10], init: { law: "normal", deviation: 0.1 } },
  } as const;
  using parameters = ParameterSet.create(specs, new Array(64).fill(7).map((seed, chain) => seed + chain));
  parameters.flat.write(new Float32Array(parameters.flat.size));
  parameters.weights.b.write(Float32Array.from({ length: 640 }, (_, k) => Math.sin(k)));
  const before = await parameters.weights.b.read();
  const { a, b } = parameters.weights;
  const loss = () => scale(add(sum(square(a), [1]), sum(square(b), [1])), 0.5);
  const dynamics = { nBeta: 200, lr: 5e-4, burnIn: 100, draws: 200 };
  const found = await learningCoefficient({ parameters, loss, only: ["a"], ...dynamics });
  assertLess(Math.abs(found.coefficient - 4 / 2), 0.02 * 2 + 4 * (found.high - found.low) / 4);
  assertEquals(await b.read(), before);
});
