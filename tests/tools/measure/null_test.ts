/** Nulls of curves, changes tested against them, and measures of the shape of a spectrum. */
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { writeSafetensors } from "../../../lib/checkpoint/mod.ts";
import { conditionNumber, hoyer, marchenkoPasturEdge, tailExponent } from "../../../lib/metrics/spectrum_shape.ts";
import { chanceRange, permuted } from "../../../lib/tools/measure/null.ts";
import type { Family } from "../../../lib/tools/measure/plan.ts";
import { normals, uniforms } from "../../../lib/random/random.ts";
import { inFolder } from "../../checkpoint/files.ts";
import { gaussian } from "../../linalg/matrices.ts";
import { measure, values } from "./run_measure.ts";

const matrix = (name: string, M: number, N: number, seed: number) => ({
  name,
  shape: [M, N],
  data: Float32Array.from(gaussian(M * N, seed)),
});

Deno.test("measure: independent random matrices change in nothing, whatever their curves look like", () =>
  inFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/run`);
    for (const step of [0, 1, 2]) {
      const tensors = Array.from(
        { length: 12 },
        (_, i) => matrix(`w${"abcdefghijkl"[i]}.weight`, 12, 16, 100 * step + i),
      );
      writeSafetensors(`${folder}/run/step-${step}.safetensors`, tensors);
    }
    const measures =
      "--measures=effective-rank,stable-rank,participation-ratio,subspace-distance,subspace-overlap,gini";
    const { exitCode, rows, said } = await measure(folder, `${folder}/run`, measures);
    assertEquals(exitCode, 0, said);
    assertEquals(rows.filter(({ kind }) => kind === "change"), []);
    const theory = (quantity: string, name: string) =>
      rows.filter((row) => row.kind === "theory" && row.quantity === quantity && row.theory === name);
    assertEquals(theory("effective-rank", "entries permuted").length, 12 * 3);
    // The null of a random matrix is that matrix over again.
    const mean = (all: readonly number[]) => all.reduce((sum, value) => sum + value, 0) / all.length;
    const [own, null_] = [
      values(rows, { quantity: "effective-rank" }),
      theory("effective-rank", "entries permuted").map(({ value }) => Number(value)),
    ];
    assertAlmostEquals(mean(null_), mean(own), 0.1);
    for (const { value } of theory("effective-rank", "largest range of entries permuted")) {
      assert(Number(value) > 0.3 && Number(value) < 1.5, String(value));
    }
    Deno.removeSync(`${folder}/out`, { recursive: true });
    const without = await measure(folder, `${folder}/run`, measures, "--no-null");
    assertEquals(without.rows.filter(({ kind }) => kind === "theory"), []);
    assert(without.rows.some(({ kind }) => kind === "change"));
  }));

Deno.test("measure: a matrix that loses rank falls below its null, and its change is found", () =>
  inFolder(async (folder) => {
    const [a, b] = [matrix("", 16, 2, 1).data, matrix("", 2, 16, 2).data];
    const noise = matrix("", 16, 16, 3).data;
    const at = (share: number) =>
      Float32Array.from(
        { length: 256 },
        (_, i) =>
          share * (a[2 * (i >> 4)] * b[i & 15] + a[2 * (i >> 4) + 1] * b[16 + (i & 15)]) + (1 - share) * noise[i],
      );
    Deno.mkdirSync(`${folder}/run`);
    [0, 0.3, 0.6, 0.9, 1].forEach((share, t) =>
      writeSafetensors(`${folder}/run/step-${10 * t}.safetensors`, [{
        name: "w.weight",
        shape: [16, 16],
        data: at(share),
      }])
    );
    const { exitCode, rows, said } = await measure(folder, `${folder}/run`, "--measures=effective-rank,above-edge,per");
    assertEquals(exitCode, 0, said);
    const last = { quantity: "effective-rank", step: 40 };
    const [value] = values(rows, last);
    const null_ = rows.find((row) => row.kind === "theory" && row.theory === "entries permuted" && row.step === 40);
    assertLess(value, 2.01);
    assertLess(9, Number(null_?.value));
    assertAlmostEquals(values(rows, { quantity: "per", step: 40 })[0], value / 16, 1e-6);
    assertEquals(values(rows, { quantity: "above-edge", step: 0 }), [0]);
    const change = rows.find(({ kind, change, quantity }) =>
      kind === "change" && change === "drop" && quantity === "effective-rank"
    );
    assertEquals([Number(change?.before) - Number(change?.after), String(change?.criterion).includes("permuted")], [
      10,
      true,
    ]);
  }));

Deno.test("permuted: the same entries of every matrix in other places, the same for the same seed", () => {
  const family = { heads: 2, replicas: 1, name: "w", series: ["QK", "QK"] } as unknown as Family;
  const a = Float32Array.from({ length: 200 }, (_, i) => i);
  const factors = permuted(family, { a }, 1, 0);
  assertEquals(factors.a.slice(0, 100).toSorted(), a.slice(0, 100));
  assertEquals(factors.a.slice(100).toSorted(), a.slice(100));
  assertEquals(permuted(family, { a }, 1, 0), factors);
  assert(permuted(family, { a }, 1, 1).a.some((value, i) => value !== factors.a[i]));
  // Places are uniform: the mean place of the first entry over many draws.
  const places = Array.from({ length: 2000 }, (_, draw) => permuted(family, { a }, 7, draw).a.indexOf(0));
  assertAlmostEquals(places.reduce((sum, place) => sum + place, 0) / 2000, 49.5, 4 * 28.9 / Math.sqrt(2000));
});

Deno.test("chanceRange: one of a thousand ranges of normal numbers is larger", () => {
  for (const T of [2, 3, 10, 40]) {
    const draws = normals({ seed: 3, key: `range ${T}` }, 20_000 * T);
    let larger = 0;
    for (let i = 0; i < 20_000; i++) {
      const own = draws.subarray(i * T, (i + 1) * T);
      if (Math.max(...own) - Math.min(...own) > chanceRange(T, 1)) larger++;
    }
    assert(larger > 5 && larger < 45, `${T}: ${larger} of 20000`);
  }
});

Deno.test("shapes of spectra: cases whose answer is known", () => {
  for (const alpha of [2, 3, 5]) {
    // Below λ = 1 uniform, from there on a power law: the cut is found, and the exponent within its interval.
    const u = uniforms({ seed: 5, key: `tail ${alpha}` }, 3000);
    const law = [...u].map((p, i) => i % 3 === 0 ? 0.2 + 0.8 * p : p ** (-1 / (alpha - 1)));
    const fit = tailExponent(law)!;
    assert(Math.abs(fit.alpha - alpha) < 4 * fit.error, `${alpha}: ${fit.alpha} ± ${fit.error}`);
    assertLess(fit.distance, 0.03);
    assertAlmostEquals(fit.error, (fit.alpha - 1) / Math.sqrt(fit.tail), 1e-12);
    const scaled = tailExponent(law.map((value) => 7 * value))!;
    assertAlmostEquals(scaled.alpha, fit.alpha, 1e-9);
  }
  assertEquals(tailExponent(new Float64Array(19).map((_, i) => i + 1)), null);
  assertEquals(tailExponent(new Float64Array(50).fill(2)), null);
  assertAlmostEquals(hoyer([3, 4, 0, 0]), 2 - 7 / 5, 1e-12);
  assertEquals(conditionNumber([6, 3]), 2);
  // The largest singular value of a random matrix lies at the edge (Geman 1980).
  assertAlmostEquals(marchenkoPasturEdge(400, 100, 200), 30, 1e-9);
});
