import { assertEquals, assertThrows } from "@std/assert";
import { CheckpointError, matchTensors, openSafetensors, readParameters } from "../../lib/checkpoint/mod.ts";
import { fixture } from "./files.ts";

Deno.test("parameters of a PyTorch file go to every replica, those with replicas each to its own", () => {
  using file = openSafetensors(fixture("floats.safetensors"));
  const values = Array.from(file.read("f16.values"));
  assertEquals(readParameters(file, [{ name: "f16.values", shape: [2, 3] }]).map((data) => Array.from(data)), [values]);
  const [three, fine] = readParameters(
    file,
    [{ name: "values", shape: [3, 2, 3] }, { name: "fine", shape: [1, 3] }],
    (name) => `f64.${name}`,
  );
  assertEquals(Array.from(three), [...values, ...values, ...values]);
  assertEquals(fine[0], Math.fround(0.1));
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
