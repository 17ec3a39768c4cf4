/** The experiment from its command line to what it leaves. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { experiment, mapsOf, partShare, type Samples } from "../../experiments/identifiability.ts";
import { halfTime, lateExponent } from "../../experiments/identifiability/claims.ts";
import { encoderWidths, QUANTITIES } from "../../experiments/identifiability/setting.ts";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { claimsOf } from "../../lib/run/experiment.ts";
import { assertResumes } from "../run/kills.ts";
import { normals } from "../../lib/random/random.ts";
import { qrReference } from "../../lib/linalg/reference_solve.ts";
import { inFolder } from "../run/subprocess.ts";
import { assertRefused, claimsFromLog } from "./checks.ts";

const program = fromFileUrl(import.meta.resolve("../../experiments/identifiability.ts"));
const options = ["--preset=smoke", "--checkpoint-every=4"];

Deno.test("killed in any of its trainings and resumed, the smoke preset leaves the same log, claims and figures; the log alone gives its claims", () =>
  inFolder(async (root) => {
    const steps = await assertResumes({ program, root, options, kills: 3, slowest: 2500 });
    assert(steps.length > 0);

    const folder = `${root}/results/whole`;
    const { configuration } = parseCommandLine(["--preset=smoke"], experiment.options, experiment.presets);
    const measured = await claimsFromLog(folder, claimsOf(experiment, configuration));

    assertEquals(measured.series, [
      "κ = 10",
      "κ = 50",
      "normal latents",
      "Laplace latents",
      "unit rows",
      "DIET",
      "DIET, unit rows",
      "C = 3",
      "d = 4",
    ]);
    for (const series of measured.series) {
      assertEquals(measured.replicas({ series, quantity: QUANTITIES.latents }), [0, 1], series);
      const explained = measured.last({ series, quantity: QUANTITIES.latents });
      explained.forEach((value) => assert(value <= 1, `${series}: ${value}`));
    }
    // Seeds of all conditions of one dimension have the same process: raw inputs differ by the law of the latents alone.
    const raw = (series: string) => measured.last({ series, quantity: QUANTITIES.raw });
    assertEquals(raw("unit rows"), raw("κ = 10"));
    // No head tells more of the latents than the exact posterior does, and an untrained one is far from it.
    const first = measured.first({ series: "κ = 10", quantity: QUANTITIES.excess });
    first.forEach((value) => assert(value > 0.1, `${value}`));
    for (const quantity of [QUANTITIES.told, QUANTITIES.untold]) {
      assertEquals(measured.replicas({ series: "C = 3", quantity }), [0, 1]);
      assertEquals(measured.has({ series: "κ = 10", quantity }), false);
    }
    const figures = [...Deno.readDirSync(`${folder}/figures`)].filter(({ name }) => name.endsWith(".svg"));
    assertEquals(figures.length, 6);
  }));

/** Two replicas of latents and class vectors on the sphere; those of the first replica are no numbers. */
function samplesOf(S: number, d: number, C: number, N: number): Samples {
  const unit = (key: string, count: number) => {
    const rows = Float32Array.from(normals({ seed: 1, key }, count * d));
    for (let first = 0; first < rows.length; first += d) {
      const row = rows.subarray(first, first + d);
      const length = Math.hypot(...row);
      row.forEach((value, j) => row[j] = value / length);
    }
    return [...Array<number>(count * d).fill(NaN), ...rows];
  };
  const [z, centres] = [unit("latents", S), unit("class vectors", C)].map((all) => Float32Array.from(all));
  return { sizes: { S, d, C, N }, z, x: z, centres, exact: new Float32Array(2) };
}

Deno.test("maps: features κ O z and rows O v have R² 1, singular values κ and 1, and one map; noise leaves its share", () => {
  const [S, d, C, N, kappa] = [600, 3, 20, 40, 10];
  const samples = samplesOf(S, d, C, N);
  const O = qrReference(normals({ seed: 2, key: "turn" }, d * d), d, d).q;
  const turned = (v: Float32Array, at: number, j: number) => {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += v[at * d + i] * O[i * d + j];
    return sum;
  };
  const features = Float32Array.from({ length: 2 * S * d }, (_, at) => {
    return kappa * turned(samples.z, Math.floor(at / d), at % d) + 3;
  });
  // Row i belongs to class i mod C; the head is (R, d, N).
  const rows = Float32Array.from({ length: 2 * d * N }, (_, at) => {
    const [r, j, i] = [Math.floor(at / (d * N)), Math.floor(at / N) % d, at % N];
    return turned(samples.centres, r * C + i % C, j);
  });
  const { r2, singular, rank, vectors } = mapsOf(samples, { features, rows }, kappa, 1);
  assertAlmostEquals(r2, 1, 1e-6);
  assertAlmostEquals(vectors!.r2, 1, 1e-6);
  singular.forEach((value) => assertAlmostEquals(value, kappa, 1e-4));
  vectors!.singular.forEach((value) => assertAlmostEquals(value, 1, 1e-5));
  assertAlmostEquals(vectors!.apart, 0, 1e-5);
  // Uniform on the sphere, all directions have the same variance.
  assert(rank > 2.98 && rank <= 3, `${rank}`);
  // Noise of as much variance as the latents have (κ²/d) leaves half of it explained.
  const noise = normals({ seed: 3, key: "noise" }, 2 * S * d);
  const noisy = features.map((value, at) => value + kappa / Math.sqrt(d) * noise[at]);
  assertAlmostEquals(mapsOf(samples, { features: noisy, rows }, kappa, 1).r2, 0.5, 0.06);
  // A head whose rows are turned the other way is as far from the map as two orthogonal maps of opposite sign.
  assertAlmostEquals(
    mapsOf(samples, { features, rows: rows.map((value) => -value) }, kappa, 1).vectors!.apart,
    2,
    1e-4,
  );
});

Deno.test("parts of the latents: features along v_c − v_1 tell that part and nothing of the rest", () => {
  const [S, d, C] = [2000, 4, 3];
  const samples = samplesOf(S, d, C, C);
  const along = (at: number, c: number) => {
    let sum = 0;
    for (let j = 0; j < d; j++) {
      sum += samples.z[at * d + j] * (samples.centres[(C + c) * d + j] - samples.centres[C * d + j]);
    }
    return sum;
  };
  const features = Float32Array.from({ length: 2 * S * d }, (_, at) => along(Math.floor(at / d), 1 + at % (C - 1)));
  assertAlmostEquals(partShare(samples, features, 1, "told"), 1, 1e-5);
  assertAlmostEquals(partShare(samples, features, 1, "untold"), 0, 0.01);
  assertAlmostEquals(partShare(samples, samples.z, 1, "untold"), 1, 1e-5);
});

Deno.test("the paper's encoder: d, 10 d, four times 50 d, 10 d, d; a width cuts it off", () => {
  assertEquals(encoderWidths(5, 1e6), [5, 50, 250, 250, 250, 250, 50, 5]);
  assertEquals(encoderWidths(5, 64), [5, 50, 64, 64, 64, 64, 50, 5]);
  assertEquals(encoderWidths(20, 64), [20, 64, 64, 64, 64, 64, 64, 20]);
});

Deno.test("claims: the exponent of a power law is found from where the excess has halved, whatever came before", () => {
  const x = [0, 1, 2, 3, 4, 5];
  const excess = [2, 1.9, 0.8, 0.4, 0.2, 0.1];
  const r2 = excess.map((value, at) => at < 2 ? 0.1 : 1 - 0.3 * value ** 1.5);
  assertAlmostEquals(lateExponent({ x, y: excess }, { x, y: r2 })!, 1.5, 1e-9);
  assertEquals(lateExponent({ x, y: x.map(() => 2) }, { x, y: r2 }), null);
  assertAlmostEquals(halfTime({ x: [0, 1, 4, 16], y: [0, 0, 1, 1] })!, 2, 1e-9);
  assertAlmostEquals(halfTime({ x: [0, 1, 4, 16], y: [3, 3, 1, 1] })!, 2, 1e-9);
});

Deno.test("options that cannot be run are refused in one line", () =>
  assertRefused(program, options, [
    [["--classes=3"], "expected --classes above --dimension=3, found 3"],
    [["--instances=25"], "expected --instances to be a multiple of --classes=16, found 25"],
    [["--concentrations=10"], "expected --concentrations to differ from --concentration, found 10 in both"],
    [["--other-classes=16"], "expected --other-classes to differ from --classes, found 16 in both"],
    [["--other-dimensions=3"], "expected --other-dimensions to differ from --dimension, found 3 in both"],
    [["--other-dimensions=16"], "expected --other-dimensions below --classes=16, found 16"],
    [["--samples=300"], "expected --samples to be a multiple of 256 above 16, found 300"],
  ]));
