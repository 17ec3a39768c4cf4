/** Claims, with criteria fixed before the run. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { controlClaims, noDecay } from "./control_claims.ts";
import {
  curveOf,
  type GrokkingClaim,
  indicesOf,
  inSteps,
  judgeRatios,
  judgeShare,
  mainTimes,
  measureOf,
  NANDA,
  PAPER,
  reportAt,
  undecided,
} from "./evidence.ts";
import { interventionClaims } from "./intervention_claims.ts";
import type { Setting } from "./setting.ts";

/** Pairs of times that both happened. */
function bothOf<A extends string>(
  times: readonly Readonly<Record<A, number | null>>[],
  a: A,
  b: A,
): [number, number][] {
  return times.flatMap((one) => {
    const [first, second] = [one[a], one[b]];
    return first === null || second === null ? [] : [[first, second]];
  });
}

const delayed: GrokkingClaim = {
  id: "delayed",
  statement: "generalisation comes long after memorisation",
  source: `${NANDA}: 14 000 against 1400 epochs`,
  criterion:
    "steps to 95 % of the test pairs over steps to 99 % of the training pairs: geometric mean of the main replicas, 95 % t-interval ≥ 2; at least 3/4 of them generalise",
  judge(evidence) {
    const times = mainTimes(evidence);
    const pairs = bothOf(times, "generalised", "memorised");
    const detail = `memorised at ${inSteps(times.map(({ memorised }) => memorised))}, generalised at ${
      inSteps(times.map(({ generalised }) => generalised))
    }`;
    if (pairs.length < 0.75 * times.length) return undecided(10, detail);
    return { ...judgeRatios(10, pairs.map(([late, early]) => late / early), { from: 2 }), detail };
  },
};

const phases: GrokkingClaim = {
  id: "phases",
  statement: "memorisation, circuit formation and cleanup follow one another",
  source: NANDA,
  criterion:
    "steps to 99 % of the training pairs < steps to restricted loss ½ ln p < steps to 95 % of the test pairs, in at least 3/4 of the main replicas",
  judge(evidence) {
    const times = mainTimes(evidence);
    return judgeShare(
      times.map(({ memorised, circuit, generalised }) =>
        memorised !== null && circuit !== null && generalised !== null && memorised < circuit && circuit < generalised
      ),
      0.75,
      `circuit at ${inSteps(times.map(({ circuit }) => circuit))}; from test pairs alone at ${
        inSteps(times.map(({ testCircuit }) => testCircuit))
      }`,
    );
  },
};

const circuitFirst: GrokkingClaim = {
  id: "circuit-first",
  statement: "the restricted loss falls before the test loss",
  source: NANDA,
  criterion:
    "steps to restricted loss ½ ln p over steps to test loss ½ ln p: geometric mean of the main replicas, 95 % t-interval below 1",
  judge: (evidence) =>
    judgeRatios(
      0.7,
      bothOf(mainTimes(evidence), "circuit", "testHalf").map(([circuit, test]) => circuit / test),
      { to: 1 },
    ),
};

const excludedRises: GrokkingClaim = {
  id: "excluded-rises",
  statement: "the excluded loss rises after memorisation: the training pairs come to rest on the circuit",
  source: NANDA,
  criterion:
    "excluded loss at the last step less that at the report of memorisation: mean of the main replicas, 95 % t-interval ≥ 0.5 nats",
  judge(evidence) {
    const times = mainTimes(evidence);
    const rises = times.flatMap(({ memorised }, replica) => {
      if (memorised === null) return [];
      const values = measureOf(evidence, replica, ({ excludedLoss }) => excludedLoss);
      return [values[values.length - 1] - values[reportAt(evidence, memorised)]];
    });
    if (rises.length < 2) return undecided(1, "fewer than two replicas memorised");
    return judgeInterval(1, meanInterval(rises), { from: 0.5 });
  },
};

const normFalls: GrokkingClaim = {
  id: "norm-falls",
  statement: "cleanup: the sum of squared weights falls while the test accuracy rises",
  source: NANDA,
  criterion:
    "Σw² when 95 % of the test pairs are right over Σw² when the restricted loss is ½ ln p: geometric mean of the main replicas, 95 % t-interval below 1",
  judge(evidence) {
    const ratios = mainTimes(evidence).flatMap(({ circuit, generalised }, replica) => {
      if (circuit === null || generalised === null) return [];
      const norms = curveOf(evidence, replica, "norm2");
      return [norms[reportAt(evidence, generalised)] / norms[reportAt(evidence, circuit)]];
    });
    return judgeRatios(0.7, ratios, { to: 1 });
  },
};

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

/** The claims under a setting: those about controls only where there are some. */
export function claims(setting: Setting): GrokkingClaim[] {
  const controls = setting["control-replicas"] > 0;
  return [
    delayed,
    phases,
    circuitFirst,
    excludedRises,
    normFalls,
    sparse,
    neurons,
    giniRises,
    subspaceAt("ov-with-test", "testHalf", "the test loss", PAPER),
    subspaceAt("ov-with-circuit", "circuit", "circuit formation", "asked here"),
    rankFalls,
    ...(controls && setting.decays.includes(0) ? [noDecay] : []),
    ...(controls ? controlClaims : []),
    ...(setting["branch-steps"] > 0 ? interventionClaims : []),
  ];
}
