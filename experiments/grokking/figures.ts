/** Figures. Titles say what is shown, not what came out. */
import * as lab from "../../mod.ts";
import { keysOf } from "./claims.ts";
import { MATRICES } from "./progress.ts";
import { conditionsOf, INTERVENTIONS, type Setting, STUDIED } from "./setting.ts";
import { branchCurves, branchTimes, mainTimes } from "./times.ts";

/** Panels of the figure of circles, at most. */
const MOST_CIRCLES = 6;

/** All figures by file name. */
export function figures(measured: lab.Measurements, setting: Setting): Record<string, lab.Spec | null> {
  const { operation, modulus, fraction, steps, "branch-at": checkpoints, "branch-steps": more } = setting;
  const task = `${operation} modulo ${modulus}, ${Math.round(100 * fraction)} % of the pairs`;
  const of = (quantity: string, series = "main") => measured.curves({ series, quantity });
  const named = (names: readonly string[], curvesOf: (name: string) => lab.MeasuredCurve[]) =>
    Object.fromEntries(names.map((name) => [name, curvesOf(name)]));

  const x = { title: "full-batch step", scale: "log" } as const;
  const nats = { title: "cross-entropy (nats)", scale: "log" } as const;
  const share = (title: string) => ({ title, domain: [0, 1] }) as const;
  const ends = phaseEnds(mainTimes(measured, setting));
  const rules = ends.map(({ x }) => ({ x }));
  const said = ends.map(({ name, x }) => `${name} ${Math.round(x)}`).join(", ");
  const phases = said === "" ? "no phase has ended" : `dotted, geometric means: ${said}`;
  /** Curves of the main replicas, with the ends of the phases. */
  const phased = (title: string, y: lab.Axis, lines: Record<string, lab.MeasuredCurve[]>, by?: string) =>
    lab.curves({ title, setup: [task, phases], lines, x, y, by, rules });
  const spectral = (title: string, y: lab.Axis, quantity: string) =>
    lab.curves({
      title,
      setup: ["QK and OV: means over heads", phases],
      lines: named(Object.keys(MATRICES), (name) => of(`${quantity} ${name}`)),
      x,
      y,
      rules,
      panels: 3,
    });

  const keys = keysOf(measured).at(0)?.map(({ k }) => k) ?? [];
  const spectrum = { series: "main", quantity: "share of embedding" };
  const interventions = ["none", ...INTERVENTIONS];
  const end = Math.max(...checkpoints) + more;

  return {
    losses: phased("Losses: memorisation, circuit formation, cleanup", nats, {
      train: of("train loss"),
      test: of("test loss"),
      restricted: of("restricted loss"),
      "restricted, test pairs": of("restricted loss, test pairs"),
      excluded: of("excluded loss"),
    }, "loss"),
    accuracy: phased("Accuracy on training pairs and on test pairs", share("accuracy"), {
      train: of("train accuracy"),
      test: of("test accuracy"),
    }, "pairs"),
    controls: lab.curves({
      title: "Test accuracy of the main replicas and of the controls",
      setup: `${task} and weight decay ${setting["weight-decay"]} unless the panel says otherwise`,
      lines: named(conditionsOf(setting, 0).names, (name) => of("test accuracy", name)),
      x,
      y: share("test accuracy"),
      panels: 3,
    }),
    fourier: lab.heatMap({
      title: "Fourier spectrum of the embedding over time",
      setup: `first main replica; key frequencies of its final logits: ${keys.join(", ")}`,
      rows: Object.fromEntries(
        measured.places(spectrum).map(({ index }) => [index, measured.curve({ ...spectrum, index }, 0)]),
      ),
      x,
      y: { title: "frequency k" },
      color: { title: "share of power", format: ".0%" },
    }),
    circles: circles(measured, setting, keys),
    effective_rank: spectral("Effective rank of circuits and matrices", { title: "effective rank" }, "effective rank"),
    subspace_distance: spectral(
      "Distance of circuits and matrices to their final subspace",
      share("distance to the final subspace"),
      "distance",
    ),
    principal_angles: spectral(
      "Principal angles of circuits and matrices to their final subspace",
      { title: "mean principal angle (rad)", domain: [0, Math.PI / 2], ticks: [0, 0.5, 1, 1.5] },
      "angle",
    ),
    weight_norm: phased("Sum of squared weights", { title: "Σ w²", zero: true }, { "": of("squared norm") }),
    learning_coefficient: setting.coefficients === 0 ? null : lab.multiples({
      title: "Local learning coefficient of the training loss along the run",
      setup: [
        `${task}; γ = ${setting["coefficient-pull"]}, ${setting["coefficient-chains"]} chains of ${
          setting["coefficient-draws"]
        } draws`,
        phases,
      ],
      panels: [
        { title: "losses of the main replicas", lines: named(["train loss", "test loss"], of), y: nats },
        {
          title: "local learning coefficients",
          lines: Object.fromEntries(STUDIED.map((name) => [`LLC, ${name}`, of("learning coefficient", name)])),
          y: { title: "local learning coefficient", zero: true },
        },
      ],
      columns: 1,
      x: { ...x, domain: [1, steps] },
      by: "quantity",
      rules,
    }),
    interventions: more === 0 ? null : lab.curves({
      title: "Interventions on the subspace that heads write into",
      setup: `from steps ${checkpoints.join(", ")} on; random: subspaces of the same dimension`,
      lines: Object.fromEntries(
        checkpoints.flatMap((from) =>
          interventions.map((name) => [`${name}, from ${from}`, branchCurves(measured, setting, name, from)])
        ),
      ),
      x: { title: "full-batch step", domain: [0, end] },
      y: share("test accuracy"),
      panels: interventions.length,
      width: 140,
      height: 110,
    }),
    intervention_times: more === 0 ? null : lab.points({
      title: "Steps to generalisation by intervention and checkpoint",
      setup: `95 % of the test pairs; the last step, ${more} after the checkpoint, where that is not reached`,
      lines: Object.fromEntries(interventions.map((name) => {
        const timesFrom = (from: number) => branchTimes(measured, setting, name, from).map(({ step }) => step);
        return [name, checkpoints.map((from) => ({ x: from, values: timesFrom(from) }))];
      })),
      x: { title: "checkpoint (step)", ticks: checkpoints },
      y: { title: "generalised at step", domain: [0, end] },
      panels: 3,
    }),
  };
}

/** Ends of the phases in order: geometric means over the main replicas that reached them. */
function phaseEnds(times: ReturnType<typeof mainTimes>): { readonly name: string; readonly x: number }[] {
  return (["memorised", "circuit", "generalised"] as const).flatMap((event) => {
    const reached = times.flatMap(({ [event]: time }) => time === null ? [] : [time]);
    const name = event === "circuit" ? "circuit formed" : event;
    return reached.length === 0 ? [] : [{ name, x: lab.statistics.geometricMean(reached) }];
  }).sort((a, b) => a.x - b.x);
}

/** Numbers on the plane of cosine and sine of each key frequency, for the first main replica. */
function circles(
  measured: lab.Measurements,
  { modulus: p, operation }: Setting,
  keys: readonly number[],
): lab.Spec | null {
  const { order: m, element } = lab.cyclicGroup(p, operation);
  const planes = keys.filter((k) => 2 * k < m).slice(0, MOST_CIRCLES).map((k) => {
    const along = (wave: string, index: number) =>
      measured.curve({ series: "main", quantity: `embedding along ${wave} ${k}n`, index }, 0).y[0];
    const numbers = element.flatMap((e, number) => e < 0 ? [] : [{ e, number }]);
    const dots = numbers.map(({ e, number }) => ({
      x: along("cos", number),
      y: along("sin", number),
      color: e * k % m / m,
    }));
    return [`k = ${k}`, dots] as const;
  });
  const reach = 1.1 * Math.max(...planes.flatMap(([, dots]) => dots.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)])));
  return lab.scatterPlot({
    title: "Embeddings along the key frequencies",
    setup: `first main replica, final model; ${p} numbers, coloured by their place k·n on the circle`,
    dots: Object.fromEntries(planes),
    x: { title: "along cos kn", domain: [-reach, reach] },
    y: { title: "along sin kn", domain: [-reach, reach] },
    color: { title: "turn", scheme: "rainbow", domain: [0, 1] },
    panels: 3,
  });
}
