/** Claims about what is found in the final model, and about the subspaces that lead there. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { type GrokkingClaim, indicesOf, measureOf, NANDA, PAPER, reportAt } from "./evidence.ts";
import { inSteps, judgeRatios } from "./judging.ts";
import { bothOf, mainTimes } from "./times.ts";

const sparse: GrokkingClaim = {
  id: "sparse-logits",
  statement: "a few frequencies of the result carry the logits",
  source: `${NANDA}: 95 % at five frequencies`,
  criterion:
    "share of the logits' variance over all pairs at the key frequencies (each ≥ 5 % of that of the result), at the last step: mean of the main replicas, 95 % t-interval ≥ 0.85",
  judge(evidence) {
    const shares = indicesOf(evidence, "main").map((replica) =>
      measureOf(evidence, replica, ({ explained }) => explained).at(-1)!
    );
    const keys = evidence.progress.finals.map(({ keys }) => keys.join(" ")).join("; ");
    return { ...judgeInterval(0.95, meanInterval(shares), { from: 0.85 }), detail: `key frequencies ${keys}` };
  },
};

const neurons: GrokkingClaim = {
  id: "neurons",
  statement: "most neurons belong to one key frequency",
  source: `${NANDA}: 433 of 512`,
  criterion:
    "share of the live neurons with more than 85 % of their variance at one key frequency, at the last step: mean of the main replicas, 95 % t-interval ≥ 0.7",
  judge: ({ progress }) =>
    judgeInterval(
      433 / 512,
      meanInterval(progress.finals.map(({ neurons }) => neurons.reduce((sum, share) => sum + share, 0))),
      { from: 0.7 },
    ),
};

const giniRises: GrokkingClaim = {
  id: "gini-rises",
  statement: "the embedding becomes sparse in the Fourier basis",
  source: NANDA,
  criterion:
    "Gini coefficient of the embedding's power over frequencies, last step less first: mean of the main replicas, 95 % t-interval ≥ 0.2",
  judge(evidence) {
    const rises = indicesOf(evidence, "main").map((replica) => {
      const values = measureOf(evidence, replica, ({ giniEmbedding }) => giniEmbedding);
      return values[values.length - 1] - values[0];
    });
    return judgeInterval(0.4, meanInterval(rises), { from: 0.2 });
  },
};

/** Whether the OV subspace stabilises at the time of something else. */
const subspaceAt = (id: string, other: "testHalf" | "circuit", what: string, source: string): GrokkingClaim => ({
  id,
  statement: `the subspace of the OV circuits stabilises together with ${what}`,
  source,
  criterion: `steps until the OV distance to the final subspace is half of its start, over steps to ${
    other === "circuit" ? "restricted" : "test"
  } loss ½ ln p: geometric mean of the main replicas, 95 % t-interval within 1/1.5 … 1.5`,
  judge(evidence) {
    const times = mainTimes(evidence);
    return {
      ...judgeRatios(1, bothOf(times, "subspace", other).map(([subspace, time]) => subspace / time), {
        from: 1 / 1.5,
        to: 1.5,
      }),
      detail: `subspace at ${inSteps(times.map(({ subspace }) => subspace))}, other at ${
        inSteps(times.map((one) => one[other]))
      }`,
    };
  },
});

const rankFalls: GrokkingClaim = {
  id: "rank-falls",
  statement: "the effective rank of the OV circuits falls from memorisation to the end",
  source: PAPER,
  criterion:
    "effective rank (mean over heads) at the last step over that at the report of memorisation: geometric mean of the main replicas, 95 % t-interval below 1",
  judge(evidence) {
    const ratios = mainTimes(evidence).flatMap(({ memorised }, replica) => {
      if (memorised === null) return [];
      const ranks = measureOf(evidence, replica, ({ ranks }) => ranks.OV);
      return [ranks[ranks.length - 1] / ranks[reportAt(evidence, memorised)]];
    });
    return judgeRatios(0.7, ratios, { to: 1 });
  },
};

/** Claims about structure. */
export const structureClaims: readonly GrokkingClaim[] = [
  sparse,
  neurons,
  giniRises,
  subspaceAt("ov-with-test", "testHalf", "the test loss", PAPER),
  subspaceAt("ov-with-circuit", "circuit", "circuit formation", "asked here"),
  rankFalls,
];
