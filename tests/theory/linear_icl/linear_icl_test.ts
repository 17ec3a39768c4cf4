import { assert, assertAlmostEquals, assertThrows } from "@std/assert";
import { descend } from "../../../lib/theory/descend.ts";
import { commutingFixedPoint, denseFixedPoint } from "../../../lib/theory/linear_icl/exact_fixed_points.ts";
import {
  conservedQuantities,
  decoupledLoss,
  decoupledProducts,
  escapeSteps,
  fixedPoint,
  timeConstants,
} from "../../../lib/theory/linear_icl/closed_form.ts";
import { populationGradient } from "../../../lib/theory/linear_icl/flow.ts";
import { modeFlow, modeGradient, modeHessian, modeProducts } from "../../../lib/theory/linear_icl/modes.ts";
import { diagonal } from "../../../lib/theory/matrix.ts";

const SPECTRUM = [4, 2, 1, 0.5], START = new Float64Array(8).fill(0.05);

// Products at step 3000, learning rate 0.01, p = q = 0.05. `map` is gradient descent, `flow` its limit.
const REFERENCE = [
  {
    N: 8,
    paper: [0.1839, 0.3137, 0.4848, 0.6666],
    map: [0.1792, 0.3228, 0.5463, 0.5697],
    flow: [0.1792, 0.3228, 0.5463, 0.5698],
  },
  {
    N: 64,
    paper: [0.2393, 0.4655, 0.8828, 1.5997],
    map: [0.2370, 0.4663, 0.9115, 1.7534],
    flow: [0.2370, 0.4663, 0.9115, 1.7534],
  },
];

for (const { N, paper, map, flow } of REFERENCE) {
  Deno.test(`reference products to four digits, N = ${N}`, () => {
    const problem = { spectrum: SPECTRUM, context: N };
    const [mapped] = descend((theta) => modeGradient(problem, theta).gradient, START, 0.01, [3000]);
    const flowed = modeFlow(problem, START, 0.01, [3000]);
    assert(flowed.errorEstimate < 1e-8, `integration error ${flowed.errorEstimate}`);
    for (
      const [computed, expected] of [
        [decoupledProducts(problem, 0.0025, 0.01, [3000])[0], paper],
        [modeProducts(mapped), map],
        [modeProducts(flowed.states[0]), flow],
      ] as const
    ) {
      expected.forEach((value, i) => assertAlmostEquals(computed[i], value, 5.0001e-5));
    }
  });
}

Deno.test("closed form: solves its equation, starts and ends right, escapes when it says", () => {
  const problem = { spectrum: SPECTRUM, context: 8 }, rate = 0.01;
  const limit = fixedPoint(problem), tau = timeConstants(problem, rate), escape = escapeSteps(problem, 1e-6, rate);
  for (let i = 0; i < 4; i++) {
    const t = escape[i], [below, at, above] = decoupledProducts(problem, 1e-6, rate, [t - 0.01, t, t + 0.01]);
    assertAlmostEquals(at[i] / limit[i], 0.5, 1e-4);
    const slope = (above[i] - below[i]) / 0.02;
    assertAlmostEquals(tau[i] * slope / (2 * at[i] * (1 - at[i] / limit[i])), 1, 1e-6);
    assertAlmostEquals(decoupledProducts(problem, 1e-6, rate, [40 * tau[i]])[0][i], limit[i], 1e-12);
  }
  assertAlmostEquals(escape[1] / escape[0], 4 * Math.log(limit[1] / 1e-6) / Math.log(limit[0] / 1e-6), 1e-12);
  assertThrows(() => decoupledProducts(problem, 0, rate, [0]), RangeError, "expected initial to be positive");
  assertThrows(() => fixedPoint({ spectrum: [1, 0], context: 8 }), RangeError, "found 0");
  assertThrows(() => fixedPoint({ spectrum: [1, NaN], context: 8 }), RangeError, "found NaN");
  assertThrows(() => fixedPoint({ spectrum: [1], context: 1.5 }), RangeError, "expected context");
});

Deno.test("modes: gradient and Hessian equal central differences", () => {
  const problem = { spectrum: SPECTRUM, context: 5 }, state = Float64Array.of(0.7, -0.2, 1.1, 0.4, 0.3, 0.9, -0.5, 0.6);
  const { gradient } = modeGradient(problem, state), hessian = modeHessian(problem, state);
  for (let k = 0; k < 8; k++) {
    const at = (h: number) => modeGradient(problem, state.map((value, i) => i === k ? value + h : value));
    const above = at(1e-4), below = at(-1e-4);
    assertAlmostEquals((above.loss - below.loss) / 2e-4, gradient[k], 1e-7);
    for (let i = 0; i < 8; i++) {
      assertAlmostEquals((above.gradient[i] - below.gradient[i]) / 2e-4, hessian[i * 8 + k], 1e-6);
    }
  }
});

Deno.test("modes: the flow conserves Σ(p² − q²) and not each term, which the decoupled form would", () => {
  const problem = { spectrum: SPECTRUM, context: 8 }, start = START.map((value, i) => value * (1 + i / 8));
  const { states } = modeFlow(problem, start, 0.01, [0, 500, 3000]);
  const before = conservedQuantities(start.subarray(0, 4), start.subarray(4));
  for (const state of states) {
    const { sum } = conservedQuantities(state.subarray(0, 4), state.subarray(4));
    assertAlmostEquals(sum, before.sum, 1e-9);
  }
  const after = conservedQuantities(states[2].subarray(0, 4), states[2].subarray(4));
  assert(Math.max(...after.modes.map((value, i) => Math.abs(value - before.modes[i]))) > 0.1);
});

Deno.test("modes: decouple into the closed form as 1/N", () => {
  const gap = (N: number) => {
    const problem = { spectrum: SPECTRUM, context: N };
    const exact = modeProducts(modeFlow(problem, START, 0.01, [1500]).states[0]);
    return Math.max(
      ...decoupledProducts(problem, 0.0025, 0.01, [1500])[0].map((value, i) => Math.abs(value - exact[i])),
    );
  };
  const near = gap(2000), far = gap(20000);
  assert(far < 2e-3 && Math.abs(near / far - 10) < 0.5, `gaps ${near}, ${far}`);
  const problem = { spectrum: SPECTRUM, context: 1e9 }, state = modeFlow(problem, START, 0.01, [400]).states[0];
  assertAlmostEquals(modeGradient(problem, state).loss, decoupledLoss(problem, modeProducts(state)), 1e-8);
});

Deno.test("fixed points: gradients vanish, the flow arrives there, small eigenvalues are never learnt", () => {
  for (const spectrum of [SPECTRUM, [4, 2, 1, 0.01], [1, 1, 1]]) {
    for (const context of [1, 8, 64]) {
      const problem = { spectrum, context }, { state, loss, products } = commutingFixedPoint(problem);
      const exact = modeGradient(problem, state);
      assert(Math.max(...exact.gradient.map(Math.abs)) < 1e-13);
      assertAlmostEquals(exact.loss, loss, 1e-13);
      products.forEach((a, i) => assertAlmostEquals(a, state[i] * state[spectrum.length + i], 1e-14));
    }
  }
  const problem = { spectrum: [2, 1, 0.3], context: 4 }, fixed = commutingFixedPoint(problem);
  const { states } = modeFlow(problem, new Float64Array(6).fill(0.3), 1, [400]);
  modeProducts(states[0]).forEach((a, i) => assertAlmostEquals(a, fixed.products[i], 1e-6));
  const dead = commutingFixedPoint({ spectrum: [4, 2, 1, 0.1], context: 8 });
  assert(dead.products[3] === 0 && Math.sqrt(0.1) < dead.threshold);
  const late = modeFlow({ spectrum: [4, 2, 1, 0.1], context: 8 }, START, 0.01, [20000]).states[0];
  assert(Math.abs(modeProducts(late)[3]) < 0.0025, "the mode below threshold shrinks from where it started");
});

Deno.test("fixed point of dense tasks is the closed form's", () => {
  const problem = { spectrum: SPECTRUM, context: 8 }, { products, loss } = denseFixedPoint(problem, 0.7);
  const p = diagonal([1, 1, 1, 1]).map((value) => 0.8 * value), q = diagonal(products.map((a) => a / 0.8));
  const exact = populationGradient(problem, { kind: "dense", variance: 0.7 }, { p, q });
  assert(Math.max(...exact.dp.map(Math.abs), ...exact.dq.map(Math.abs)) < 1e-12);
  assertAlmostEquals(exact.loss, loss, 1e-12);
  fixedPoint(problem).forEach((a, i) => assertAlmostEquals(a, products[i], 1e-15));
});
