import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { openGpu } from "../../../lib/gpu/device.ts";
import { PAPER_START, PAPER_WEIGHTS, randomSpinStart } from "../../../lib/models/spin_attention.ts";
import { lyapunov } from "../../../lib/theory/attention_dmft/lyapunov.ts";
import { SpinOrbit } from "../../../lib/theory/attention_dmft/map.ts";
import { featureOrbit, spinStateAfter } from "../../../lib/theory/attention_dmft/orbits.ts";
import { sweepSpinMaps } from "../../../lib/theory/attention_dmft/sweep.ts";

await openGpu();

const paper = (beta: number) => ({ weights: PAPER_WEIGHTS, beta, gamma: 220 / Math.sqrt(3), epsilon: 0.02 });

Deno.test("a sweep gives exponents, samples and ends of orbits in double precision, where they do not part", async () => {
  const betas = [0.5, 1, 1.2];
  const starts = betas.map((_, index) => randomSpinStart(index));
  const parts: number[] = [];
  const { exponents, samples, windows } = await sweepSpinMaps(
    { systems: betas.map(paper), starts, transient: 1000, steps: 2000, kept: 7 },
    (done) => void parts.push(done),
  );
  assertEquals(parts, [1000, 2000, 3000]);
  for (const [index, beta] of betas.entries()) {
    const state = spinStateAfter(paper(beta), { window: starts[index], phase: 0 }, 1000);
    assertAlmostEquals(exponents[index], lyapunov(new SpinOrbit(paper(beta), state), 2000, 1).spectrum[0], 2e-3);
    const orbit = featureOrbit(paper(beta), state, 2000).slice(-7);
    samples[index].forEach((value, at) => assertAlmostEquals(value, orbit[at], 2e-4, `β = ${beta}, ${at}`));
    const end = spinStateAfter(paper(beta), state, 2000).window;
    windows[index].forEach((value, at) => assertAlmostEquals(value, end[at], 2e-4));
  }
});

Deno.test("sweeps refuse steps that are no thousands, starts that lack, and systems of several ε", async () => {
  const sweep = { systems: [paper(1)], starts: [PAPER_START], transient: 0, steps: 1000, kept: 1 };
  const refused = (change: Partial<typeof sweep>, words: string) =>
    assertRejects(() => sweepSpinMaps({ ...sweep, ...change }), RangeError, words);
  await refused({ steps: 500 }, "expected multiples of 1000 steps, found 0 and 500");
  await refused({ starts: [] }, "expected a start of each of 1 systems, found 0");
  await refused({ kept: 0 }, "expected 1 … 1000 steps to keep, found 0");
  const systems = [paper(1), { ...paper(1), epsilon: 0 }];
  await refused({ systems, starts: [PAPER_START, PAPER_START] }, "expected one ε of all systems, found 0.02 and 0");
});
