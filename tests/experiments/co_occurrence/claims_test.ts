/** Claims on synthetic curves. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { claims, endOfPhase1, integral, valueAt } from "../../../experiments/co_occurrence/claims.ts";
import { EQUAL, ONE, options, presets, THREE, UNIFORM } from "../../../experiments/co_occurrence/setting.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { Measurements } from "../../../lib/study/mod.ts";

const { configuration } = parseCommandLine(["--steps=100"], options, presets);
const STEPS = [0, 50, 100];

/** Judges a claim of curves by series and quantity, the same in all replicas up to a factor near 1. */
function judge(id: string, curves: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>) {
  const measured = new Measurements();
  for (const [series, quantities] of Object.entries(curves)) {
    for (const [quantity, values] of Object.entries(quantities)) {
      for (let replica = 0; replica < 16; replica++) {
        values.forEach((value, i) =>
          measured.add({ series, quantity, step: STEPS[i], replica, value: value * (1 + 1e-4 * replica) })
        );
      }
    }
  }
  return claims(configuration).find((one) => one.id === id)!.judge(measured);
}

const MARGIN = { "smallest margin": [-1, 1, 2] };

Deno.test("the end of phase 1 lies between reports; values there and integrals are those of straight lines", () => {
  assertEquals(endOfPhase1({ x: STEPS, y: [-1, 1, 2] }), 25);
  assertEquals(endOfPhase1({ x: STEPS, y: [-1, -1, -2] }), null);
  assertEquals([0, 25, 50, 75, 100].map((step) => valueAt({ x: STEPS, y: [0, 2, 8] }, step)), [0, 1, 2, 5, 8]);
  assertEquals(integral({ x: STEPS, y: [0, 2, 8] }), 50 + 250);
});

Deno.test("shares of growth after T₁, and nothing without T₁", () => {
  const moved = { "score (1, 2)": [0, 1, 5], "score (3, 1 and 2)": [0, -2, -4] };
  const later = judge("scores-later", { [UNIFORM]: { ...MARGIN, ...moved } });
  // 1 − 0.5/5 and 1 − 1/4.
  assertAlmostEquals(later.measured!, (0.9 + 0.75) / 2, 1e-6);
  assertEquals(later.verdict, "reproduced");
  const never = judge("scores-later", { [UNIFORM]: { "smallest margin": [-1, -1, -1], ...moved } });
  assertEquals([never.verdict, never.measured], ["inconclusive", null]);
});

Deno.test("directions and signs: one wrong sign in any replica refutes", () => {
  const right = {
    "score (1, 2)": [0, 0, 1],
    "score (3, 1 and 2)": [0, 0, -1],
    "overlap (1, 2)": [0, 0, 1],
    "overlap (3, 1 and 2)": [0, 0, -1],
  };
  assertEquals(judge("directions", { [UNIFORM]: { ...MARGIN, ...right } }).verdict, "reproduced");
  const wrong = { ...right, "overlap (3, 1 and 2)": [0, 0, 1] };
  assertEquals(judge("directions", { [UNIFORM]: { ...MARGIN, ...wrong } }).verdict, "not reproduced");
  const signs = (G2: number) => judge("signs-one", { [UNIFORM]: { "G₁": [1], "G₂": [G2], "G₃": [-2] } }).verdict;
  assertEquals([signs(1), signs(3)], ["reproduced", "not reproduced"]);
});

Deno.test("identity, what is kept, and balance", () => {
  const grown = {
    "mean g y F": [1, 1, 1],
    "|u|²/|a|²": [3, 4, 5],
    "‖V‖²": [1, 2, 3],
    "g, word 1 over word 2": [1, 0.5, 1],
  };
  const all = {
    [UNIFORM]: { ...grown, "g, positive over negative": [1, 1, 1] },
    [EQUAL]: grown,
    [ONE]: grown,
  };
  // 2 η times 100 steps is 2, and both norms grow by 2.
  assertAlmostEquals(judge("identity", all).measured!, 1, 1e-6);
  assertAlmostEquals(judge("kept", all).measured!, 1, 1e-6);
  const { verdict, measured } = judge("balance", all);
  assertEquals(verdict, "not reproduced");
  assertAlmostEquals(measured!, 2, 2e-3);
});

Deno.test("the clock takes each seed's |a|", () => {
  const { measured } = judge("clock", {
    [UNIFORM]: { "|a|": [0.5], "smallest margin": [-1, 0, 1] },
    [EQUAL]: { "|a|": [1], "smallest margin": [-1, 1, 1] },
  });
  assertAlmostEquals(measured!, 1, 1e-3);
});

Deno.test("three words: later than two, and signs of every sum", () => {
  const slower = judge("three-slower", {
    [THREE]: { "smallest margin": [-1, -1, 1] },
    [EQUAL]: { "smallest margin": [-1, 1, 1] },
  });
  assertAlmostEquals(slower.measured!, 3, 1e-3);
  const signs = (common: number) =>
    judge("three-signs", { [THREE]: { "G₁": [1], "G₂": [1], "G₃": [1], "G₄": [common] } }).verdict;
  assertEquals([signs(-2.5), signs(-1.5), signs(-3.5)], ["reproduced", "not reproduced", "not reproduced"]);
});

Deno.test("the notes' losses are judged where training reaches their step", () => {
  const { measured, verdict } = judge("notes-one-word", {});
  assertEquals([measured, verdict], [null, "inconclusive"]);
});
