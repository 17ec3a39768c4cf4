/** Figures. Titles say what is shown, not what came out. */
import * as lab from "../../mod.ts";
import { boundaries, insideError, largest, shares } from "./claims.ts";
import {
  BIMODAL,
  BY_POSITION,
  FAMILIES,
  FUNCTIONS,
  LEAST_SQUARES,
  modelName,
  NORMAL,
  queriesOf,
  seriesOf,
  type Setting,
  SORTED,
  STEEP,
  STEEPER,
  TABLE_2,
  type TrainingLaw,
  uniform,
} from "./setting.ts";

const SHARE = "error / variance of y";

/** Figures by name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { layers, depths, range, narrow, points: N, longer, width, sigmas, reach } = setting;
  const [wide, tight] = [uniform(range), uniform(narrow)];
  const main = (law: TrainingLaw) => seriesOf({ layers, attentionOnly: false }, law);
  const setup = `${modelName({ layers, attentionOnly: false })}, width ${width}, N = ${N}`;
  const named = <T>(laws: readonly TrainingLaw[], of: (law: TrainingLaw) => T) =>
    Object.fromEntries(laws.map((law) => [law.name, of(law)]));
  /** A vector's entries as one curve a replica. */
  const curvesOf = (series: string, quantity: string, x: readonly number[], of = (value: number) => value) => {
    const columns = x.map((_, index) => measured.last({ series, quantity, index }));
    return (columns[0] ?? []).map((_, r) => ({ x, y: columns.map((one) => of(one[r])) }));
  };
  const paper = (model: keyof typeof TABLE_2) => ({
    x: sigmas.filter((sigma) => Number.isInteger(sigma) && sigma <= 10),
    y: sigmas.filter((sigma) => Number.isInteger(sigma) && sigma <= 10)
      .map((sigma) => TABLE_2[model][sigma - 1] / TABLE_2.zero[sigma - 1]),
  });
  const exact = shares(measured, main(NORMAL), FUNCTIONS, setting, LEAST_SQUARES);
  const papers: lab.Theories = {
    "least squares": { [NORMAL.name]: { x: sigmas, y: exact.map((one) => one[0]) } },
    "paper, 2 layers": { [NORMAL.name]: paper("2 layers") },
    "paper, 12 layers": { [NORMAL.name]: paper("12 layers") },
  };
  const x = { title: "deviation σ" } as const;
  const queries = queriesOf(setting);
  const asked = (quantity: string, laws: readonly TrainingLaw[]) =>
    named(laws, (law) => curvesOf(main(law), quantity, queries));
  const line = (slope: number, intercept: number, bound: number) => ({
    x: [-bound, bound].map((y) => (y - intercept) / slope).map((x) => Math.max(-reach, Math.min(reach, x))),
    y: [-bound, bound],
  });
  const all = [layers, ...depths].sort((a, b) => a - b);
  const alone = [...new Set([1, layers])];
  const byDepth = (of: (series: string) => readonly number[]) => ({
    "with perceptrons": all.map((layers) => ({
      x: layers,
      values: of(seriesOf({ layers, attentionOnly: false }, NORMAL)),
    })),
    "attention only": alone.map((layers) => ({
      x: layers,
      values: of(seriesOf({ layers, attentionOnly: true }, NORMAL)),
    })),
  });
  const last = sigmas.length - 1;
  const depth = { title: "layers", ticks: all, domain: [0.5, Math.max(...all) + 0.5] } as const;

  return {
    saturation: lab.curves({
      title: "Predictions of a function steeper than any in training",
      setup: [setup, `y = ${wide.slope} x, or ${NORMAL.slope} x for N(0, 1); dotted: largest |y| of training`],
      lines: asked(STEEP.mean, [wide, tight, NORMAL]),
      theory: { [`${wide.slope} x`]: { [wide.name]: line(wide.slope, 0, 1.5 * largest(wide)) } },
      by: "training law",
      x: { title: "x" },
      y: { title: "prediction" },
      rules: [wide, tight].flatMap((law) => [{ y: largest(law) }, { y: -largest(law) }]),
    }),
    errors: lab.multiples({
      title: "Error outside of the training range, as a share of the zero predictor's",
      setup,
      panels: FAMILIES.map((family) => ({
        title: family.name,
        lines: named(
          [NORMAL, BIMODAL, wide],
          (law) => curvesOfShares(shares(measured, main(law), family, setting), sigmas),
        ),
        theory: family === FUNCTIONS ? papers : {},
      })),
      columns: 3,
      by: "training law",
      x,
      y: { title: SHARE, zero: true },
      strokes: { "least squares": "solid", "paper, 2 layers": "dashed", "paper, 12 layers": "dotted" },
    }),
    steeper: lab.curves({
      title: "Predictions of y = 40 x + 40, one line a seed",
      setup: [setup, "dotted: largest |y| of training"],
      lines: asked(STEEPER.mean, [wide]),
      theory: { "40 x + 40": { [wide.name]: line(40, 40, 1.5 * largest(wide)) } },
      each: "replica",
      x: { title: "x" },
      y: { title: "prediction" },
      rules: [{ y: largest(wide) }, { y: -largest(wide) }],
    }),
    longer: lab.curves({
      title: "Error by position, within the training law",
      setup: [setup, "dotted: longest prompt of training"],
      lines: named(
        [NORMAL, BIMODAL, wide],
        (law) => curvesOf(main(law), BY_POSITION, Array.from({ length: longer * N }, (_, i) => i + 1)),
      ),
      by: "training law",
      x: { title: "position n" },
      y: { title: SHARE, scale: "log" },
      rules: [{ x: N }],
    }),
    sorted: lab.multiples({
      title: "Error on prompts sorted by x and in random order",
      setup,
      panels: [NORMAL, wide].map((law) => ({
        title: `trained on ${law.name}`,
        lines: {
          "random order": curvesOfShares(shares(measured, main(law), FUNCTIONS, setting), sigmas),
          "sorted": curvesOfShares(shares(measured, main(law), FUNCTIONS, setting, SORTED), sigmas),
        },
      })),
      by: "prompts",
      x,
      y: { title: SHARE, zero: true },
    }),
    depth: lab.points({
      title: `Error on functions of N(0, ${sigmas[last]}²) by depth`,
      setup: `trained on N(0, 1), width ${width}, N = ${N}`,
      lines: byDepth((series) => shares(measured, series, FUNCTIONS, setting)[last] ?? []),
      by: "blocks",
      x: depth,
      y: { title: SHARE, zero: true },
    }),
    depth_inside: lab.points({
      title: "Error within the training law by depth",
      setup: `trained on N(0, 1), width ${width}, N = ${N}, positions 3 … N`,
      lines: byDepth((series) => insideError(measured, series, 2, N)),
      by: "blocks",
      x: depth,
      y: { title: SHARE, scale: "log" },
    }),
    boundary: lab.bars({
      title: "Boundary by training law",
      setup: [setup, `dotted: largest |y| of training, ${largest(tight)} and ${largest(wide)}`],
      values: {
        "steep function": named([NORMAL, BIMODAL, tight, wide], (law) => boundaries(measured, main(law), setting)),
        "40 x + 40": named(
          [NORMAL, BIMODAL, tight, wide],
          (law) => boundaries(measured, main(law), setting, STEEPER.mean),
        ),
      },
      by: "function",
      y: { title: "largest |prediction|" },
      rules: [{ y: largest(tight) }, { y: largest(wide) }],
    }),
  };
}

/** Shares by σ and replica as one curve a replica. */
function curvesOfShares(found: readonly (readonly number[])[], x: readonly number[]): lab.MeasuredCurve[] {
  return found[0].map((_, r) => ({ x, y: found.map((one) => one[r]) }));
}
