import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { deviationFrom, Measurements } from "../../lib/study/mod.ts";

const quantity = (index: number) => ({ series: "main", quantity: "product", index });
const both = [{ of: quantity(0), scale: 1 }, { of: quantity(1), scale: 2 }];

/** Two replicas around `centre` at three steps; theory is 1 throughout. */
function measurements(centre: (step: number, index: number) => number): Measurements {
  const measured = new Measurements();
  for (const index of [0, 1]) {
    for (const step of [0, 5, 9]) {
      measured.addTheory({ ...quantity(index), theory: "one", step, value: 1 });
      for (const replica of [0, 1]) {
        measured.add({ ...quantity(index), step, replica, value: centre(step, index) + (replica - 0.5) / 50 });
      }
    }
  }
  return measured;
}

Deno.test("deviationFrom: names quantity and step of a single excursion, in the quantity's unit", () => {
  const excursion = measurements((step, index) => step === 5 && index === 1 ? 1.5 : 1.1);
  const { which, step, centre, high, replicas } = deviationFrom(excursion, "one", both);
  assertEquals([which, step, replicas], [1, 5, 2]);
  assertAlmostEquals(centre, 0.25, 1e-12);
  // Two values 0.02 apart: standard error 0.01, t = 12.706, in units of 2.
  assertAlmostEquals(high - centre, 0.06353, 1e-5);
});

Deno.test("deviationFrom: a theory at other steps is refused", () => {
  const measured = measurements(() => 1);
  measured.addTheory({ ...quantity(1), theory: "one", step: 10, value: 1 });
  assertThrows(
    () => deviationFrom(measured, "one", both),
    RangeError,
    "cannot compare product with one because they are known at different steps",
  );
});
