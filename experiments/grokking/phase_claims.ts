/** Claims about memorisation, circuit formation and cleanup. */
import { judgeInterval, meanInterval } from "../../lib/run/mod.ts";
import { curveOf, type GrokkingClaim, measureOf, NANDA, reportAt } from "./evidence.ts";
import { inSteps, judgeRatios, judgeShare, undecided } from "./judging.ts";
import { bothOf, mainTimes } from "./times.ts";

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

/** Claims about phases. */
export const phaseClaims: readonly GrokkingClaim[] = [delayed, phases, circuitFirst, excludedRises, normFalls];
