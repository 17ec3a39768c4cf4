/** Linear dynamical systems, draw by draw against the float64 references of their kernels. */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { lawAtReference } from "../../kernels/random/law_at.ts";
import {
  linearRecurrenceReference,
  spectralRadius,
  spectralRescaleReference,
} from "../../kernels/tasks/linear_recurrence.ts";
import { promptPlacesReference } from "../../kernels/random/prompt_place.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import {
  linearDynamics,
  type LinearDynamicsOptions,
  transitionPredictions,
  transitionPrompts,
} from "../../lib/tasks/linear_dynamics.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

const SEEDS = [3, 1, 41];

Deno.test("linear_dynamics: matrices, states and observations as in double precision, per-replica radius and lists", async () => {
  const [D, T, B, O] = [5, 11, 6, 3];
  const [tasks, radius] = [[Infinity, 2, 1], [0.9, 0.5, 1.1]];
  const options = { dimension: D, length: T, batch: B, observed: O, radius, noise: 0.3, list: { tasks } };
  const batch = await sample(linearDynamics(options), { seeds: SEEDS, step: 7, key: "train" });
  assertEquals([batch.states.shape, batch.observations.shape], [[3, B, T, D], [3, B, T, O]]);
  const keys = (what: string) => ({ key: `train ${what}`, listKey: `list ${what}` });
  for (const [r, seed] of SEEDS.entries()) {
    const list = { seed, tasks: tasks[r] === Infinity ? 0 : tasks[r], sequences: 0 };
    const places = promptPlacesReference({ seed, key: "train choice", step: 7 }, list, B);
    assertEquals([...batch.choice.values.slice(r * B, (r + 1) * B)], places.choice);
    for (let b = 0; b < B; b++) {
      const part = (values: Float32Array, size: number) => values.slice((r * B + b) * size, (r * B + b + 1) * size);
      const gaussian = lawAtReference(places.task[b], Array(D).fill(1), "normal", keys("transition"), D);
      const a = spectralRescaleReference(gaussian, radius[r]);
      const found = part(batch.transition.values, D * D);
      assertLess(Math.abs(spectralRadius(Float64Array.from(found)) / radius[r] - 1), 1e-5);
      a.forEach((value, k) => assertLess(Math.abs(value - found[k]), 2e-5));
      const noise = lawAtReference(places.sequence[b], Array(D).fill(0.3), "normal", keys("noise"), T);
      const states = linearRecurrenceReference(a, noise);
      const size = Math.max(1, ...states.map(Math.abs));
      part(batch.states.values, T * D).forEach((value, k) => assertLess(Math.abs(value - states[k]), 5e-5 * size));
      const c = lawAtReference(places.task[b], Array(D).fill(1 / Math.sqrt(O)), "normal", keys("observation"), O);
      part(batch.observations.values, T * O).forEach((value, k) => {
        const [t, o] = [Math.floor(k / O), k % O];
        let exact = 0;
        for (let d = 0; d < D; d++) exact += states[t * D + d] * c[o * D + d];
        assertLess(Math.abs(value - exact), 2e-4 * size);
      });
    }
  }
});

Deno.test("linear_dynamics: states are observed unless told otherwise; a replica alone has the bits of the ensemble", async () => {
  for (const list of [{}, { tasks: 3 }, { tasks: 3, sequences: 2 }]) {
    const sampler = linearDynamics({ dimension: 4, length: 6, batch: 5, list });
    const together = await sample(sampler, { seeds: SEEDS, step: 2 });
    assertEquals(together.observations.values, together.states.values);
    for (const [r, seed] of SEEDS.entries()) {
      assertEquals(differingTensor(together, await sample(sampler, { seeds: [seed], step: 2 }), r), null);
    }
    const other = await sample(sampler, { seeds: SEEDS, step: 3 });
    const repeated = new Set(together.states.values);
    const shared = other.states.values.filter((value) => repeated.has(value)).length;
    // Fixed sequences of fixed systems come again; everything else is new.
    assertEquals(shared > 0, "sequences" in list);
  }
});

Deno.test("linear_dynamics: what does not fit is refused in one line", () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const refusals: [Partial<LinearDynamicsOptions>, string][] = [
    [{ dimension: 0 }, "expected dimension to be an integer ≥ 1, found 0"],
    [{ observed: 0 }, "expected observed to be an integer ≥ 1, found 0"],
    [{ radius: 0 }, "expected positive numbers for radius, found 0"],
    [{ noise: [1] }, "expected 2 numbers for noise, found 1"],
  ];
  for (const [wrong, message] of refusals) {
    const call = () => linearDynamics({ dimension: 2, length: 3, batch: 4, ...wrong })({ seeds, clock, key: "train" });
    assertEquals(assertThrows(call, RangeError).message, `linear_dynamics: ${message}`);
  }
});

Deno.test("transition prompts: a prompt for each coordinate, back to states of their order", async () => {
  const [R, B, T, D] = [2, 2, 4, 3];
  const values = Float32Array.from({ length: R * B * T * D }, (_, at) => at);
  using states = Tensor.from(values, [R, B, T, D]);
  const { x, y } = transitionPrompts(states);
  assertEquals([x.shape, y.shape], [[R, B * D, T - 1, D], [R, B * D, T - 1]]);
  const at = (r: number, b: number, t: number, d: number) => values[((r * B + b) * T + t) * D + d];
  const [inputs, labels] = [await x.read(), await y.read()];
  const back = await transitionPredictions(y, D).read();
  for (let r = 0; r < R; r++) {
    for (let b = 0; b < B; b++) {
      for (let t = 0; t < T - 1; t++) {
        for (let d = 0; d < D; d++) {
          const prompt = (r * B + b) * D + d;
          assertEquals(labels[prompt * (T - 1) + t], at(r, b, t + 1, d));
          for (let e = 0; e < D; e++) assertEquals(inputs[(prompt * (T - 1) + t) * D + e], at(r, b, t, e));
          assertEquals(back[((r * B + b) * (T - 1) + t) * D + d], at(r, b, t + 1, d));
        }
      }
    }
  }
});
