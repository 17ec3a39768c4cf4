/** Claims; their criteria are logged before training. */
import * as lab from "../../mod.ts";
import { FEW, noisy, problemOf, RANDOM, ranked, type Setting, waiting } from "./setting.ts";

const { claim, expect } = lab;
type Measured = lab.Measurements;
type Claim = lab.Claim<Measured>;

const PAPER = "arXiv 2501.16265";
const MAIN = ranked(1);

/** Numbers with three digits. */
const short = (values: readonly number[]) => values.map((value) => lab.threeDigits(value)).join(", ");

/** Loss curves of a condition. */
const losses = (measured: Measured, series: string) => measured.curves({ series, quantity: "loss" });

/** Place of the smallest value. */
const lowest = (values: readonly number[]) => values.reduce((best, value, k) => value < values[best] ? k : best, 0);

/** Place of the report whose loss is nearest to a plateau. */
const atPlateau = ({ y }: lab.MeasuredCurve, plateau: number) => lowest(y.map((loss) => Math.abs(loss - plateau)));

/** Steps at which each mode has half its weight, null where it has not; of a replica, or of its exact flow. */
function halfTimes(measured: Measured, setting: Setting, series: string, theory = false): (number | null)[][] {
  return measured.replicas({ series, quantity: "loss" }).map((replica) =>
    setting.spectrum.map((_, d) => {
      const curve = theory
        ? measured.theory("exact flow", { series, quantity: `mode ${d}`, index: replica })
        : measured.curve({ series, quantity: "mode", index: d }, replica);
      return lab.crossingTime(curve, 0.5, "up", { start: "none" });
    })
  );
}

/** Steps that a loss spends on plateau m ≥ 1: from a tenth of a drop above it to a tenth of the next drop below it. */
function timeOn(curve: lab.MeasuredCurve, plateaus: Float64Array, m: number): number {
  const [above, here, below] = [plateaus[m - 1], plateaus[m], plateaus[m + 1]];
  const last = curve.x[curve.x.length - 1];
  const time = (level: number) => lab.crossingTime(curve, level, "down") ?? last;
  return time(here - 0.1 * (here - below)) - time(here + 0.1 * (above - here));
}

/** Times of each replica over others, which cannot be told where a run was too short for any of them. */
function timesOver(times: readonly number[], others: readonly number[], detail: string) {
  const never = times.findIndex((time, r) => !(time > 0 && others[r] > 0));
  if (times.length === 0 || never >= 0) {
    return { unmeasured: `replica ${Math.max(0, never)} has not been on both; ${detail}` };
  }
  return { values: lab.statistics.quotients(times, others), detail };
}

/** Time t until the first mode has half its weight, of each replica that gets there. */
export function waits(measured: Measured, setting: Setting, series: string): number[] {
  return measured.curves({ series, quantity: "first mode" }).flatMap((curve) => {
    const step = lab.crossingTime(curve, 0.5, "up", { start: "none" });
    return step === null ? [] : [step * setting["wait-lr"]];
  });
}

/** Time t until the first mode has half its weight in the exact flow of aligned heads, null where it has not. */
export function waitOfFlow(measured: Measured, setting: Setting, series: string): number | null {
  const curve = measured.theory("exact flow", { series, quantity: "first mode", index: 0 });
  const step = lab.crossingTime(curve, 0.5, "up", { start: "none" });
  return step === null ? null : step * setting["wait-lr"];
}

/** Waits of random heads under SGD over those of the exact flow from the same starts. */
export function randomRatios(measured: Measured, batch: number): number[] {
  const of = { series: noisy("random", batch), quantity: "first mode" };
  return measured.replicas(of).flatMap((replica) => {
    const time = (curve: lab.MeasuredCurve) => lab.crossingTime(curve, 0.5, "up", { start: "none" });
    const [found, flow] = [
      time(measured.curve(of, replica)),
      time(measured.theory("exact flow", { series: RANDOM, quantity: "first mode", index: replica })),
    ];
    return found === null || flow === null ? [] : [found / flow];
  });
}

/** Batches whose waits should spread by a sixth at most, so that first order is enough. */
const firstOrder = (setting: Setting) =>
  setting.batches.filter((batch) => {
    const { deviation, flow } = noisyWait(setting, batch);
    return deviation < flow / 6;
  });

/** Computes the waits that the noise theory predicts for the aligned heads. */
export const noisyWait = (setting: Setting, batch: number) =>
  lab.noisyKeyQueryWait(problemOf(setting), {
    mode: 0,
    start: setting["noise-start"],
    rate: setting["wait-lr"],
    batch,
  });

/** Effective rank of QK with the first m modes learnt by one balanced head each, whose K_hᵀQ_h has the size slope^(2/3). */
export function plateauRank(setting: Setting, m: number): number {
  const { slopes } = lab.regressionMoments(problemOf(setting));
  return lab.effectiveRank(Array.from(slopes.subarray(0, m), (slope) => slope ** (2 / 3)));
}

/** Groups by name. */
const grouped = <K, V>(keys: readonly K[], name: (key: K) => string, of: (key: K) => V): Record<string, V> =>
  Object.fromEntries(keys.map((key) => [name(key), of(key)]));

/** All claims of a setting. */
export function claims(setting: Setting): Claim[] {
  return [...staircaseClaims(setting), ...rankClaims(setting), ...waitClaims(setting), ...noiseClaims(setting)];
}

function staircaseClaims(setting: Setting): Claim[] {
  const plateaus = lab.keyQueryPlateaus(problemOf(setting));
  const D = setting.spectrum.length;
  const modes = setting.spectrum.map((_, d) => d);
  const all = Array.from(plateaus, (_, m) => m);
  const named = (m: number) => `plateau ${m}`;
  const lastTime = "at the last report";
  return [
    claim({
      id: "plateaus",
      statement: "With separate rank-one keys and queries the loss visits every plateau of the theory.",
      source: `${PAPER}, section 4`,
      measure: "smallest distance of the loss to a plateau L(m), over Tr Λ",
      expect: expect.each(expect.mean({ to: 0.01 }), { of: "plateau", shown: "worst", distance: (value) => value }),
      values(measured) {
        const curves = losses(measured, MAIN);
        const distance = (m: number) =>
          curves.map((curve) => Math.abs(curve.y[atPlateau(curve, plateaus[m])] - plateaus[m]) / plateaus[0]);
        return {
          values: grouped(all, named, distance),
          detail: `L(m) = ${Array.from(plateaus, (loss) => loss.toFixed(4)).join(", ")}; nearest losses on average ${
            all.map((m) =>
              lab.statistics.mean(curves.map((curve) => curve.y[atPlateau(curve, plateaus[m])])).toFixed(4)
            )
              .join(", ")
          }`,
        };
      },
    }),
    claim({
      id: "floor",
      statement: "Training ends on the loss with all modes learnt.",
      source: `${PAPER}, section 4`,
      measure: `loss ${lastTime}`,
      predicted: plateaus[D],
      expect: expect.mean({ from: 0.99 * plateaus[D], to: 1.05 * plateaus[D] }),
      values: (measured) => ({ values: losses(measured, MAIN).map(({ y }) => y[y.length - 1]) }),
    }),
    claim({
      id: "order",
      statement: "Modes are learnt one after the other, the largest eigenvalue first.",
      source: `${PAPER}, section 4`,
      measure: "replicas whose modes have half their weights in the order of the eigenvalues",
      expect: expect.every(),
      values: (measured) => ({
        values: halfTimes(measured, setting, MAIN).map((times) =>
          times.every((time, d) => time !== null && (d === 0 || time > times[d - 1]!))
        ),
      }),
    }),
    claim({
      id: "one-head-a-mode",
      statement: "Each mode is learnt by one head.",
      source: `${PAPER}, section 4`,
      measure: "share of the largest head in a mode, when the loss is nearest to the plateau that the mode leads to",
      expect: expect.each(expect.mean({ from: 0.8 }), { of: "mode", shown: "worst" }),
      values: (measured) => ({
        values: grouped(modes, (d) => `mode ${d + 1}`, (d) =>
          losses(measured, MAIN).map((curve, replica) => {
            const shares = measured.curve({ series: MAIN, quantity: "share of the largest head", index: d }, replica);
            return shares.y[atPlateau(curve, plateaus[d + 1])];
          })),
      }),
    }),
    claim({
      id: "flow-times",
      statement: "Drops come when the exact flow from the same weights says.",
      source: "exact flow",
      measure: "steps until a mode has half its weight, over those of the exact flow",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.95, to: 1.05 }), { of: "mode", shown: "worst" }),
      values(measured) {
        const [found, flows] = [false, true].map((theory) => halfTimes(measured, setting, MAIN, theory));
        return {
          values: grouped(
            modes,
            (d) => `mode ${d + 1}`,
            (d) =>
              found.flatMap((times, r) => times[d] === null || flows[r][d] === null ? [] : [times[d]! / flows[r][d]!]),
          ),
        };
      },
    }),
    claim({
      id: "predictions",
      statement: "At plateau m the model predicts as the best linear attention with m modes does.",
      source: `${PAPER}, section 4`,
      measure: "mean square of the difference of predictions at plateau m, over Tr Λ",
      expect: expect.each(expect.mean({ to: 0.02 }), { of: "plateau", shown: "worst", distance: (value) => value }),
      values: (measured) => ({
        values: grouped(all, named, (m) =>
          losses(measured, MAIN).map((curve, replica) => {
            const distances = measured.curve({ series: MAIN, quantity: "distance to plateau", index: m }, replica);
            return distances.y[atPlateau(curve, plateaus[m])];
          })),
      }),
    }),
    claim({
      id: "principal-components",
      statement: "At plateau m predictions are nearest to principal-component regression with m components.",
      source: `${PAPER}, section 4`,
      measure:
        "replicas that at every plateau m are nearer to PCR with m components than to that with any other number",
      expect: expect.every(),
      values(measured) {
        const found = losses(measured, MAIN).map((curve, replica) =>
          all.map((m) => {
            const at = atPlateau(curve, plateaus[m]);
            return all.map((index) =>
              measured.curve({ series: MAIN, quantity: "distance to PCR", index }, replica).y[at]
            );
          })
        );
        const own = all.map((m) => lab.statistics.mean(found.map((distances) => distances[m][m])));
        return {
          values: found.map((distances) => all.every((m) => lowest(distances[m]) === m)),
          detail:
            `mean square to PCR with m components at plateau m: ${short(own)}; it differs from the model's M_m by ` +
            "the error of least squares from N pairs",
        };
      },
    }),
    claim({
      id: "merged-one-drop",
      statement: "Merged keys and queries learn all modes in one drop: there is no staircase.",
      source: `${PAPER}, section 3`,
      measure:
        "time on the inner plateaus with merged matrices, over that of the same seed with separate ones of rank 1",
      expect: expect.ratio({ to: 0.05 }),
      values(measured) {
        const total = (curve: lab.MeasuredCurve) =>
          modes.slice(1).reduce((sum, m) => sum + timeOn(curve, plateaus, m), 0);
        const [merged, separate] = ["merged", MAIN].map((series) => losses(measured, series).map(total));
        return timesOver(merged, separate, `merged ${short(merged)}; separate ${short(separate)} steps`);
      },
    }),
    claim({
      id: "merged-floor",
      statement: "Merged keys and queries have one fixed point beside the start: all modes learnt.",
      source: `${PAPER}, section 3`,
      measure: `loss with merged matrices ${lastTime}`,
      predicted: plateaus[D],
      expect: expect.mean({ from: 0.99 * plateaus[D], to: 1.05 * plateaus[D] }),
      values: (measured) => ({ values: losses(measured, "merged").map(({ y }) => y[y.length - 1]) }),
    }),
    claim({
      id: "balanced-heads",
      statement: "Value, key and query of a head keep the differences of their squared norms.",
      source: `${PAPER}, section 4 (|k| = |q| = v of an aligned head); exact for the flow`,
      measure:
        "largest change of v² − |k|² and |k|² − |q|² of any head since the start, over the largest v², at the last report",
      predicted: 0,
      expect: expect.mean({ to: 0.1 }),
      values: (measured) => ({ values: measured.last({ series: MAIN, quantity: "imbalance" }) }),
    }),
    claim({
      id: "two-heads",
      statement: "Two heads of rank one stay on the plateau with two modes.",
      source: "control",
      measure: `loss ${lastTime}`,
      predicted: plateaus[2],
      expect: expect.mean({ from: 0.99 * plateaus[2], to: 1.05 * plateaus[2] }),
      values: (measured) => ({ values: losses(measured, FEW).map(({ y }) => y[y.length - 1]) }),
    }),
  ];
}

function rankClaims(setting: Setting): Claim[] {
  const plateaus = lab.keyQueryPlateaus(problemOf(setting));
  const D = setting.spectrum.length;
  const inner = Array.from({ length: D - 1 }, (_, k) => k + 1);
  const learnt = Array.from({ length: D }, (_, k) => k + 1);
  const grouping = setting.ranks.filter((rank) => rank > 1);
  const times = (measured: Measured, rank: number, of: readonly number[]) =>
    losses(measured, ranked(rank)).map((curve) => of.reduce((sum, m) => sum + timeOn(curve, plateaus, m), 0));
  /** Effective rank of QK when the loss is nearest to a plateau. */
  const rankAt = (measured: Measured, m: number) =>
    losses(measured, MAIN).map((curve, replica) =>
      measured.curve({ series: MAIN, quantity: "effective rank of QK" }, replica).y[atPlateau(curve, plateaus[m])]
    );
  return [
    ...grouping.map((rank) => {
      const skipped = inner.filter((m) => m % rank !== 0);
      return claim({
        id: `rank-${rank}-groups`,
        statement: `Keys and queries of rank ${rank} learn ${rank} modes in one drop.`,
        source: `${PAPER}, section 5`,
        measure: `time on plateaus ${skipped.join(", ")} with rank ${rank}, over that of the same seed with rank 1`,
        expect: expect.ratio({ to: 0.25 }),
        values(measured: Measured) {
          const [own, single] = [rank, 1].map((of) => times(measured, of, skipped));
          return timesOver(own, single, `${short(own)} and ${short(single)} steps`);
        },
      });
    }),
    ...grouping.filter((rank) => rank < D).map((rank) =>
      claim({
        id: `rank-${rank}-rests`,
        statement: `Keys and queries of rank ${rank} rest between their drops.`,
        source: `${PAPER}, section 5`,
        measure: `time on plateau ${rank} with rank ${rank}, over that on plateau ${rank - 1}`,
        expect: expect.ratio({ from: 3 }),
        values(measured: Measured) {
          const [rest, skipped] = [rank, rank - 1].map((m) => times(measured, rank, [m]));
          return timesOver(rest, skipped, `${short(rest)} and ${short(skipped)} steps`);
        },
      })
    ),
    claim({
      id: "effective-rank",
      statement:
        "At plateau m the effective rank of QK is that of m modes in m balanced heads, as for vanishing initial weights.",
      source: "derived: K_hᵀQ_h has the size (λ_d c_d)^(−2/3)",
      measure: "effective rank of QK at plateau m ≥ 1, over the derived one",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.9, to: 1.1 }), { of: "plateau", shown: "worst" }),
      values: (measured) => ({
        values: grouped(
          learnt,
          (m) => `plateau ${m}`,
          (m) => rankAt(measured, m).map((value) => value / plateauRank(setting, m)),
        ),
        detail: `derived ${short(learnt.map((m) => plateauRank(setting, m)))}; measured ${
          short(learnt.map((m) => lab.statistics.mean(rankAt(measured, m))))
        }`,
      }),
    }),
    claim({
      id: "effective-rank-flow",
      statement: "The effective rank of QK on the plateaus is that of the exact flow from the same weights.",
      source: "exact flow",
      measure: "effective rank of QK at plateau m ≥ 1, over that of the exact flow at the same step",
      predicted: 1,
      expect: expect.each(expect.ratio({ from: 0.95, to: 1.05 }), { of: "plateau", shown: "worst" }),
      values: (measured) => ({
        values: grouped(learnt, (m) => `plateau ${m}`, (m) => {
          const found = rankAt(measured, m);
          return losses(measured, MAIN).map((curve, index) => {
            const flow = measured.theory("exact flow", { series: MAIN, quantity: "effective rank of QK", index });
            return found[index] / flow.y[atPlateau(curve, plateaus[m])];
          });
        }),
      }),
    }),
    claim({
      id: "effective-rank-rises",
      statement: "The effective rank of QK rises with every drop after the first.",
      source: "asked here",
      measure: "effective rank of QK at plateaus 1, 2, …",
      expect: expect.ordered("rising", "plateau"),
      values: (measured) => ({ values: grouped(learnt, (m) => `plateau ${m}`, (m) => rankAt(measured, m)) }),
    }),
    claim({
      id: "effective-rank-falls-first",
      statement: "The effective rank of QK falls at the first drop: random heads have a high one.",
      source: "asked here",
      measure: "effective rank of QK at plateau 1, over that at the start",
      expect: expect.ratio({ to: 0.75 }),
      values(measured) {
        const first = measured.first({ series: MAIN, quantity: "effective rank of QK" });
        return {
          values: rankAt(measured, 1).map((rank, r) => rank / first[r]),
          detail: `at the start ${short(first)}`,
        };
      },
    }),
  ];
}

function waitClaims(setting: Setting): Claim[] {
  const { starts } = setting;
  const problem = problemOf(setting);
  return (["separate", "merged"] as const).flatMap((matrices) => {
    const exact = (start: number) => lab.keyQueryWait(problem, matrices, { mode: 0, start });
    const [large, small] = [Math.max(...starts), Math.min(...starts)];
    const predicted = exact(small) / exact(large);
    const named = (start: number) => `v₀ = ${start}`;
    return [
      claim({
        id: `waits-${matrices}`,
        statement: `Waits of aligned heads with ${matrices} matrices are those of the exact flow.`,
        source: "exact flow",
        measure: "time until the first mode has half its weight, over that of the exact flow of the whole head",
        predicted: 1,
        expect: expect.each(expect.ratio({ from: 0.95, to: 1.05 }), { of: "start", shown: "worst" }),
        values(measured) {
          const flow = (start: number) => waitOfFlow(measured, setting, waiting(matrices, start))!;
          const found = (start: number) => waits(measured, setting, waiting(matrices, start));
          return {
            values: grouped(starts, named, (start) => found(start).map((wait) => wait / flow(start))),
            detail: `exact flow ${short(starts.map(flow))}`,
          };
        },
      }),
      claim({
        id: `scalar-${matrices}`,
        statement: `Waits of aligned heads with ${matrices} matrices are those of the scalar flow.`,
        source: PAPER,
        measure: "time until the first mode has half its weight, over that of the scalar flow",
        predicted: 1,
        expect: expect.each(expect.ratio({ from: 0.95, to: 1.05 }), { of: "start", shown: "worst" }),
        values: (measured) => ({
          values: grouped(
            starts,
            named,
            (start) => waits(measured, setting, waiting(matrices, start)).map((wait) => wait / exact(start)),
          ),
          detail: `scalar flow ${short(starts.map(exact))}; means ${
            short(starts.flatMap((start) => {
              const found = waits(measured, setting, waiting(matrices, start));
              return found.length === 0 ? [] : [lab.statistics.mean(found)];
            }))
          }`,
        }),
      }),
      claim({
        id: matrices === "separate" ? "hyperbolic" : "logarithmic",
        statement: matrices === "separate"
          ? "With separate keys and queries the wait is hyperbolic in the initial scale."
          : "With merged matrices the wait is logarithmic in the initial scale.",
        source: PAPER,
        measure: `wait from v₀ = ${small}, over that of the same seed from ${large}`,
        predicted,
        expect: expect.ratio({ from: 0.95 * predicted, to: 1.05 * predicted }),
        values(measured) {
          const [long, short_] = [small, large].map((start) => waits(measured, setting, waiting(matrices, start)));
          return long.length !== short_.length
            ? { unmeasured: "not all replicas have learnt the mode" }
            : { values: long.map((wait, r) => wait / short_[r]) };
        },
      }),
    ];
  });
}

function noiseClaims(setting: Setting): Claim[] {
  const { batches } = setting;
  const [fewest] = batches;
  const judged = firstOrder(setting);
  const named = (batch: number) => `B = ${batch}`;
  const alone = (measured: Measured, batch: number) => waits(measured, setting, noisy("aligned", batch));
  const reached = (measured: Measured, heads: "aligned" | "random") =>
    batches.map((batch) => waits(measured, setting, noisy(heads, batch)).length).join(", ");
  return [
    claim({
      id: "noise-spread",
      statement: "SGD noise spreads the waits of aligned heads as its theory says.",
      source: "derived, first order in η/B",
      measure:
        "standard deviation of the wait over the derived one, with the 95 % interval of normal waits, for batches where " +
        "the derived one is below a sixth of the wait",
      predicted: 1,
      expect: expect.each(expect.estimate({ from: 0.75, to: 1.33 }), { of: "batch size", shown: "worst" }),
      values(measured) {
        const known = judged.filter((batch) => alone(measured, batch).length > 1);
        if (known.length === 0) return { unmeasured: "no wait was measured" };
        return {
          values: grouped(known, named, (batch) => {
            const found = alone(measured, batch);
            const centre = lab.statistics.standardDeviation(found) / noisyWait(setting, batch).deviation;
            const half = Math.exp(1.96 / Math.sqrt(2 * (found.length - 1)));
            return { centre, low: centre / half, high: centre * half, replicas: found.length };
          }),
          detail: `derived ${short(batches.map((batch) => noisyWait(setting, batch).deviation))}, measured ${
            short(
              batches.filter((batch) => alone(measured, batch).length > 1).map((batch) =>
                lab.statistics.standardDeviation(alone(measured, batch))
              ),
            )
          } for B = ${batches.join(", ")}`,
        };
      },
    }),
    claim({
      id: "noise-mean",
      statement: "The mean wait of aligned heads under SGD is the derived one.",
      source: "derived, first order in η and η/B, to logarithmic accuracy",
      measure: "wait over the derived mean, for batches where the derived deviation is below a sixth of the wait",
      predicted: 1,
      expect: expect.each(expect.mean({ from: 0.95, to: 1.05 }), { of: "batch size", shown: "worst" }),
      values: (measured) => ({
        values: grouped(
          judged,
          named,
          (batch) => alone(measured, batch).map((wait) => wait / noisyWait(setting, batch).mean),
        ),
        detail: `derived ${short(batches.map((batch) => noisyWait(setting, batch).mean))}, flow ${
          short([noisyWait(setting, fewest).flow])
        }`,
      }),
    }),
    claim({
      id: "noise-shortens",
      statement: "SGD noise shortens the hyperbolic wait of an aligned head.",
      source: "expected before it was derived; the derived mean says that it lengthens it",
      measure: `wait with B = ${fewest} over that of the flow`,
      predicted: noisyWait(setting, fewest).mean / noisyWait(setting, fewest).flow,
      expect: expect.mean({ to: 1 }),
      values: (measured) => ({
        values: alone(measured, fewest).map((wait) => wait / noisyWait(setting, fewest).flow),
        detail: `replicas that got there: ${reached(measured, "aligned")} for B = ${batches.join(", ")}`,
      }),
    }),
    claim({
      id: "noise-shortens-random",
      statement: "SGD noise shortens the wait for the first of several random heads.",
      source: "asked here; no theory",
      measure: `wait for the first mode with B = ${fewest} over that of the exact flow from the same weights`,
      expect: expect.mean({ to: 1 }),
      values: (measured) => ({
        values: randomRatios(measured, fewest),
        detail: `means ${
          short(batches.flatMap((batch) => {
            const found = randomRatios(measured, batch);
            return found.length === 0 ? [] : [lab.statistics.mean(found)];
          }))
        }, replicas that got there ${reached(measured, "random")} for B = ${batches.join(", ")}`,
      }),
    }),
  ];
}
