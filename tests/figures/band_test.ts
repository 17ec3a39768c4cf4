import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type BandDefinition, bandOver, describeBand } from "../../lib/figures/band.ts";
import { FigureError } from "../../lib/figures/spec.ts";

/** Values 0, 1, …, n − 1 in scrambled order, one a replica. */
function ladder(n: number) {
  return Array.from({ length: n }, (_, replica) => ({ step: 5, replica, loss: (replica * 7) % n }));
}

function only(n: number, definition: BandDefinition) {
  const rows = bandOver(ladder(n), { x: "step", value: "loss", definition });
  assertEquals(rows.length, 1);
  return rows[0];
}

Deno.test("band: range of a ladder is its ends, the mean its middle", () => {
  assertEquals(only(11, "range"), { x: 5, group: "", mean: 5, low: 0, high: 10, replicas: 11 });
});

Deno.test("band: central 90 % of 0 … 40 is 2 … 38 by linear interpolation", () => {
  const { low, high } = only(41, "central90");
  assertAlmostEquals(low, 2, 1e-12);
  assertAlmostEquals(high, 38, 1e-12);
});

Deno.test("band: the 95 % interval of 1, 2, 3 is 2 ± 4.3027 / √3", () => {
  const { mean, low, high } = only(3, "interval95");
  assertAlmostEquals(mean - low, 4.302653 / Math.sqrt(3), 1e-5);
  assertAlmostEquals(high - mean, 4.302653 / Math.sqrt(3), 1e-5);
});

Deno.test("band: a single replica has a band of no width", () => {
  for (const definition of ["range", "central90", "interval95"] as const) {
    const { mean, low, high } = only(1, definition);
    assertEquals([mean, low, high], [0, 0, 0]);
  }
});

Deno.test("band: groups keep their order, positions are sorted as numbers", () => {
  const rows = [10, 9, 100].flatMap((step) =>
    ["b", "a"].map((mode) => ({ step, mode, replica: 0, value: step + (mode === "a" ? 0.5 : 0) }))
  );
  const bands = bandOver(rows, { x: "step", value: "value", group: "mode" });
  assertEquals(bands.map(({ group, x }) => `${group}${x}`), ["b9", "b10", "b100", "a9", "a10", "a100"]);
  assertEquals(bands[3].mean, 9.5);
});

Deno.test("band: what cannot be summarised is refused by name", () => {
  const options = { x: "step", value: "loss" };
  const row = { step: 1, replica: 0, loss: 2 };
  assertThrows(
    () => bandOver([row, row], options),
    FigureError,
    "expected one row per replica, found a second with replica 0 at step 1",
  );
  assertThrows(
    () => bandOver([{ ...row, loss: NaN }], options),
    FigureError,
    'expected a finite number in field "loss" of row 0, found NaN',
  );
  assertThrows(
    () => bandOver([{ step: 1, loss: 2 }], options),
    FigureError,
    'expected field "replica" in row 0, found step, loss',
  );
});

Deno.test("band: its description names definition and replicas", () => {
  const row = { x: 0, group: "", mean: 0, low: 0, high: 0, replicas: 8 };
  assertEquals(describeBand([row]), "band: range of 8 replicas");
  assertEquals(describeBand([{ ...row, replicas: 1 }]), "band: range of 1 replica");
  assertEquals(
    describeBand([row, { ...row, replicas: 6 }], "interval95"),
    "band: 95 % interval of the mean over 6 to 8 replicas",
  );
  assertEquals(
    describeBand([row], { words: "quartiles", of: () => ({ centre: 0, low: 0, high: 0 }) }, "bar"),
    "bar: quartiles over 8 replicas",
  );
  assertThrows(() => describeBand([]), FigureError, "expected at least one row to describe a band, found none");
});
