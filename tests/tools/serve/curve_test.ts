import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { Curve } from "../../../lib/tools/serve/curve.ts";

Deno.test("few positions stay as they are, replicas together", () => {
  const curve = new Curve(10);
  [[0, 1], [0, 3], [5, 2], [5, 4]].forEach(([x, y], time) => curve.add(x, y, time));
  assertEquals(curve.since(-1), {
    from: 0,
    points: [[0, 2, 1, 3, Math.SQRT2, 2], [5, 3, 2, 4, Math.SQRT2, 2]],
    merged: 1,
  });
});

Deno.test("replicas logged one after the other make the same curve as side by side", () => {
  const [a, b] = [new Curve(100), new Curve(100)];
  const value = (step: number, replica: number) => Math.sin(step) + replica;
  let time = 0;
  for (const replica of [0, 1]) for (let step = 0; step < 50; step++) a.add(step, value(step, replica), time++);
  for (let step = 0; step < 50; step++) for (const replica of [0, 1]) b.add(step, value(step, replica), time++);
  assertEquals(a.since(-1), b.since(-1));
});

Deno.test("many positions keep extremes, means and order in bounded room", () => {
  for (const order of ["ascending", "descending", "scattered"]) {
    const curve = new Curve(64);
    const count = 20_000;
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const x = order === "ascending" ? index : order === "descending" ? count - 1 - index : (index * 7919) % count;
      const y = x === 12_345 ? 100 : x === 777 ? -100 : Math.cos(x / 1000);
      sum += y;
      curve.add(x, y, index);
    }
    const { points, merged } = curve.since(-1)!;
    assertLessOrEqual(points.length, 64, order);
    assertEquals(Math.max(...points.map(([, , , high]) => high)), 100, order);
    assertEquals(Math.min(...points.map(([, , low]) => low)), -100, order);
    assert(points.every(([x], index) => index === 0 || x > points[index - 1][0]), order);
    assert(points.every(([, mean, low, high]) => low <= mean && mean <= high), order);
    assert(merged > 100);
    if (order === "ascending") assertAlmostEquals(points[0][1], 1, 0.1);
    assert(Number.isFinite(sum));
  }
});

Deno.test("a reader that takes changes has the same curve as one that takes all", () => {
  const curve = new Curve(32);
  const had: unknown[] = [];
  let seen = -1;
  for (let time = 0; time < 3000; time++) {
    const x = time % 97 === 0 ? time / 2 : time;
    curve.add(x, time % 13, time);
    if (time % 7 !== 0) continue;
    const tail = curve.since(seen);
    seen = time;
    if (tail === null) continue;
    had.length = tail.from;
    had.push(...tail.points);
    assertEquals(had, curve.since(-1)!.points as unknown[]);
  }
  assertEquals(curve.since(3000), null);
});

Deno.test("the deviation is that between replicas, not that along the curve, however many positions share a point", () => {
  const curve = new Curve(16);
  for (let step = 0; step < 5000; step++) {
    for (const replica of [-1, 0, 1]) curve.add(step, 10 * step + replica, step);
  }
  for (const [, , , , deviation, count] of curve.since(-1)!.points) {
    assertAlmostEquals(deviation, 1, 1e-9);
    assertEquals(count, 3);
  }
});
