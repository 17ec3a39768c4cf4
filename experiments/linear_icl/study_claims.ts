/** Claims judged by the ensembles beside the main one. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import {
  DERIVED,
  type Evidence,
  halfTime,
  type IclClaim,
  last,
  mean,
  PAPER,
  undecided,
  worstDeviation,
} from "./evidence.ts";

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

export const alignmentDecay: IclClaim = {
  id: "C-alignment",
  statement: "an unaligned start aligns: off-diagonal entries of p2 and q1 decay",
  source: DERIVED,
  criterion:
    "off-diagonal rms at the last step over that at the first, the larger of p2 and q1, ≤ 0.25: 95 % t-interval over replicas",
  judge({ alignment }) {
    const ratios = (["p2", "q1"] as const).map((block) => {
      const rows = alignment.filter((row) => row.block === block);
      return meanInterval(last(rows).measured.map((value, replica) => value / rows[0].measured[replica]));
    });
    const worst = ratios[0].centre > ratios[1].centre ? ratios[0] : ratios[1];
    return judgeInterval(0, worst, { to: 0.25 });
  },
};

export const alignmentRate: IclClaim = {
  id: "C-alignment-rate",
  statement: "off-diagonal entries decay at the rate of the exact flow",
  source: DERIVED,
  criterion:
    "time for the off-diagonal rms of q1 to halve, measured over exact: 95 % t-interval over replicas within 0.9 … 1.1",
  judge({ alignment }) {
    const rows = alignment.filter((row) => row.block === "q1");
    const steps = rows.map(({ step }) => step);
    const time = (values: readonly number[]) => halfTime(steps, values.map((value) => -value), -values[0] / 2);
    const ratios = rows[0].measured.map((_, replica) => {
      const [measured, exact] = [
        time(rows.map((row) => row.measured[replica])),
        time(rows.map((row) => row.exact[replica])),
      ];
      return measured === null || exact === null ? null : measured / exact;
    });
    const halved = ratios.filter((ratio) => ratio !== null);
    if (halved.length < 2) {
      return undecided(1, `halved in ${halved.length} replicas`);
    }
    return {
      ...judgeInterval(1, meanInterval(halved), { from: 0.9, to: 1.1 }),
      detail: `halved in ${halved.length} of ${ratios.length} replicas`,
    };
  },
};

export const nullBlocksAttract: IclClaim = {
  id: "1-null-blocks-attract",
  statement:
    "the solution with p1 = q2 = 0 is the one that SGD finds, also from a small random start in all four blocks",
  source: "the paper assumes p1 = q2 = 0 at the start; tested here",
  criterion:
    "fraction of learned (mode, replica) pairs in which p2 q1 carries at least 0.9 of the product at the last step: ≥ 0.95",
  judge({ mirror }) {
    const end = last(mirror).step;
    const shares = mirror.filter(({ step }) => step === end).flatMap(({ shares }) => shares).filter((share) =>
      share !== null
    );
    if (shares.length === 0) {
      return undecided(1, "no mode learned yet");
    }
    const direct = mean(shares.map((share) => Number(share <= 0.1)));
    const mirrored = mean(shares.map((share) => Number(share >= 0.9)));
    // Wilson's interval of a proportion.
    const [z2, n] = [1.96 ** 2, shares.length];
    const centre = (direct + z2 / (2 * n)) / (1 + z2 / n);
    const half = Math.sqrt(z2 * (direct * (1 - direct) / n + z2 / (4 * n * n))) / (1 + z2 / n);
    const verdict = direct >= 0.95 ? "reproduced" : centre + half < 0.95 ? "not reproduced" : "inconclusive";
    return {
      predicted: 1,
      measured: direct,
      low: Math.max(0, centre - half),
      high: Math.min(1, centre + half),
      verdict,
      detail: `p1 q2 carries ≥ 0.9 in a fraction ${mirrored.toFixed(2)} of ${n}`,
    };
  },
};

export const miscalibration: IclClaim = {
  id: "3-miscalibration",
  statement: "a context covariance that differs from training costs what the fixed point predicts",
  source: `${PAPER}, fixed point; exact loss at finite N derived here`,
  criterion:
    "measured over exact predicted loss at every factor: the worst factor's 95 % t-interval over replicas within 0.95 … 1.05",
  judge({ shift }) {
    const tested = shift.filter(({ measured }) => measured.length > 0);
    const ratios = tested.map(({ factor, exact, paper, measured }) => ({
      factor,
      ...meanInterval(measured.map((value) => value / exact)),
      paper: Math.abs(paper / mean(measured) - 1),
      exact: Math.abs(exact / mean(measured) - 1),
    }));
    const worst = ratios.reduce((a, b) => Math.abs(b.centre - 1) > Math.abs(a.centre - 1) ? b : a);
    return {
      ...judgeInterval(1, worst, { from: 0.95, to: 1.05 }),
      detail: `worst at ${worst.factor} times the training covariance`,
      errors: {
        paper: Math.max(...ratios.map(({ paper }) => paper)),
        exact: Math.max(...ratios.map(({ exact }) => exact)),
      },
    };
  },
};
