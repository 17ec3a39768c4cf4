import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { PAPER_START, PAPER_WEIGHTS } from "../../../lib/models/spin_attention.ts";
import { kaplanYorke, lyapunov } from "../../../lib/theory/attention_dmft/lyapunov.ts";
import { SpinOrbit } from "../../../lib/theory/attention_dmft/map.ts";
import {
  featureOrbit,
  firstFeature,
  histogramDistance,
  positionCycle,
  positionCycleOnset,
  regimeOf,
  spinPeriod,
  spinStateAfter,
} from "../../../lib/theory/attention_dmft/orbits.ts";

const paper = (beta: number) => ({ weights: PAPER_WEIGHTS, beta, gamma: 220 / Math.sqrt(3), epsilon: 0.02 });
const start = { window: PAPER_START, phase: 0 };
const settled = (beta: number, steps = 4000) => spinStateAfter(paper(beta), start, steps);

Deno.test("exponents are those that were calculated before: cycles, quasi-periodic motion, chaos", () => {
  const largest = (beta: number, steps: number) => {
    return lyapunov(new SpinOrbit(paper(beta), settled(beta, 8000)), steps, 1).spectrum[0];
  };
  assertAlmostEquals(largest(1, 2000), -0.083, 1e-3);
  assertAlmostEquals(largest(1.2, 2000), -0.014, 1e-3);
  assertAlmostEquals(largest(1.255, 8000), 0, 1e-3);
  assertAlmostEquals(largest(1.27, 4000), -0.048, 2e-3);
  assertAlmostEquals(largest(1.28, 8000), 0.15, 0.02);
  assertAlmostEquals(largest(3, 4000), -0.103, 0.01);
});

Deno.test("all exponents together are the mean logarithm of the determinant", () => {
  // Attention soft enough that no direction is lost within a step.
  const system = { ...paper(1.6), gamma: 12 };
  const state = spinStateAfter(system, start, 1000);
  const steps = 500;
  const orbit = new SpinOrbit(system, state);
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    // The old window moves down, so that only the derivative by the oldest token is left.
    const jacobian = orbit.jacobian();
    const [a, b, c, d, e, f, g, h, i] = [0, 1, 2].flatMap((row) => [9, 10, 11].map((at) => jacobian[row * 12 + at]));
    sum += Math.log(Math.abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)));
    orbit.step();
  }
  const { spectrum } = lyapunov(new SpinOrbit(system, state), steps);
  assertAlmostEquals(spectrum.reduce((total, exponent) => total + exponent), sum / steps, 1e-6);
  assert(spectrum.every((exponent, index) => index === 0 || exponent <= spectrum[index - 1]));
});

Deno.test("the largest exponent is the rate at which neighbours part", () => {
  const system = paper(1.28);
  const orbit = new SpinOrbit(system, settled(1.28));
  const distance = 1e-8;
  let neighbour = new SpinOrbit(system, { window: orbit.window.map((a) => a + distance), phase: orbit.phase });
  const exact = lyapunov(new SpinOrbit(system, { window: orbit.window, phase: orbit.phase }), 3000, 1).spectrum[0];
  let [sum, before] = [0, distance * Math.sqrt(12)];
  for (let step = 0; step < 3000; step++) {
    orbit.step();
    neighbour.step();
    const difference = neighbour.window.map((a, i) => a - orbit.window[i]);
    const length = Math.hypot(...difference);
    sum += Math.log(length / before);
    const window = orbit.window.map((a, i) => a + difference[i] * distance / length);
    neighbour = new SpinOrbit(system, { window, phase: orbit.phase });
    before = distance;
  }
  assertAlmostEquals(sum / 3000, exact, 5e-3);
});

Deno.test("a direction that is lost within a step leaves the other exponents as they are", () => {
  // At β = 0 spins are fair whatever A is: every derivative is 0.
  const { spectrum, dimension } = lyapunov(new SpinOrbit(paper(0), start), 20);
  assert(spectrum.every((exponent) => Number.isFinite(exponent) && exponent <= 0));
  assertEquals(dimension, 0);
  assertAlmostEquals(kaplanYorke([0.2, -0.1, -0.4]), 2.25, 1e-12);
  assertEquals(kaplanYorke([0.2, 0.1]), 2);
});

Deno.test("periods are found to the step: 4, 28, 44 and, of 18 values, 24; none in chaos", () => {
  const search = { longest: 500, tolerance: 1e-4 };
  for (const [beta, period] of [[1, 4], [1.27, 28], [1.26451, 44], [3, 24], [1.4, 0]]) {
    assertEquals(spinPeriod(paper(beta), settled(beta, 8000), search), period, `β = ${beta}`);
  }
  const values = featureOrbit(paper(3), settled(3), 240);
  assertEquals(new Set([...values].map((value) => value.toFixed(5))).size, 18);
  // Without positions what settles is a fixed point.
  const placeless = { ...paper(1), epsilon: 0 };
  assertEquals(spinPeriod(placeless, spinStateAfter(placeless, start, 2001), search), 1);
});

Deno.test("the cycle that follows positions has the exponent of its orbit, and loses its stability where that is 0", () => {
  const cycle = positionCycle(paper(1.2), settled(1.2));
  const { spectrum } = lyapunov(new SpinOrbit(paper(1.2), cycle.state), 4000, 1);
  assertAlmostEquals(cycle.exponent, spectrum[0], 5e-4);
  const onset = positionCycleOnset(paper(1.2), 1.26, settled(1.2));
  assertAlmostEquals(onset, 1.2434445, 1e-6);
  const near = (beta: number) => positionCycle(paper(beta), cycle.state).exponent;
  assert(near(onset - 1e-4) < 0 && near(onset + 1e-4) > 0);
  assertThrows(() => positionCycleOnset(paper(1.1), 1.2, settled(1.2)), RangeError, "expected exponents of both signs");
});

Deno.test("the first feature is that of the orbit; histograms, regimes", () => {
  const [state, system] = [settled(1.4), paper(1.4)];
  const orbit = new SpinOrbit(system, state);
  orbit.step();
  assertAlmostEquals(featureOrbit(system, state, 1)[0], firstFeature(system, orbit.window), 1e-14);
  assertEquals(histogramDistance([0, 0, 0.9, -1], [0, 0, 0.9, 1], 4), 0.25);
  assertEquals(histogramDistance([1.5], [1], 10), 0);
  assertEquals([regimeOf(-0.1, 4), regimeOf(-0.1, 0), regimeOf(0.004, 0), regimeOf(0.006, 4)], [
    "follows positions",
    "longer cycle",
    "quasi-periodic",
    "chaotic",
  ]);
});
