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

Deno.test("replicas at the same place and steps share a line, others do not; a file of single curves is read as before", async () => {
  const measured = new Measurements();
  for (const index of [0, 1]) {
    for (const replica of [0, 1, 2]) {
      // The last replica of index 1 has a step less.
      for (const step of index === 1 && replica === 2 ? [5] : [5, 6]) {
        measured.add({ series: "a", quantity: "x", index, replica, step, value: 100 * index + 10 * replica + step });
      }
    }
  }
  const bytes = await packMeasurements(measured);
  const gzip = (stream: CompressionStream | DecompressionStream, from: Uint8Array) =>
    new Response(new Blob([from as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream)).arrayBuffer();
  const text = new TextDecoder().decode(await gzip(new DecompressionStream("gzip"), bytes));
  assertEquals(text.split("\n").filter(Boolean).map((line) => JSON.parse(line).replicas ?? JSON.parse(line).replica), [
    [0, 1, 2],
    [0, 1],
    2,
  ]);
  assertEquals([...(await unpackMeasurements(bytes)).rows()], [...measured.rows()]);
  const single = `{"kind":"measure","series":"a","quantity":"x","replica":3,"steps":[1,2],"float32":[0.5,2]}\n`;
  const old = new Uint8Array(await gzip(new CompressionStream("gzip"), new TextEncoder().encode(single)));
  assertEquals([...(await unpackMeasurements(old)).rows()].map(({ replica, step, value }) => [replica, step, value]), [
    [3, 1, 0.5],
    [3, 2, 2],
  ]);
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
