import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { add, multiply } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { ParameterSet, type ParameterSpecs } from "../../lib/models/parameters.ts";

await openGpu();

const SPECS: ParameterSpecs = {
  "block.qk": { shape: [3, 5], init: { law: "normal", deviation: 2 }, parts: { query: 2, key: 3 } },
  "block.bias": { shape: [5], init: { law: "constant", value: 0.5 } },
  scale: { shape: [1], init: { law: "uniform", bound: 3 }, decay: true },
};

Deno.test("parameters: blocks start at multiples of 64, the table names them, padding is zero", async () => {
  using set = ParameterSet.create(SPECS, [1, 2, 3, 4, 5]);
  assertEquals([set.flat.size, set.count, set.replicas], [256, 21, 5]);
  const chunks = await set.chunks.read();
  assertEquals([...chunks], [[0, 15, 75, 1], [0, 15, 75, 1], [128, 5, 25, 2], [192, 1, 5, 5]].flat());
  const flat = await set.flat.read();
  assertEquals(flat.slice(75, 128), new Float32Array(53));
  assertEquals(set.weights["block.qk"].shape, [5, 3, 5]);
});

Deno.test("parameters: a replica's values depend on its seed and names only, not on the ensemble or on joined columns", async () => {
  using ensemble = ParameterSet.create(SPECS, [7, 8]);
  using alone = ParameterSet.create(SPECS, [8]);
  const [together, apart] = [await ensemble.read(), await alone.read()];
  together.forEach(({ name, data }, index) => {
    assertEquals(data.slice(data.length / 2), apart[index].data, name);
  });
  assertNotEquals(together[0].data.slice(0, 6), together[0].data.slice(6));
  const separate: ParameterSpecs = { "block.query": { shape: [3, 2], init: { law: "normal", deviation: 2 } } };
  using single = ParameterSet.create(separate, [8]);
  assertEquals((await single.read())[0].data, apart[0].data);
});

Deno.test("parameters: arrays go to the host under the names of checkpoints and come back", async () => {
  using set = ParameterSet.create(SPECS, [1, 2]);
  const arrays = await set.read();
  assertEquals(arrays.map(({ name, shape }) => [name, shape]), [
    ["block.query", [2, 3, 2]],
    ["block.key", [2, 3, 3]],
    ["block.bias", [2, 5]],
    ["scale", [2, 1]],
  ]);
  assertEquals(set.shapes, arrays.map(({ name, shape }) => ({ name, shape })));
  const before = await set.flat.read();
  assertEquals(set.pack(arrays.toReversed()), before);
  set.flat.write(new Float32Array(before.length));
  set.load(arrays);
  assertEquals(await set.flat.read(), before);
});

Deno.test("parameters: arrays that do not fit are refused by name", async () => {
  using set = ParameterSet.create(SPECS, [1]);
  const arrays = await set.read();
  const refused = (change: typeof arrays) => assertThrows(() => set.pack(change), ShapeError).message;
  assertEquals(
    refused(arrays.slice(1)),
    'parameters: expected a parameter "block.query" of shape (1, 3, 2), found none',
  );
  assertEquals(
    refused(arrays.map((array) => array.name === "scale" ? { ...array, shape: [1, 2] } : array)),
    'parameters: expected a parameter "scale" of shape (1, 1), found (1, 2)',
  );
  assertEquals(
    refused([...arrays, { name: "other", shape: [1], data: new Float32Array(1) }]),
    'parameters: expected parameters of the model only, found "other"',
  );
  assertEquals(
    refused(arrays.map((array) => array.name === "scale" ? { ...array, data: new Float32Array(2) } : array)),
    'parameters: expected a parameter "scale" of shape (1, 1), found 2 elements',
  );
  const before = await set.flat.read();
  assertThrows(() => set.load([...arrays.slice(1), { ...arrays[0], shape: [3, 2] }]), ShapeError, "block.query");
  assertEquals(await set.flat.read(), before);
  const wide = { a: { shape: [2, 5], init: { law: "constant", value: 0 }, parts: { b: 2, c: 2 } } } as const;
  assertThrows(() => ParameterSet.create(wide, [1]), ShapeError, "a: expected parts that fill its last axis of 5");
  assertThrows(() => ParameterSet.create({}, [1]), ShapeError, "expected at least one parameter, found none");
  assertThrows(() => ParameterSet.create(SPECS, []), RangeError, "expected at least one replica, found none");
  const given = { a: { shape: [2], init: { law: "given", values: [1] } } } as const;
  assertThrows(() => ParameterSet.create(given, [1]), RangeError, "init a: expected 2 given values, found 1");
});

Deno.test("parameters: gradients land in one flat tensor, straight or by a copy, with zeros in between", async () => {
  const specs: ParameterSpecs = {
    w: { shape: [2, 3], init: { law: "normal", deviation: 1 } },
    a: { shape: [3], init: { law: "constant", value: 2 } },
    b: { shape: [3], init: { law: "constant", value: 3 } },
    unused: { shape: [2], init: { law: "constant", value: 1 } },
  };
  using set = ParameterSet.create(specs, [1, 2]);
  const { w, a, b } = set.weights;
  // a and b get the very same tensor as gradient, which can lie in one place only; w's is made by a product.
  using gradient = await evaluate(() => {
    const both = add(a, b).reshape([2, 1, 3]);
    return set.gradient(
      sum(multiply(matmul(w, both, { transposeB: true }), matmul(w, both, { transposeB: true })), [1, 2]),
    );
  });
  const found = set.viewsOf(gradient);
  const values = await w.read();
  for (let r = 0; r < 2; r++) {
    const rows = [0, 1].map((i) => [...values.slice(r * 6 + i * 3, r * 6 + i * 3 + 3)]);
    const sums = rows.map((row) => 5 * row.reduce((total, value) => total + value, 0));
    const expectA = [0, 1, 2].map((j) => sums.reduce((total, s, i) => total + 2 * s * rows[i][j], 0));
    const close = (x: Float32Array, y: number[]) =>
      y.forEach((value, j) =>
        assertEquals(Math.abs(x[j] - value) < 1e-4 * (1 + Math.abs(value)), true, `${x[j]} ${value}`)
      );
    close((await found.a.read()).slice(r * 3, r * 3 + 3), expectA);
    close((await found.b.read()).slice(r * 3, r * 3 + 3), expectA);
    close((await found.w.read()).slice(r * 6, r * 6 + 3), [10 * sums[0], 10 * sums[0], 10 * sums[0]]);
  }
  assertEquals([...await found.unused.read()], [0, 0, 0, 0]);
  assertEquals((await gradient.read()).slice(12, 64), new Float32Array(52));
});

Deno.test("parameters: a misspelt weight is refused by its name, with the nearest one", () => {
  using set = ParameterSet.create(SPECS, [1]);
  assertThrows(
    () => set.weights["block.biass"],
    RangeError,
    "weights: expected one of block.qk, block.bias, scale, found block.biass; did you mean block.bias?",
  );
  assertEquals(Object.keys({ ...set.weights }), ["block.qk", "block.bias", "scale"]);
});
