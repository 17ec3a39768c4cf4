import { assertEquals, assertThrows } from "@std/assert";
import { ReplicaCounts, rowsOf, theoryRowsOf } from "../../lib/run/measured_rows.ts";
import { Conditions } from "../../lib/study/conditions.ts";

Deno.test("rowsOf: one number a replica, several with an index each, none for null", () => {
  const rows = [...rowsOf({ series: "main", step: 3 }, { loss: [1, null], share: [[0.5, null], [0.25, 1]] })];
  assertEquals(rows.map(({ quantity, replica, index, value }) => [quantity, replica, index, value]), [
    ["loss", 0, undefined, 1],
    ["share", 0, 0, 0.5],
    ["share", 1, 0, 0.25],
    ["share", 1, 1, 1],
  ]);
  const later = [...rowsOf({ series: "main", replica: 3, step: 3 }, { loss: [1, 2] })];
  assertEquals(later.map(({ replica, value }) => [replica, value]), [[3, 1], [4, 2]]);
  const conditions = new Conditions([{ name: "main", seeds: [0, 1, 2, 3] }]);
  assertThrows(
    () => [...rowsOf({ series: conditions, replica: 1, step: 3 }, { loss: [1, 2, 3] })],
    RangeError,
    "expected no first replica of conditions, found 1",
  );
});

Deno.test("theoryRowsOf: a curve, or several of one quantity with an index each", () => {
  const of = { series: "main", quantity: "a" };
  const values = (rows: ReturnType<typeof theoryRowsOf>) =>
    [...rows].map(({ index, step, value }) => [index, step, value]);
  assertEquals(values(theoryRowsOf("flow", of, [0, 5], [1, 2])), [[undefined, 0, 1], [undefined, 5, 2]]);
  assertEquals(values(theoryRowsOf("flow", of, [0, 5], [[1, 2], [3, 4]])), [[0, 0, 1], [0, 5, 2], [1, 0, 3], [
    1,
    5,
    4,
  ]]);
  assertThrows(
    () => [...theoryRowsOf("flow", of, [0, 5], [[1, 2], [3]])],
    RangeError,
    'expected 2 numbers of "a" by flow, found 1',
  );
});

Deno.test("ReplicaCounts: a flat array of several numbers a replica of a plain series is refused, others pass", () => {
  const check = (
    series: string | Conditions<object>,
    values: Parameters<ReplicaCounts["check"]>[1],
    counts: ReplicaCounts,
  ) => counts.check({ series, step: 0 }, values);
  const run = new ReplicaCounts(2);
  check("main", { loss: [1, null], vector: [[1, 2, 3], [4, 5, 6]], one: [7] }, run);
  assertThrows(
    () => check("new", { vector: Float32Array.of(1, 2, 3, 4) }, run),
    RangeError,
    'expected "vector" of 2 replicas of "new", found 4 numbers',
  );
  // A study of its own has its replicas from its first numbers.
  check("study", { loss: [1, 2, 3] }, run);
  check("study", { accuracy: [1, 2, 3] }, run);
  assertThrows(
    () => check("study", { vector: [1, 2, 3, 4, 5, 6] }, run),
    RangeError,
    'expected "vector" of 3 replicas of "study", found 6 numbers',
  );
  // Replicas that are measured one after the other say which they are.
  for (const replica of [0, 1, 2, 3]) run.check({ series: "later", replica, step: 0 }, { loss: [1] });
  // Vectors first, then one number a replica.
  const alone = new ReplicaCounts(1);
  check("main", { vector: [1, 2, 3, 4] }, alone);
  assertThrows(
    () => check("main", { loss: [1, 2] }, alone),
    RangeError,
    'expected "loss" of 4 replicas of "main", found 2 numbers',
  );
  // Conditions say how many replicas they have.
  const design = new Conditions([{ name: "many", seeds: [1, 2, 3, 4] }]);
  check(design, { loss: [1, 2, 3, 4], vector: [1, 2, 3, 4, 5, 6, 7, 8] }, run);
});
