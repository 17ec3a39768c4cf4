/**
 * Claims of the paper and of the exact flow, each with its criterion.
 *
 * Names begin with what is claimed: 1 null blocks, 2 logistic modes, 3 the fixed point, 4 conservation, 5 the loss, 6 staged
 * nonlinear learning, all of the paper; C and D the exact finite-N flow of commuting and of dense tasks.
 */
import * as lab from "../../mod.ts";
import { closedForm, EXACT, main, mainSteps, NOISE, PAPER, type Setting, settled, shift } from "./options.ts";

const { expect, statistics: { deviationRatio, largestDeviation, mean, slope } } = lab;
/** Claims, false where their assumptions do not hold. */
type Claims = readonly (lab.Claim<lab.Measurements> | false)[];

const ARXIV = "arXiv 2504.12916";
const DERIVED = "exact finite-N flow, derived here";
const SECOND_ORDER = "second-order SGD with exact gradient moments, derived here";

/** Finds which assumptions hold: the paper's start; fresh tasks too; the law that noise is derived for. */
function assumptionsOf({ init, pool, tasks, studies, spectrum }: Setting) {
  const [aligned, all, several] = [init === "aligned", studies === "all", spectrum.length > 1];
  const fresh = aligned && pool === "fresh";
  return { aligned, fresh, noise: fresh && tasks === "commuting", studies: all, several };
}
type Assumptions = ReturnType<typeof assumptionsOf>;

const predicts = <V>(predicted: number, expectation: lab.Expectation<V>) => ({ predicted, expect: expectation });
const besideExact = { theory: PAPER, rivals: [PAPER, EXACT] };
const rivals = (paper: number, exact: number) => ({ rivals: { [PAPER]: paper, [EXACT]: exact } });

const last = (values: ArrayLike<number>) => values[values.length - 1];
const rise = ({ y }: lab.MeasuredCurve) => last(y) - y[0];
const relative = (theory: number, measured: number) => Math.abs(theory / measured - 1);
const farthest = <T>(groups: readonly T[], distance: (group: T) => number): T =>
  groups.reduce((far, group) => distance(group) > distance(far) ? group : far);

/** A curve that begins beyond a level does not cross it. */
const crossing = (curve: lab.MeasuredCurve, level: number, direction: "up" | "down") =>
  lab.crossingTime(curve, level, direction, { start: "none" });

/** Null blocks and modes of the main ensemble: the paper, the exact flow, and what SGD noise adds to it. */
function onModes(setting: Setting, { aligned, fresh, noise, several }: Assumptions): Claims {
  const { spectrum, scale, lr } = setting;
  // The plateau of each mode is known before the run: the paper's fixed point.
  const plateaus = [...lab.fixedPoint(setting)];
  /** When each replica passes half of each plateau; `escaped` if all do. */
  const halfTimes = (measured: lab.Measurements) =>
    plateaus.map((plateau, mode) => {
      const times = measured.curves(main("product", mode)).map((curve) => crossing(curve, plateau / 2, "up"));
      return { mode, s: spectrum[mode], times, escaped: times.every((time) => time !== null) };
    });
  const unmeasured = "no mode has escaped in all replicas";
  const modes = {
    measure: "largest deviation from the mean of a over replicas, over modes and reports, in units of the plateau",
    atMost: 0.05,
    deviation(measured: lab.Measurements, theory: string) {
      const products = plateaus.map((scale, mode) => ({ of: main("product", mode), scale }));
      const found = lab.deviationFrom(measured, theory, products);
      return { ...found, where: `for mode ${found.which + 1} at step ${found.step}` };
    },
  };
  return [
    noise && lab.claim({
      id: "1-null-blocks",
      statement: "The null blocks p1 and q2 stay at zero up to SGD noise.",
      source: `${ARXIV}, null blocks; noise level derived here`,
      measure: "rms of all entries of p1 and q2 at the last step over the rms that SGD noise predicts",
      ...predicts(1, expect.mean({ from: 0.75, to: 1.33 })),
      values(measured) {
        const predicted = last(measured.theory(NOISE, main("rms p1 and q2")).y);
        const entry = mean(measured.last(main("sum of mean entries of p1 and q2"))).toExponential(1);
        const detail = `predicted rms ${predicted.toPrecision(3)}; mean entry over replicas ${entry}`;
        return { values: measured.last(main("rms p1 and q2")).map((rms) => rms / predicted), detail };
      },
    }),
    aligned && lab.followsTheory({
      ...besideExact,
      id: "2-logistic-modes",
      statement: "The product a = p q of every mode follows the paper's logistic curve.",
      source: `${ARXIV}, closed form`,
      ...modes,
    }),
    aligned && lab.claim({
      id: "2-escape-times",
      statement: "Every mode escapes from its first plateau at the time (τ/2) log(1/(s∞ ε)).",
      source: `${ARXIV}, escape time`,
      measure: "measured over predicted time to half the plateau",
      ...predicts(1, expect.each(expect.mean({ from: 0.9, to: 1.1 }), { of: "mode", shown: "worst" })),
      values(measured) {
        const predicted = lab.escapeSteps(setting, scale * scale, lr);
        const modes = halfTimes(measured).map(({ mode, times, escaped }) => {
          const ratios = escaped ? times.map((time) => time! / predicted[mode]) : [];
          const time = crossing(measured.theory(EXACT, main("product", mode)), plateaus[mode] / 2, "up");
          const exact = escaped && time !== null ? [relative(time, predicted[mode] * mean(ratios))] : [];
          return { mode, ratios, exact };
        });
        const escaped = modes.filter(({ ratios }) => ratios.length > 0);
        if (escaped.length === 0) return { unmeasured };
        const worst = farthest(escaped, ({ ratios }) => Math.abs(Math.log(mean(ratios))));
        const exact = Math.max(...escaped.flatMap(({ exact }) => exact));
        const values = Object.fromEntries(modes.map(({ mode, ratios }) => [`mode ${mode + 1}`, ratios]));
        const detail = `${escaped.length} of ${modes.length} modes have escaped`;
        return { values, detail, ...(exact > -Infinity && rivals(relative(1, mean(worst.ratios)), exact)) };
      },
    }),
    aligned && several && lab.claim({
      id: "6-staged-order",
      statement: "Modes are learned one after the other, the largest eigenvalue first.",
      source: `${ARXIV}, staged learning`,
      measure: "strict increase of the times to half the plateau as the eigenvalue decreases",
      ...predicts(1, expect.every()),
      values(measured) {
        const modes = halfTimes(measured);
        // Modes that have not escaped by the end come after all that have; equal eigenvalues have no order.
        const before = (a: number | null, b: number | null) => b === null || (a !== null && a < b);
        const values = modes[0].times.map((_, r) =>
          modes.every((a) => modes.every((b) => a.s <= b.s || before(a.times[r], b.times[r])))
        );
        const escaped = modes.filter(({ escaped }) => escaped).length;
        const detail = `${escaped} of ${modes.length} modes have escaped in all replicas`;
        return escaped < modes.length && values.every(Boolean) ? { unmeasured: detail } : { values, detail };
      },
    }),
    aligned && lab.claim({
      id: "6-sigmoids",
      statement: "Learning is slow, fast, then slow again, although the model is linear in its input.",
      source: `${ARXIV}, nonlinear learning`,
      measure:
        "growth of a at half its plateau over that in the first tenth of the time to it, smallest over escaped modes",
      expect: expect.mean({ from: 3 }),
      values(measured) {
        const ratios = halfTimes(measured).filter(({ escaped }) => escaped).map(({ mode, times }) =>
          measured.curves(main("product", mode)).map((curve, replica) => lab.acceleration(curve, times[replica]!))
        );
        return ratios.length === 0 ? { unmeasured } : { values: farthest(ratios, (values) => -mean(values)) };
      },
    }),
    fresh && lab.followsTheory({
      theory: EXACT,
      id: "C-exact-modes",
      statement: "The product a = p q of every mode follows the exact flow, in which modes couple at order 1/N.",
      source: DERIVED,
      ...modes,
    }),
    noise && lab.followsTheory({
      theory: NOISE,
      id: "C-sgd-mean",
      statement: "The mean of a = p q over seeds is the exact flow plus the drift that SGD noise adds.",
      source: SECOND_ORDER,
      ...modes,
    }),
    noise && lab.claim({
      id: "C-sgd-noise",
      statement: "The spread of a = p q over seeds is the one that SGD noise predicts at this batch size.",
      source: "linearised SGD with exact gradient moments, derived here",
      measure: "measured over predicted standard deviation of a at the last step, geometric mean over modes",
      ...predicts(1, expect.estimate({ from: 0.75, to: 1.33 }, "95 % interval from the number of replicas and modes")),
      values(measured) {
        const values = deviationRatio(spectrum.map((_, mode) => ({
          values: measured.last(main("product", mode)),
          predicted: last(measured.theory(NOISE, main("standard deviation of product", mode)).y),
        })));
        return { values, detail: `${values.replicas} replicas` };
      },
    }),
  ];
}

/** The loss of the main ensemble. */
function onLoss(setting: Setting, { aligned }: Assumptions): Claims {
  const steps = mainSteps(setting);
  const late = steps.map((_, report) => report).slice(Math.floor(steps.length * 0.9));
  /** Means over reports, of which the first has no batch loss. */
  const meanOf = (losses: ArrayLike<number>, over: readonly number[]) => mean(over.map((report) => losses[report]));
  const batchLoss = ({ y }: lab.MeasuredCurve, over: readonly number[]) => mean(over.map((report) => y[report - 1]));
  // The paper's floor is known before the run, from the setting alone.
  const floor = meanOf(closedForm(setting).loss, late);
  return [
    aligned && lab.followsTheory({
      ...besideExact,
      id: "5-loss-curve",
      statement: "The loss follows the paper's curve of plateaus and cliffs, ½ Σ s (s a²/a∞ − 2 s a + 1).",
      source: `${ARXIV}, loss`,
      measure: "largest deviation from the batch loss, both averaged over five reports, in units of the initial loss",
      atMost: 0.05,
      deviation(measured, name) {
        const windows = steps.map((_, report) => [-2, -1, 0, 1, 2].map((offset) => report + offset)).slice(3, -2);
        const [curves, theory] = [measured.curves(main("loss")), measured.theory(name, main("loss")).y];
        const scale = measured.theory(EXACT, main("loss")).y[0];
        const found = largestDeviation(windows.map((window) => {
          return {
            predicted: meanOf(theory, window),
            measured: curves.map((curve) => batchLoss(curve, window)),
            scale,
          };
        }));
        return { ...found, where: `at step ${steps[windows[found.which][2]]}` };
      },
    }),
    aligned && lab.claim({
      id: "5-loss-floor",
      statement: "At finite context length the loss ends on the paper's floor above zero.",
      source: `${ARXIV}, loss`,
      measure: "mean batch loss over the last tenth of the reports, to be within 3 % of the paper's",
      ...predicts(floor, expect.mean(lab.within(floor, 0.03))),
      values(measured) {
        const values = measured.curves(main("loss")).map((curve) => batchLoss(curve, late));
        const exact = meanOf(measured.theory(EXACT, main("loss")).y, late);
        return { values, ...rivals(relative(floor, mean(values)), relative(exact, mean(values))) };
      },
    }),
  ];
}

/** Claims on the quantities that the main ensemble conserves. */
function onConservation(setting: Setting, { aligned, fresh, noise }: Assumptions): Claims {
  const CONSERVED = expect.mean({ from: -0.02, to: 0.02 });
  /** Drift of p_α² − q_α² of the mode where the exact flow drifts most; its scale is 2 |a_α| at the end. */
  const largestDrift = (measured: lab.Measurements) => {
    const drifts = setting.spectrum.map((_, mode) => rise(measured.theory(EXACT, main("mode imbalance", mode))));
    const exact = farthest(drifts, Math.abs);
    const mode = drifts.indexOf(exact);
    const scale = 2 * Math.abs(last(measured.theory(EXACT, main("product", mode)).y));
    return { mode, exact, drift: measured.curves(main("mode imbalance", mode)).map(rise), scale };
  };
  return [
    lab.claim({
      id: "4-sum-conserved",
      statement: "‖W_P‖² − ‖W_Q‖², over the blocks that learn, is conserved.",
      source: `${ARXIV}, conservation law`,
      measure: "drift of ‖W_P‖² − ‖W_Q‖² from the first to the last step over ‖W_P‖² + ‖W_Q‖² at the end",
      ...predicts(0, CONSERVED),
      values(measured) {
        const norms = measured.last(main("squared norm"));
        return { values: measured.curves(main("imbalance")).map((curve, replica) => rise(curve) / norms[replica]) };
      },
    }),
    aligned && lab.claim({
      id: "4-modes-conserved",
      statement: "p² − q² is conserved in every mode of its own.",
      source: `${ARXIV}, decoupled form`,
      measure: "drift of p² − q² over 2 a at the end, of the mode with the largest exact drift",
      ...predicts(0, CONSERVED),
      values(measured) {
        const { mode, exact, drift, scale } = largestDrift(measured);
        const values = drift.map((one) => one / scale);
        const centre = mean(values);
        return { values, detail: `mode ${mode + 1}`, ...rivals(Math.abs(centre), Math.abs(exact / scale - centre)) };
      },
    }),
    fresh && lab.claim({
      id: "C-mode-drift",
      statement: "p² − q² of a single mode drifts as the exact flow says; only the sum is conserved.",
      source: DERIVED,
      measure: "measured less exact drift of p² − q² over 2 a at the end, of the mode with the largest exact drift",
      ...predicts(0, CONSERVED),
      values(measured) {
        const { mode, exact, drift, scale } = largestDrift(measured);
        const detail = `mode ${mode + 1}, exact drift ${exact.toPrecision(3)}`;
        return { values: drift.map((one) => (one - exact) / scale), detail };
      },
    }),
    noise && lab.claim({
      id: "C-noise-drift",
      statement: "SGD noise, which the conservation law leaves out, makes ‖W_P‖² − ‖W_Q‖² drift as predicted.",
      source: SECOND_ORDER,
      measure: "measured over predicted drift of ‖W_P‖² − ‖W_Q‖² from the first to the last step",
      ...predicts(1, expect.mean({ from: 0.75, to: 1.33 })),
      values(measured) {
        const predicted = rise(measured.theory(NOISE, main("imbalance")));
        const values = measured.curves(main("imbalance")).map((curve) => rise(curve) / predicted);
        return { values, detail: `predicted drift ${predicted.toPrecision(3)}` };
      },
    }),
  ];
}

/** Fixed points at many context lengths. Slopes s a compare across modes and N: 1 would be a perfect fit of a mode. */
function onFixedPoints(setting: Setting, { studies, several }: Assumptions): Claims {
  const { spectrum, contexts } = setting;
  const longest = Math.max(...contexts);
  const coupling = contexts.filter((context) => context >= 16 && context <= 256);
  const points = contexts.flatMap((context) => spectrum.map((s, mode) => ({ context, s, mode })));
  const slopes = (tasks: lab.TaskFamily) => ({
    measure: "largest deviation from the mean slope s a over replicas, over modes and context lengths N",
    atMost: 0.02,
    deviation(measured: lab.Measurements, theory: string) {
      const of = points.map(({ context, s, mode }) => ({ of: settled(tasks, context, mode), scale: 1 / s }));
      const found = lab.deviationFrom(measured, theory, of);
      const { mode, context } = points[found.which];
      return { ...found, where: `for mode ${mode + 1} at N = ${context}` };
    },
  });
  return [
    studies && lab.followsTheory({
      ...besideExact,
      id: "3-fixed-point",
      statement: "With commuting tasks a = p q of a mode ends at N/((N + 1) s + T) at every context length N.",
      source: `${ARXIV}, fixed point`,
      ...slopes("commuting"),
    }),
    studies && lab.followsTheory({
      theory: EXACT,
      id: "C-fixed-point",
      statement: "With commuting tasks a = p q of a mode ends at the exact flow's fixed point at every context length.",
      source: DERIVED,
      ...slopes("commuting"),
    }),
    studies && lab.followsTheory({
      theory: EXACT,
      id: "D-fixed-point",
      statement: "With dense tasks the paper's fixed point is exact at every context length.",
      source: "exact flow (D), derived here",
      ...slopes("dense"),
    }),
    studies && longest >= 1e4 && lab.claim({
      id: "3-infinite-context",
      statement: "The prediction approaches W x_q as the context grows.",
      source: `${ARXIV}, fixed point`,
      measure: "slope s a at the largest N, of the mode farthest from 1",
      ...predicts(1, expect.mean({ from: 0.98, to: 1.02 })),
      values(measured) {
        const a = spectrum.map((_, mode) => measured.last(settled("commuting", longest, mode)));
        const slopes = a.map((values, mode) => values.map((a) => a * spectrum[mode]));
        return { values: farthest(slopes, (values) => Math.abs(mean(values) - 1)), detail: `N = ${longest}` };
      },
    }),
    studies && several && coupling.length >= 2 && lab.claim({
      id: "C-coupling-order",
      statement: "What the decoupled form leaves out falls as 1/N with the context length N.",
      source: DERIVED,
      measure: "exponent of |measured − paper| a of the last mode against N, least squares on logarithms, 16 ≤ N ≤ 256",
      ...predicts(-1, expect.mean({ from: -1.25, to: -0.75 })),
      values(measured) {
        const of = (context: number) => settled("commuting", context, spectrum.length - 1);
        const theory = (name: string) => coupling.map((context) => last(measured.theory(name, of(context)).y));
        const [paper, exact] = [theory(PAPER), theory(EXACT)];
        const a = coupling.map((context) => measured.last(of(context)));
        const exponent = (values: readonly number[]) =>
          slope(coupling.map(Math.log), values.map((value, at) => Math.log(Math.abs(value - paper[at]))));
        const detail = `the exact flow has ${exponent(exact).toFixed(3)} on this range; −1 needs N ≫ T/s`;
        return { values: a[0].map((_, replica) => exponent(a.map((values) => values[replica]))), detail };
      },
    }),
  ];
}

/** Other starts and shifted inputs. */
function onStudies(setting: Setting, { fresh, studies, several }: Assumptions): Claims {
  const offDiagonal = (series: string, block: string) => ({ series, quantity: `off-diagonal rms ${block}` });
  return [
    studies && several && lab.claim({
      id: "C-alignment",
      statement: "An unaligned start aligns: the off-diagonal entries of p2 and q1 decay.",
      source: DERIVED,
      measure: "off-diagonal rms at the last step over that at the first, of p2 or q1, whichever is larger",
      ...predicts(0, expect.mean({ to: 0.25 })),
      values(measured) {
        const blocks = ["q1", "p2"].map((block) => measured.curves(offDiagonal("alignment", block)));
        return { values: farthest(blocks.map((curves) => curves.map(({ y }) => last(y) / y[0])), mean) };
      },
    }),
    studies && several && lab.claim({
      id: "C-alignment-rate",
      statement: "The off-diagonal entries decay at the rate of the exact flow.",
      source: DERIVED,
      measure: "measured over exact time for the off-diagonal rms of q1 to halve",
      ...predicts(1, expect.mean({ from: 0.9, to: 1.1 })),
      values(measured) {
        const [times, exact] = ["alignment", "alignment, exact flow"].map((series) =>
          measured.curves(offDiagonal(series, "q1")).map((curve) => crossing(curve, curve.y[0] / 2, "down"))
        );
        const halved = times.map((_, replica) => replica).filter((r) => times[r] !== null && exact[r] !== null);
        if (halved.length < 2) return { unmeasured: `halved in ${halved.length} replicas` };
        const detail = `halved in ${halved.length} of ${times.length} replicas`;
        return { values: halved.map((r) => times[r]! / exact[r]!), detail };
      },
    }),
    studies && lab.claim({
      id: "1-null-blocks-attract",
      statement: "SGD finds the solution with p1 = q2 = 0 also from a small random start in all four blocks.",
      source: "the paper assumes p1 = q2 = 0 at the start; tested here",
      measure: "p2 q1 carries at least 0.9 of the product at the last step",
      expect: expect.share({ atLeast: 0.95 }, "learned (mode, replica) pairs"),
      values(measured) {
        const shares = setting.spectrum.flatMap((_, index) =>
          measured.at({ series: "mirror", quantity: "share of p1 q2", index }, setting["study-steps"])
        );
        if (shares.length === 0) return { unmeasured: "no mode learned yet" };
        const mirrored = mean(shares.map((share) => Number(share >= 0.9)));
        const detail = `p1 q2 carries ≥ 0.9 in a fraction ${mirrored.toFixed(2)} of ${shares.length}`;
        return { values: shares.map((share) => share <= 0.1), detail };
      },
    }),
    studies && fresh && lab.claim({
      id: "3-miscalibration",
      statement: "Inputs with another covariance than in training cost what the fixed point predicts.",
      source: `${ARXIV}, fixed point; exact loss at finite N derived here`,
      measure: "measured over exact loss, at the covariance factor where it is farthest from 1",
      ...predicts(1, expect.mean({ from: 0.95, to: 1.05 })),
      values(measured) {
        const factors = setting.shifts.map((factor) => {
          const losses = measured.last(shift(factor));
          const theories = [PAPER, EXACT].map((name) => last(measured.theory(name, shift(factor)).y));
          const off = theories.map((theory) => relative(theory, mean(losses)));
          return { factor, values: losses.map((loss) => loss / theories[1]), off };
        });
        const { factor, values } = farthest(factors, ({ values }) => Math.abs(mean(values) - 1));
        const worst = (rival: number) => Math.max(...factors.map(({ off }) => off[rival]));
        return { values, detail: `worst at ${factor} times the training covariance`, ...rivals(worst(0), worst(1)) };
      },
    }),
  ];
}

/** Claims that apply to a setting. */
export function claims(setting: Setting): lab.Claim<lab.Measurements>[] {
  const assumptions = assumptionsOf(setting);
  return [onModes, onLoss, onConservation, onFixedPoints, onStudies]
    .flatMap((claimsOn) => claimsOn(setting, assumptions)).filter((claim) => claim !== false);
}
