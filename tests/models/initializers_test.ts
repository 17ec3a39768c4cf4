import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type Initializer, initialValues } from "../../lib/models/initializers.ts";

const SHAPE = [200, 300];
const draw = (init: Initializer, seed = 1, name = "w") => initialValues(name, { shape: SHAPE, init }, seed);

/** First four moments of what is drawn, divided by the powers of its scale. */
function moments(values: Float32Array, scale: number): number[] {
  return [1, 2, 3, 4].map((power) => values.reduce((sum, x) => sum + (x / scale) ** power, 0) / values.length);
}

Deno.test("initial values: moments of the normal and of the uniform law", () => {
  // Standard errors of 60 000 draws: √(E x^2p − (E x^p)²) / 245, here four of them.
  const compare = (found: number[], exact: number[], spread: number[]) =>
    found.forEach((value, i) => assertAlmostEquals(value, exact[i], 4 * spread[i] / Math.sqrt(60_000)));
  compare(moments(draw({ law: "normal", deviation: 0.3 }), 0.3), [0, 1, 0, 3], [1, 1.42, 3.88, 9.8]);
  const uniform = draw({ law: "uniform", bound: 2 });
  compare(moments(uniform, 2), [0, 1 / 3, 0, 1 / 5], [0.58, 0.3, 0.38, 0.27]);
  assert(uniform.every((value) => Math.abs(value) <= 2));
});

Deno.test("initial values: constants, and what is given, are the same for every seed", () => {
  assertEquals([...initialValues("b", { shape: [3], init: { law: "constant", value: -2 } }, 5)], [-2, -2, -2]);
  const given = { shape: [2, 2], init: { law: "given", values: [1, 2, 3, 4] }, parts: { a: 1, b: 1 } } as const;
  assertEquals([...initialValues("ab", given, 5)], [1, 2, 3, 4]);
  assertEquals([...initialValues("scalar", { shape: [], init: { law: "constant", value: 7 } }, 5)], [7]);
});

Deno.test("initial values: seed and name alone decide, and a wider scale stretches the same draws", () => {
  const init = { law: "normal", deviation: 1 } as const;
  assertEquals(draw(init), draw(init));
  assertNotEquals(draw(init, 1).slice(0, 4), draw(init, 2).slice(0, 4));
  assertNotEquals(draw(init, 1, "v").slice(0, 4), draw(init, 1).slice(0, 4));
  assertEquals(draw({ law: "normal", deviation: 2 }), draw(init).map((value) => 2 * value));
});

Deno.test("initial values: too few given values are refused by name", () => {
  const few = { shape: [3], init: { law: "given", values: [1, 2] } } as const;
  const { message } = assertThrows(() => initialValues("block.w", few, 1), RangeError);
  assertEquals(message, "init block.w: expected 3 given values, found 2");
});
