import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { integrate, type VectorField } from "../../lib/theory/integrate.ts";
import { descend } from "../../lib/theory/descend.ts";

const rotation: VectorField = (_t, y, out) => {
  out[0] = y[1];
  out[1] = -y[0];
};

Deno.test("integrate: logistic, rotation and a time-dependent field reach their closed forms within the stated error", () => {
  const times = Float64Array.from({ length: 41 }, (_, i) => i / 4);
  const cases: [VectorField, number[], (t: number) => number[]][] = [
    [(_t, y, out) => out[0] = y[0] * (1 - y[0]), [0.01], (t) => [1 / (1 + 99 * Math.exp(-t))]],
    [rotation, [0, 1], (t) => [Math.sin(t), Math.cos(t)]],
    [(t, _y, out) => out[0] = 3 * t * t, [1], (t) => [1 + t ** 3]],
  ];
  for (const [field, start, exact] of cases) {
    const { states, errorEstimate } = integrate(field, start, times);
    let worst = 0;
    states.forEach((state, k) => {
      exact(times[k]).forEach((value, i) => worst = Math.max(worst, Math.abs(state[i] - value)));
    });
    assert(worst < 1e-8, `error ${worst}`);
    assert(worst <= errorEstimate + 1e-12, `error ${worst}, stated ${errorEstimate}`);
  }
});

Deno.test("integrate: fifth order at the steps, fourth in between", () => {
  const errorAt = (time: number, step: number) => {
    const { states } = integrate(rotation, [0, 1], [time, 4], { relative: 1, absolute: 1, maxStep: step });
    return Math.abs(states[0][0] - Math.sin(time));
  };
  for (const [time, order] of [[2, 5], [2.0625, 4]]) {
    const measured = Math.log2(errorAt(time, 0.125) / errorAt(time, 0.0625));
    assert(measured > order - 0.3, `order ${measured} at t = ${time}`);
  }
});

Deno.test("integrate: requested times include 0, may repeat, and are checked", () => {
  const { states } = integrate(rotation, [0, 1], [0, 0, 1, 1]);
  assertEquals([...states[0]], [0, 1]);
  assertEquals(states[2], states[3]);
  assertAlmostEquals(states[2][0], Math.sin(1), 1e-9);
  for (const times of [[], [-1], [2, 1], [NaN], [Infinity]]) {
    assertThrows(() => integrate(rotation, [0, 1], times), RangeError, "expected");
  }
});

Deno.test("integrate: a solution that blows up before the end is an error, not a number", () => {
  assertThrows(
    () => integrate((_t, y, out) => out[0] = y[0] * y[0], [1], [2], { maxSteps: 2000 }),
    Error,
    "expected to reach t = 2",
  );
});

Deno.test("descend: the Euler map, exactly, and its domain", () => {
  const [start, end] = descend((theta) => theta.map((value) => 2 * value), [1, -3], 0.25, [0, 4]);
  assertEquals([...start], [1, -3]);
  assertEquals([...end], [1 / 16, -3 / 16]);
  assertThrows(() => descend((theta) => theta, [1], 0.1, [1.5]), RangeError, "expected ascending integer steps");
  assertThrows(() => descend((theta) => theta, [1], 0, [1]), RangeError, "expected rate to be positive");
});
