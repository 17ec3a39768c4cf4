import { assertAlmostEquals, assertEquals } from "@std/assert";
import { openGpu } from "../../../lib/gpu/device.ts";
import { evaluateOnGpu, lastOnGpu } from "../../../lib/tools/measure/evaluate_gpu.ts";
import { evaluateOnHost, lastOnHost } from "../../../lib/tools/measure/evaluate_host.ts";
import type { Factors, Finding } from "../../../lib/tools/measure/evaluate.ts";
import type { Family } from "../../../lib/tools/measure/plan.ts";
import { gaussian } from "../../linalg/matrices.ts";

await openGpu();

const GAP = 2;
const wanted = { distance: true, overlap: true, angles: true };

function familyOf(circuit: Family["circuit"], M: number, N: number, D: number, heads: number): Family {
  const about = { circuit, layer: 0, name: "x", series: ["x"], heads, replicas: 1, tensors: [] };
  const read = () => ({ a: new Float32Array(0) });
  return { ...about, sizes: { M, N, D }, factored: circuit !== "matrix", read };
}

/** Weights that turn from a random matrix towards another, which loses some directions. */
function loading({ sizes: { M, N, D }, heads, factored }: Family): (step: number) => Factors | null {
  const inner = factored ? D : N;
  const at = (rows: number, step: number, seed: number) => {
    const [from, to] = [gaussian(heads * rows * inner, seed), gaussian(heads * rows * inner, seed + 1)];
    return from.map((value, index) => (4 - step) / 4 * value + step / 4 * to[index] * (index % inner < 4 ? 3 : 0.01));
  };
  return (step) => step === GAP ? null : { a: at(M, step, 1), ...(factored && { b: at(N, step, 3) }) };
}

for (
  const family of [
    familyOf("QK", 30, 30, 6, 3),
    familyOf("OV", 8, 8, 8, 2),
    familyOf("matrix", 12, 30, 30, 1),
    familyOf("matrix", 30, 12, 12, 1),
  ]
) {
  const { circuit, sizes: { M, N, D } } = family;
  Deno.test(`findings of ${circuit} ${M} × ${N} by ${D}: the same on the CPU as on the GPU, with a gap`, async () => {
    const load = loading(family);
    const [cpu, gpu] = [new Map<number, readonly Finding[]>(), new Map<number, readonly Finding[]>()];
    const into = (to: Map<number, readonly Finding[]>) => (step: number, found: readonly Finding[]) => {
      to.set(step, found.map((finding) => ({ ...finding, s: finding.s.slice() })));
      return Promise.resolve();
    };
    const [own, theirs] = [lastOnHost(family, 5, load), await lastOnGpu(family, 5, load)];
    assertEquals(own?.ranks, theirs?.ranks);
    await evaluateOnHost(family, 5, load, wanted, into(cpu), own);
    await evaluateOnGpu(family, 5, load, wanted, into(gpu), theirs);
    assertEquals([...cpu.keys()], [0, 1, 3, 4]);
    assertEquals([...gpu.keys()], [0, 1, 3, 4]);
    for (const [step, findings] of gpu) {
      findings.forEach((expected, g) => {
        const found = cpu.get(step)![g];
        expected.s.forEach((value, k) => assertAlmostEquals(found.s[k], value, 2e-5 * expected.s[0]));
        assertAlmostEquals(found.distance!, expected.distance!, 1e-4, `distance at ${step}`);
        if (step === 0) assertEquals([found.overlap, expected.overlap], [NaN, NaN]);
        else assertAlmostEquals(found.overlap!, expected.overlap!, 1e-4, `overlap at ${step}`);
        [0, 1].forEach((which) => assertAlmostEquals(found.angles![which], expected.angles![which], 1e-3));
      });
    }
    assertAlmostEquals(cpu.get(4)![0].angles![0], 0, 1e-6);
  });
}

Deno.test("values alone on the CPU and on the GPU, where nothing is compared; of products as formed and through factors", async () => {
  const none = { distance: false, overlap: false, angles: false };
  const families = [
    familyOf("matrix", 9, 7, 7, 1),
    familyOf("QK", 20, 18, 5, 1),
    familyOf("QK", 8, 9, 7, 1),
    familyOf("OV", 4, 9, 6, 1),
  ];
  for (const family of families) {
    const { M, N, D } = family.sizes;
    const load = loading(family);
    const found: Finding[] = [];
    for (const evaluate of [evaluateOnHost, evaluateOnGpu]) {
      await evaluate(family, 1, load, none, (_, [finding]) => {
        found.push(finding);
        return Promise.resolve();
      }, null);
    }
    assertEquals(found.map((finding) => Object.keys(finding)), [["s"], ["s"]]);
    assertEquals(found.map(({ s }) => s.length), [Math.min(M, N, D), Math.min(M, N, D)]);
    found[1].s.forEach((value, k) => assertAlmostEquals(found[0].s[k], value, 1e-5 * found[1].s[0]));
  }
});
