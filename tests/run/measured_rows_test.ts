import { assertEquals, assertThrows } from "@std/assert";
import { rowsOf, theoryRowsOf } from "../../lib/run/measured_rows.ts";

Deno.test("rowsOf: one number a replica, several with an index each, none for null", () => {
  const rows = [...rowsOf({ series: "main", step: 3 }, { loss: [1, null], share: [[0.5, null], [0.25, 1]] })];
  assertEquals(rows.map(({ quantity, replica, index, value }) => [quantity, replica, index, value]), [
    ["loss", 0, undefined, 1],
    ["share", 0, 0, 0.5],
    ["share", 1, 0, 0.25],
    ["share", 1, 1, 1],
  ]);
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
