import { assertEquals, assertThrows } from "@std/assert";
import { latestCheckpoint, readCheckpoint, saveCheckpoint } from "../../lib/checkpoint/mod.ts";
import { Snapshots } from "../../lib/study/mod.ts";
import { inFolder } from "../run/subprocess.ts";

const arrays = (value: number) => [
  { name: "blocks.0.query", shape: [2, 2], data: Float32Array.of(value, NaN, -0, 1e-40) },
  { name: "bias", shape: [2], data: Float32Array.of(value, 1 / 3) },
];

Deno.test("snapshots come back from a checkpoint file as they were kept", () =>
  inFolder((root) => {
    const kept = new Snapshots();
    kept.keep("main", 0, arrays(1));
    kept.keep("main", 2 ** 40, arrays(2));
    kept.keep("second run", 5, [arrays(3)[1]]);
    const parameter = { name: "w", shape: [2], data: Float32Array.of(1, 2) };
    saveCheckpoint(root, { step: 3, replicas: 2, tensors: [parameter, ...kept.tensors()], metadata: {} });
    const { tensors } = readCheckpoint(latestCheckpoint(root)!.path);
    const restored = Snapshots.restore(tensors);
    assertEquals(restored.of("main").map(({ step }) => step), [0, 2 ** 40]);
    for (const name of ["blocks.0.query", "bias"]) {
      for (const step of [0, 2 ** 40]) {
        const of = (snapshots: Snapshots) => snapshots.at("main", step).find((array) => array.name === name);
        assertEquals(of(restored), of(kept));
      }
    }
    assertEquals(restored.at("second run"), kept.at("second run"));
    const named = (snapshots: Snapshots) => snapshots.tensors().toSorted((a, b) => a.name < b.name ? -1 : 1);
    assertEquals(named(restored), named(kept));
    return Promise.resolve();
  }));

Deno.test("what a resumed run keeps again stays as it was; what is taken is given once", () => {
  const kept = new Snapshots();
  kept.keep("main", 0, arrays(1));
  kept.keep("main", 5, arrays(2));
  kept.keep("main", 0, arrays(3));
  assertEquals(kept.at("main", 0), arrays(1));
  assertEquals(kept.at("main"), arrays(2));
  assertEquals(kept.take("main").length, 2);
  assertEquals([kept.of("main"), kept.take("main"), kept.tensors()], [[], [], []]);
});

Deno.test("a name with a dot, a step too early, other arrays and a missing snapshot are refused by name", () => {
  const kept = new Snapshots();
  assertThrows(() => kept.keep("a.b", 0, []), RangeError, 'expected a name without dots for snapshots, found "a.b"');
  kept.keep("main", 5, arrays(1));
  assertThrows(
    () => kept.keep("main", 4, arrays(1)),
    RangeError,
    'expected snapshots of "main" to ascend, found step 4 after 5',
  );
  const wanted = 'expected arrays of snapshots "main" to be blocks.0.query (2,2), bias (2), found';
  assertThrows(() => kept.keep("main", 6, [arrays(1)[1]]), RangeError, `${wanted} bias (2) at step 6`);
  const wide = [arrays(1)[0], { name: "bias", shape: [1], data: Float32Array.of(1) }];
  assertThrows(() => kept.keep("main", 6, wide), RangeError, `${wanted} blocks.0.query (2,2), bias (1) at step 6`);
  assertThrows(() => kept.at("main", 3), RangeError, 'expected a snapshot of "main" at step 3, found 5');
  assertThrows(() => kept.at("none"), RangeError, "found none");
});
