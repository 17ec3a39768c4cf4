import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { acceleration, changeInterval, changePoints, crossingTime } from "../../lib/metrics/change_points.ts";
import { autocorrelationCurvature, curvature } from "../../lib/metrics/curvature.ts";

const x = Array.from({ length: 401 }, (_, index) => index / 2);

Deno.test("changePoints: a logistic fall drops at its centre, and is flat where 5 % of it is left", () => {
  const [centre, width] = [80, 6];
  const y = x.map((t) => 3 + 2 / (1 + Math.exp((t - centre) / width)));
  const { drop, rise, dip, plateau } = changePoints({ x, y });
  assertAlmostEquals(drop!, centre, 1e-3);
  assertEquals([rise, dip], [null, null]);
  assertAlmostEquals(plateau!, centre + width * Math.log(19), 0.5);
  assertAlmostEquals(changePoints({ x, y: y.map((value) => -value) }).rise!, centre, 1e-3);
});

Deno.test("changePoints: a dip is found where it is, a shallow one and one at an end are not", () => {
  const dipped = (depth: number, centre: number) =>
    x.map((t) => 5 - t / 400 - depth * Math.exp(-(((t - centre) / 9) ** 2)));
  assertAlmostEquals(changePoints({ x, y: dipped(2, 70) }).dip!, 70, 0.5);
  assertEquals(changePoints({ x, y: dipped(0.05, 70) }).dip, null);
  assertEquals(changePoints({ x, y: dipped(2, 200) }).dip, null);
  assertEquals(changePoints({ x, y: dipped(2, 0) }).dip, null);
});

Deno.test("changePoints: constants and ripples below 2 % change nowhere", () => {
  const nothing = { drop: null, rise: null, dip: null, plateau: null };
  assertEquals(changePoints({ x, y: x.map(() => 0) }), nothing);
  assertEquals(changePoints({ x, y: x.map((t) => 1 + 0.009 * Math.sin(t)) }), nothing);
  assertEquals(changePoints({ x: [3], y: [1] }), nothing);
});

Deno.test("acceleration: 1 for a straight line, the ratio of slopes for one that bends", () => {
  const x = [0, 10, 20, 40, 60, 80, 100];
  assertAlmostEquals(acceleration({ x, y: x.map((at) => 3 + 2 * at) }, 90), 1, 1e-12);
  // Slope 1 up to 40, 4 beyond.
  assertAlmostEquals(acceleration({ x, y: x.map((at) => at + 3 * Math.max(0, at - 40)) }, 90), 4, 1e-12);
});

Deno.test("crossingTime: the first time a level is reached, from either side; null if never", () => {
  const falling = { x: [0, 10, 20, 30], y: [0, -2, 1, -4] };
  assertEquals(crossingTime(falling, -1, "down"), 5);
  assertEquals(crossingTime(falling, 0.5, "up"), 10 + 10 * 2.5 / 3);
  assertEquals(crossingTime({ x: [5, 10], y: [-2, -4] }, -1, "down"), 5);
  assertEquals(crossingTime(falling, -5, "down"), null);
});

Deno.test("crossingTime: over the logarithm of time, in which times below 1 count as 1; a curve that begins there", () => {
  const rising = { x: [0, 4, 400], y: [0, 1, 3] };
  assertAlmostEquals(crossingTime(rising, 2, "up", { scale: "log" })!, 40, 1e-12);
  assertAlmostEquals(crossingTime(rising, 0.5, "up", { scale: "log" })!, 2, 1e-12);
  assertEquals(crossingTime(rising, 1, "up", { scale: "log" }), 4);
  assertEquals(crossingTime(rising, 4, "up", { scale: "log" }), null);
  for (const scale of ["linear", "log"] as const) {
    assertEquals(crossingTime(rising, 0, "up", { scale }), 0);
    assertEquals(crossingTime(rising, 0, "up", { scale, start: "none" }), null);
  }
});

Deno.test("changeInterval: median and central 90 % of those replicas that have the change", () => {
  const times = Array.from({ length: 101 }, (_, index) => index);
  assertEquals(changeInterval([...times, null]), { median: 50, low: 5, high: 95, found: 101, replicas: 102 });
  assertEquals(changeInterval([null, null]), null);
});

Deno.test("curvature: exact for parabolas at uneven times, second order for others", () => {
  const times = [0, 1, 2, 4, 8, 9, 15, 16];
  for (const half of [1, 2, 9]) {
    for (const value of curvature(times, times.map((t) => 2 - 3 * t + 0.25 * t * t), half)) {
      assertAlmostEquals(value, 0.5, 1e-10);
    }
  }
  const fine = x.map((t) => t / 50);
  curvature(fine, fine.map(Math.sin)).slice(2, -2).forEach((value, index) =>
    assertAlmostEquals(value, -Math.sin(fine[index + 2]), 1e-3)
  );
  assertThrows(
    () => curvature([0, 1], [0, 1]),
    RangeError,
    "curvature: expected at least 3 points (x, y), found 2 and 2",
  );
});

Deno.test("autocorrelationCurvature: lines 0, t² 2 E[t²], a cosine about −ω²/2", () => {
  const steps = Array.from({ length: 64 }, (_, t) => t);
  const options = { window: 40, lags: 5, stride: 7 };
  const line = autocorrelationCurvature(steps.map((t) => 3 - 0.1 * t), options);
  assertEquals(line.at, [39, 46, 53, 60]);
  for (const value of line.curvature) assertAlmostEquals(value, 0, 1e-10);
  const { curvature, at, autocorrelation } = autocorrelationCurvature(steps.map((t) => t * t), options);
  curvature.forEach((value, index) => {
    const start = at[index] - 39;
    const mean = steps.slice(start, start + 35).reduce((sum, t) => sum + t * t, 0) / 35;
    assertAlmostEquals(value / (2 * mean), 1, 1e-9);
    assertAlmostEquals(
      autocorrelation[index][0],
      steps.slice(start, start + 35).reduce((sum, t) => sum + t ** 4, 0) / 35,
      1e-6,
    );
  });
  // Whole periods: A(τ) = cos(ωτ) / 2, whose parabola through small lags has the curvature −ω²/2 up to (ω lags)².
  const omega = 2 * Math.PI / 100;
  const wave = Array.from({ length: 210 }, (_, t) => Math.cos(omega * t));
  for (const value of autocorrelationCurvature(wave, { window: 204, lags: 4 }).curvature) {
    assertAlmostEquals(value / (-(omega ** 2) / 2), 1, 0.03);
  }
  assertThrows(() => autocorrelationCurvature(steps, { window: 65 }), RangeError, "window ≤ 64 samples");
});
