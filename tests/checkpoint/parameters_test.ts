import { assertEquals, assertThrows } from "@std/assert";
import {
  CheckpointError,
  matchTensors,
  openSafetensors,
  readParameters,
  type TensorPart,
  writeSafetensors,
} from "../../lib/checkpoint/mod.ts";
import { fixture } from "./files.ts";

Deno.test("parameters of a PyTorch file go to every replica, those with replicas each to its own", () => {
  using file = openSafetensors(fixture("floats.safetensors"));
  const values = Array.from(file.read("f16.values"));
  const [{ name, shape, data }] = readParameters(file, [{ name: "f16.values", shape: [2, 3] }]);
  assertEquals([name, shape, Array.from(data)], ["f16.values", [2, 3], values]);
  const [three, fine] = readParameters(
    file,
    [{ name: "values", shape: [3, 2, 3] }, { name: "fine", shape: [1, 3] }],
    (name) => `f64.${name}`,
  );
  assertEquals(three.shape, [3, 2, 3]);
  assertEquals(Array.from(three.data), [...values, ...values, ...values]);
  assertEquals(fine.data[0], Math.fround(0.1));
});

Deno.test("a parameter that is missing, of another shape, or not of numbers is named with what is there", () => {
  const refuses = (name: string, shape: number[], text: string, path = "floats.safetensors") => {
    using file = openSafetensors(fixture(path));
    const { message } = assertThrows(() => readParameters(file, [{ name, shape }]), CheckpointError);
    assertEquals(message, `${fixture(path)}: expected ${text}`);
  };
  refuses("f32.valeus", [2, 3], 'a tensor "f32.valeus", found none; nearest is "f32.values"');
  refuses("f32.values", [3, 2], 'shape [3,2], or [2] for all replicas, of tensor "f32.values", found [2,3]');
  refuses("f32.values", [6], 'shape [6], or [] for all replicas, of tensor "f32.values", found [2,3]');
  refuses("u8", [2], 'tensor "u8" to be of F64|F32|F16|BF16, found U8', "integers.safetensors");
});

Deno.test("a parameter may be a tensor transposed, or some of its columns, with or without replicas", () => {
  const path = Deno.makeTempFileSync();
  const data = Float32Array.from({ length: 12 }, (_, i) => i);
  writeSafetensors(path, [
    { name: "matrix", shape: [3, 4], data },
    { name: "replicas", shape: [2, 2, 3], data },
    { name: "vector", shape: [12], data },
  ]);
  try {
    using file = openSafetensors(path);
    const read = (
      shape: number[],
      part: TensorPart,
    ) => [...readParameters(file, [{ name: "x", shape }], () => part)[0].data];
    assertEquals(read([1, 4, 3], { name: "matrix", transposed: true }), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
    assertEquals(read([1, 3, 2], { name: "matrix", columns: [1, 3] }), [1, 2, 5, 6, 9, 10]);
    assertEquals(read([2, 4, 1], { name: "matrix", transposed: true, columns: [2, 3] }), [8, 9, 10, 11, 8, 9, 10, 11]);
    assertEquals(read([2, 3, 1], { name: "replicas", transposed: true, columns: [1, 2] }), [3, 4, 5, 9, 10, 11]);
    assertEquals(read([2, 2], { name: "vector", columns: [10, 12] }), [10, 11, 10, 11]);
    const refuses = (shape: number[], part: TensorPart, text: string) =>
      assertEquals(assertThrows(() => read(shape, part), CheckpointError).message, `${path}: expected ${text}`);
    refuses(
      [1, 3, 4],
      { name: "matrix", transposed: true },
      'shape [1,3,4], or [3,4] for all replicas, of tensor "matrix" (transposed), found [3,4]',
    );
    const five = 'shape [1,3,2], or [3,2] for all replicas, of tensor "matrix" (columns 3 to 5), found [3,4]';
    refuses([1, 3, 2], { name: "matrix", columns: [3, 5] }, five);
    const turned =
      'shape [1,12], or [12] for all replicas, of tensor "vector" (transposed, columns 0 to 1), found [12]';
    refuses([1, 12], { name: "vector", transposed: true, columns: [0, 1] }, turned);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("a state must hold what is wanted and nothing else, in any order", () => {
  const tensors = [
    { name: "a", shape: [2], data: new Float32Array([1, 2]) },
    { name: "b", shape: [], data: new Uint32Array([3]) },
  ];
  const match = (...wanted: [string, number[]][]) =>
    matchTensors(tensors, wanted.map(([name, shape]) => ({ name, shape })), "x");
  assertEquals(match(["b", []], ["a", [2]]), [new Uint32Array([3]), new Float32Array([1, 2])]);
  const refuses = (wanted: [string, number[]][], text: string) =>
    assertEquals(assertThrows(() => match(...wanted), CheckpointError).message, `x: expected ${text}`);
  refuses([["a", [2]]], 'no tensors but those of the model, found "b"');
  refuses([["a", [1, 2]], ["b", []]], 'shape [1,2] of tensor "a", found [2]');
  refuses([["a", [2]], ["c", []]], 'a tensor "c", found none; nearest is "b"');
  assertThrows(() => matchTensors([], [{ name: "a", shape: [] }], "x"), CheckpointError, "found no tensors");
});
