import { assert, assertEquals, assertRejects } from "@std/assert";
import { packMeasurements, unpackMeasurements } from "../../lib/study/archive.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { uniforms } from "../../lib/random/random.ts";

Deno.test("packed and unpacked, all numbers are the same to the bit, in the same order", async () => {
  const measured = new Measurements();
  const noise = uniforms({ seed: 1, key: "noise" }, 600);
  const edges = [0, 1e-45, 1.17549435e-38, 3.4028234663852886e38, -1 / 3, 0.1, 1e21, 123456789, -1e-320];
  const values = [...edges, ...edges.map(Math.fround).filter(Number.isFinite), ...noise].map((value) => value);
  values.forEach((value, step) => {
    measured.add({ series: "b", quantity: "mixed", step, replica: 1, value });
    measured.add({
      series: "a",
      quantity: "loss",
      layer: 0,
      head: 2,
      index: 3,
      step,
      replica: 0,
      value: Math.fround(value),
    });
    measured.addTheory({ theory: "flow", series: "a", quantity: "loss", step, value: value / 3 });
  });
  measured.add({ series: "b", quantity: "mixed", step: 0, replica: 0, value: 5 });
  const bytes = await packMeasurements(measured);
  const again = await unpackMeasurements(bytes);
  assertEquals([...again.rows()], [...measured.rows()]);
  assertEquals([...again.theoryRows()], [...measured.theoryRows()]);
  assertEquals(await packMeasurements(again), bytes);
  assertEquals([again.series, again.places({ series: "a", quantity: "loss" })], [
    measured.series,
    measured.places({ series: "a", quantity: "loss" }),
  ]);
  const single = new Measurements();
  noise.forEach((value, step) =>
    single.add({ series: "a", quantity: "loss", step, replica: 0, value: Math.fround(value) })
  );
  const { length } = await packMeasurements(single);
  assert(length < 600 * 7, `expected less than 7 bytes a number in single precision, found ${length / 600}`);
});

Deno.test("nothing measured is an empty file; other bytes are refused", async () => {
  const none = await packMeasurements(new Measurements());
  assertEquals([...(await unpackMeasurements(none)).rows()], []);
  await assertRejects(
    () => unpackMeasurements(new TextEncoder().encode("{}")),
    SyntaxError,
    "expected gzipped measurements, found other bytes",
  );
});
