/** What claims are made of, on measurements whose answer is known. */
import { assertEquals } from "@std/assert";
import { claims, horizons, onsets, regimesAt, sweepExponents } from "../../../experiments/attention_dmft/claims.ts";
import {
  GAMMAS,
  gridOf,
  NOISE,
  ofSpins,
  options,
  presets,
  REFERENCES,
  WIDE,
  ZOOM,
} from "../../../experiments/attention_dmft/options.ts";
import { judgeClaims } from "../../../lib/claims/mod.ts";
import { parseCommandLine } from "../../../lib/run/command_line.ts";
import { Measurements } from "../../../lib/study/mod.ts";

const { configuration: setting } = parseCommandLine(["--preset=smoke"], options, presets);

/** Adds a value a replica. */
function add(
  measured: Measurements,
  of: { series: string; quantity: string; step?: number; index?: number },
  values: number[],
) {
  values.forEach((value, replica) => measured.add({ step: 1, ...of, replica, value }));
}

Deno.test("the onset is the first β whose orbit is wide, of the starts that have one; exponents of a sweep are a row a start", () => {
  const measured = new Measurements();
  const grid = gridOf(ZOOM, setting);
  grid.forEach((_, index) => {
    add(measured, { series: ZOOM.series, quantity: "width", index }, [index < 3 ? 0.002 : 0.1, 0.002]);
    add(measured, { series: WIDE.series, quantity: "exponent", index }, [index, -index]);
  });
  assertEquals(onsets(measured, setting), [grid[3]]);
  assertEquals(sweepExponents(measured, WIDE), [grid.map((_, index) => index), grid.map((_, index) => 0 - index)]);
});

Deno.test("a horizon is the first step whose error is above 0.1, null where there is none", () => {
  const measured = new Measurements();
  for (const step of [1, 2, 3, 4]) {
    add(measured, { series: "N = 300, β = 1.28", quantity: "error", step }, [0.04 * step, 0.01]);
  }
  assertEquals(horizons(measured, 300), [3, null]);
});

Deno.test("regimes of weights are those of their exponents and periods", () => {
  const measured = new Measurements();
  add(measured, { series: "random weights, β = 2", quantity: "exponent" }, [0.1, -0.1, -0.1, 0]);
  add(measured, { series: "random weights, β = 2", quantity: "period" }, [0, 4, 28, 0]);
  assertEquals(regimesAt(measured, 2), ["chaotic", "follows positions", "longer cycle", "quasi-periodic"]);
});

Deno.test("the long orbit's own numbers meet every claim about regimes; those of neighbouring β in its place do not", () => {
  const wanted = ["quasi-periodic", "chaos", "cycles", "order-of-regimes", "exponents", "spread"];
  const verdicts = (shift: number) => {
    const measured = new Measurements();
    REFERENCES.forEach(({ beta }, at) => {
      const { exponent, period, deviation } = REFERENCES[(at + shift) % REFERENCES.length];
      const series = `β = ${beta}`;
      const nearly = Array.from({ length: 10 }, (_, replica) => 1 + 1e-6 * replica);
      for (const index of [0, 1]) {
        add(measured, { series, quantity: "exponent", index }, nearly.map((one) => one * exponent - 0.1 * index));
      }
      add(measured, { series, quantity: "dimension" }, nearly);
      add(measured, { series, quantity: "period" }, nearly.map(() => period ?? 0));
      add(measured, { series, quantity: "standard deviation" }, nearly.map((one) => one * (deviation ?? 1)));
    });
    const all = claims(setting).filter(({ id }) => wanted.includes(id));
    assertEquals(all.map(({ id }) => id), wanted);
    return judgeClaims(all, measured).map(({ verdict }) => verdict);
  };
  assertEquals(new Set(verdicts(0)), new Set(["reproduced"]));
  assertEquals(new Set(verdicts(1)), new Set(["not reproduced"]));
});

Deno.test("errors that fall as N^−½ and are the predicted ones meet the claims on soft attention; those of another power do not", () => {
  const verdicts = (power: number) => {
    const measured = new Measurements();
    for (const gamma of GAMMAS) {
      for (const beta of [1, 3]) {
        for (const N of setting["histogram-spins"]) {
          const series = ofSpins(N, beta, gamma);
          const size = gamma / GAMMAS[0];
          for (const step of [1, 2, 3, 4]) {
            const wide = [0.99, 1, 1.01].map((one) => one * size * 17 * N ** power);
            add(measured, { series, quantity: "error", step }, wide);
            measured.addTheory({ theory: NOISE, series, quantity: "error", step, value: 17 / Math.sqrt(N) });
          }
        }
      }
    }
    const wanted = ["soft-noise-exponent", "soft-noise-theory", "sharpness-fails"];
    return judgeClaims(claims(setting).filter(({ id }) => wanted.includes(id)), measured).map(({ verdict }) => verdict);
  };
  assertEquals(verdicts(-0.5), ["reproduced", "reproduced", "reproduced"]);
  assertEquals(verdicts(-0.3).slice(0, 2), ["not reproduced", "not reproduced"]);
});
