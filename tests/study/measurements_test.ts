import { assertEquals, assertThrows } from "@std/assert";
import { rowsOf } from "../../lib/run/measured_rows.ts";
import { LogWriter, readLog } from "../../lib/run/log.ts";
import { joinColumns } from "../../lib/run/columns.ts";
import { Conditions, meanCurve, Measurements, type MeasureRow } from "../../lib/study/mod.ts";

const LOSS = { series: "main", quantity: "loss" };
const row = (step: number, replica: number, value: number, other = {}): MeasureRow => ({
  ...LOSS,
  step,
  replica,
  value,
  ...other,
});

Deno.test("numbers come back as curves by series, quantity, place and replica", () => {
  const measured = new Measurements();
  for (const step of [0, 10]) {
    for (const replica of [1, 0]) measured.add(row(step, replica, step + replica));
  }
  measured.add(row(0, 0, 7, { layer: 1, head: 0 }));
  measured.add(row(10, 0, 8, { layer: 1, head: 0 }));
  measured.add(row(0, 0, 9, { index: 3 }));
  measured.add(row(20, 0, 5, { series: "control", quantity: "norm" }));
  assertEquals(measured.replicas(LOSS), [0, 1]);
  assertEquals(measured.curve(LOSS, 1), { x: [0, 10], y: [1, 11] });
  assertEquals(measured.curves({ ...LOSS, layer: 1, head: 0 }), [{ x: [0, 10], y: [7, 8] }]);
  assertEquals([measured.first(LOSS), measured.last(LOSS)], [[0, 1], [10, 11]]);
  assertEquals([measured.at(LOSS, 10), measured.at(LOSS, 5), measured.steps(LOSS)], [[10, 11], [], [0, 10]]);
  assertEquals(measured.places(LOSS), [{}, { layer: 1, head: 0 }, { index: 3 }]);
  assertEquals([measured.series, measured.quantities("main")], [["main", "control"], ["loss"]]);
  assertEquals([measured.has(LOSS), measured.has({ ...LOSS, series: "none" })], [true, false]);
});

Deno.test("what was not measured is empty, not an error", () => {
  const measured = new Measurements();
  assertEquals([measured.curves(LOSS), measured.last(LOSS), measured.steps(LOSS)], [[], [], []]);
  assertEquals(measured.curve(LOSS, 0), { x: [], y: [] });
  assertEquals([measured.theories(LOSS), measured.theory("flow", LOSS)], [[], { x: [], y: [] }]);
});

Deno.test("a number that is there already is not added again; another value, or an earlier step, is refused", () => {
  const measured = new Measurements();
  assertEquals([0, 5, 9].map((step) => measured.add(row(step, 0, -step))), [true, true, true]);
  assertEquals([9, 0, 5].map((step) => measured.add(row(step, 0, -step))), [false, false, false]);
  assertEquals(measured.curve(LOSS, 0).x, [0, 5, 9]);
  assertThrows(
    () => measured.add(row(5, 0, 1)),
    RangeError,
    "expected one value of loss of main, replica 0 at step 5, found 1 beside -5",
  );
  assertThrows(
    () => measured.add(row(7, 0, 1)),
    RangeError,
    "expected steps of loss of main, replica 0 to ascend, found 7 after 9",
  );
});

Deno.test("theories have curves of their own, by name", () => {
  const measured = new Measurements();
  const add = (theory: string, step: number, value: number) => measured.addTheory({ theory, ...LOSS, step, value });
  assertEquals([add("flow", 0, 1), add("flow", 4, 2), add("closed form", 0, 3), add("flow", 4, 2)], [
    true,
    true,
    true,
    false,
  ]);
  assertEquals(measured.theories(LOSS), ["flow", "closed form"]);
  assertEquals(measured.theory("flow", LOSS), { x: [0, 4], y: [1, 2] });
  assertEquals(measured.curves(LOSS), []);
});

Deno.test("through a log and back, numbers are the same to the bit, and nothing is new", async () => {
  const values = [-0, 1 / 3, Math.fround(0.1), 5e-324, 1e21, 12345678, -2.5e-7];
  const rows = values.map((value, step) => row(step, 0, value, { layer: 0 }));
  const path = Deno.makeTempFileSync();
  try {
    const log = new LogWriter(path, joinColumns({}));
    rows.forEach((row) => log.write("measure", row));
    log.write("theory", { theory: "flow", ...LOSS, step: 3, value: 0.25 });
    log.write("criterion", { id: "a", statement: "b", source: "c", criterion: "d" });
    log.close();
    const measured = await Measurements.from(readLog(path));
    assertEquals(measured.curve({ ...LOSS, layer: 0 }, 0).y, [0, ...values.slice(1)]);
    assertEquals(measured.theory("flow", LOSS), { x: [3], y: [0.25] });
    assertEquals(rows.map((row) => measured.add(row)), values.map(() => false));
    assertEquals([...measured.rows()].map(({ value }) => value), [0, ...values.slice(1)]);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("rows of every replica: one number each, several with an index, conditions by name, null left out", () => {
  const all = (...args: Parameters<typeof rowsOf>) =>
    [...rowsOf(...args)].map(({ series, replica, index, value }) => [series, replica, index, value]);
  assertEquals(all({ series: "main", step: 1 }, { a: [5, null, 6] }), [
    ["main", 0, undefined, 5],
    ["main", 2, undefined, 6],
  ]);
  assertEquals(all({ series: "main", step: 1 }, { a: [[5, 6], [7, 8]] }), [
    ["main", 0, 0, 5],
    ["main", 0, 1, 6],
    ["main", 1, 0, 7],
    ["main", 1, 1, 8],
  ]);
  const design = new Conditions([{ name: "main", seeds: [1, 2] }, { name: "control", seeds: [1] }]);
  assertEquals(all({ series: design, step: 1 }, { a: Float32Array.of(5, 6, 7) }), [
    ["main", 0, undefined, 5],
    ["main", 1, undefined, 6],
    ["control", 0, undefined, 7],
  ]);
  assertEquals(all({ series: design, step: 1 }, { a: Float32Array.of(1, 2, 3, 4, 5, 6) }).slice(2), [
    ["main", 1, 0, 3],
    ["main", 1, 1, 4],
    ["control", 0, 0, 5],
    ["control", 0, 1, 6],
  ]);
  assertEquals(all({ series: "main", step: 1 }, { a: [] }), []);
  const [found] = [...rowsOf({ series: "main", step: 3, layer: 1, head: 2, index: 4 }, { a: [5] })];
  assertEquals(found, { series: "main", step: 3, quantity: "a", layer: 1, head: 2, index: 4, replica: 0, value: 5 });
  assertThrows(
    () => all({ series: design, step: 1 }, { a: [1, 2] }),
    RangeError,
    'expected "a" of 3 replicas, found 2 numbers',
  );
});

Deno.test("a quantity of several heads comes by replica, one curve a head; curves have a mean", () => {
  const measured = new Measurements();
  for (const [head, replica] of [[0, 0], [0, 1], [1, 0], [1, 1]]) {
    for (const step of [0, 5]) {
      measured.add({
        series: "main",
        quantity: "norm",
        layer: 0,
        head,
        step,
        replica,
        value: 10 * replica + head + step,
      });
    }
  }
  const curves = measured.perReplica({ series: "main", quantity: "norm" });
  assertEquals(curves.map((heads) => heads.map(({ y }) => y)), [[[0, 5], [1, 6]], [[10, 15], [11, 16]]]);
  assertEquals(meanCurve(curves[1]), { x: [0, 5], y: [10.5, 15.5] });
  assertEquals(measured.perReplica({ series: "main", quantity: "none" }), []);
});
