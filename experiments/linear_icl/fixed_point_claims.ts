/** Claims about fixed points, judged by ensembles of many context lengths. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { DERIVED, type Evidence, type IclClaim, mean, PAPER, worstDeviation } from "./evidence.ts";

/** Slopes a s: 1 would be a perfect fit of a mode, so deviations compare across modes and N. */
function fixedPointDeviation(
  { setting, fixedPoints }: Evidence,
  tasks: "commuting" | "dense",
  series: "paper" | "exact",
) {
  const rows = fixedPoints.filter((row) => row.tasks === tasks);
  const worst = worstDeviation(rows.map((row) => ({
    predicted: row[series],
    measured: row.measured,
    scale: 1 / setting.spectrum[row.mode],
  })));
  const { context, mode } = rows[worst.cell];
  return { ...worst, detail: `largest for mode ${mode + 1} at N = ${context}` };
}

/** Context lengths, each once, at which the 1/N law is looked for. */
export const couplingContexts = (contexts: readonly number[]) =>
  [...new Set(contexts)].filter((context) => context >= 16 && context <= 256);

export const paperFixedPoint: IclClaim = {
  id: "3-fixed-point",
  statement: "a∞_α = N/((N+1) s_α + T) for commuting tasks at every N",
  source: `${PAPER}, fixed point`,
  criterion:
    "largest |paper − mean over replicas| of the slope s_α a_α over modes and N ≤ 0.02, with its 95 % interval",
  judge(evidence) {
    const paper = fixedPointDeviation(evidence, "commuting", "paper");
    const exact = fixedPointDeviation(evidence, "commuting", "exact");
    return {
      ...judgeInterval(0, paper, { to: 0.02 }),
      detail: paper.detail,
      errors: { paper: paper.centre, exact: exact.centre },
    };
  },
};

export const exactFixedPoint: IclClaim = {
  id: "C-fixed-point",
  statement: "the exact flow's fixed point holds for commuting tasks at every N",
  source: DERIVED,
  criterion:
    "largest |exact − mean over replicas| of the slope s_α a_α over modes and N ≤ 0.02, with its 95 % interval",
  judge(evidence) {
    const exact = fixedPointDeviation(evidence, "commuting", "exact");
    return { ...judgeInterval(0, exact, { to: 0.02 }), detail: exact.detail };
  },
};

export const denseFixedPoint: IclClaim = {
  id: "D-fixed-point",
  statement: "for dense tasks the paper's fixed point is exact at every N",
  source: "exact flow (D), derived here",
  criterion:
    "largest |predicted − mean over replicas| of the slope s_α a_α over modes and N ≤ 0.02, with its 95 % interval",
  judge(evidence) {
    const dense = fixedPointDeviation(evidence, "dense", "exact");
    return { ...judgeInterval(0, dense, { to: 0.02 }), detail: dense.detail };
  },
};

export const infiniteContext: IclClaim = {
  id: "3-infinite-context",
  statement: "ŷ → W x_q as N → ∞",
  source: `${PAPER}, fixed point`,
  criterion:
    "slope s_α a_α at the largest N, of the mode farthest from 1: 95 % t-interval over replicas within 0.98 … 1.02",
  judge({ setting, fixedPoints }) {
    const largest = Math.max(...setting.contexts);
    const slopes = fixedPoints.filter(({ tasks, context }) => tasks === "commuting" && context === largest)
      .map(({ mode, measured }) => meanInterval(measured.map((a) => a * setting.spectrum[mode])));
    const worst = slopes.reduce((a, b) => Math.abs(b.centre - 1) > Math.abs(a.centre - 1) ? b : a);
    return { ...judgeInterval(1, worst, { from: 0.98, to: 1.02 }), detail: `N = ${largest}` };
  },
};

export const couplingOrder: IclClaim = {
  id: "C-coupling-order",
  statement: "what the decoupled form leaves out is of order 1/N",
  source: DERIVED,
  criterion:
    "exponent of |measured − paper| slope of the last mode against N, least squares on logarithms for 16 ≤ N ≤ 256: 95 % t-interval over replicas within −1.25 … −0.75",
  judge({ setting, fixedPoints }) {
    const mode = setting.spectrum.length - 1;
    const rows = fixedPoints.filter((row) =>
      row.tasks === "commuting" && row.mode === mode && couplingContexts([row.context]).length === 1
    );
    const x = rows.map(({ context }) => Math.log(context));
    const exponent = (differences: readonly number[]) => {
      const y = differences.map((difference) => Math.log(Math.abs(difference)));
      const [mx, my] = [mean(x), mean(y)];
      return mean(x.map((value, index) => (value - mx) * (y[index] - my))) / mean(x.map((value) => (value - mx) ** 2));
    };
    const exponents = rows[0].measured.map((_, replica) =>
      exponent(rows.map(({ measured, paper }) => measured[replica] - paper))
    );
    const exact = exponent(rows.map(({ exact, paper }) => exact - paper));
    return {
      ...judgeInterval(-1, meanInterval(exponents), { from: -1.25, to: -0.75 }),
      detail: `the exact flow has ${exact.toFixed(3)} on this range; −1 needs N ≫ T/s`,
    };
  },
};
