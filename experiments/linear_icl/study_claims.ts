/** Claims about other starts and shifted inputs, judged by the ensembles beside the main one. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { DERIVED, halfTime, type IclClaim, last, mean, PAPER, undecided } from "./evidence.ts";

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
