import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openSafetensors, writeSafetensors } from "../../../lib/checkpoint/mod.ts";
import { matmulReference } from "../../../lib/linalg/reference_solve.ts";
import { ComposingHead } from "../../../lib/tools/measure/composition.ts";
import { inFolder } from "../../checkpoint/files.ts";
import { gaussian } from "../../linalg/matrices.ts";
import { measure, values } from "./run_measure.ts";

const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0));

Deno.test("composition: of random heads about 1 / √C", () => {
  const [C, D] = [256, 16];
  const circuit = (seed: number) => ({
    a: gaussian(C * D, seed),
    b: gaussian(C * D, seed + 1),
    width: C,
    headWidth: D,
  });
  const heads = [0, 1].map((i) => new ComposingHead(circuit(10 * i), circuit(10 * i + 5)));
  for (const score of Object.values(heads[1].with(heads[0]))) assertAlmostEquals(score, 1 / Math.sqrt(C), 0.01);
});

Deno.test("measure: composition scores of grouped heads are those of the products themselves", () =>
  inFolder(async (folder) => {
    const llama = fromFileUrl(import.meta.resolve("./fixtures/architectures/llama"));
    const { exitCode, rows, said, out } = await measure(folder, llama, "--measures=composition", "--matrices=none");
    assertEquals(exitCode, 0, said);
    using source = openSafetensors(llama);
    const [C, D] = [16, 4];
    const of = (layer: number, name: string) => source.read(`model.layers.${layer}.self_attn.${name}_proj.weight`);
    const rowsOf = (x: Float32Array, head: number) => Float64Array.from(x.subarray(head * D * C, (head + 1) * D * C));
    const transposed = (x: Float64Array, M: number, N: number) =>
      Float64Array.from({ length: M * N }, (_, i) => x[(i % M) * N + Math.floor(i / M)]);
    const qk = (layer: number, head: number) =>
      matmulReference(transposed(rowsOf(of(layer, "q"), head), D, C), rowsOf(of(layer, "k"), head >> 1), C, D, C);
    const ov = (layer: number, head: number) => {
      const o = of(layer, "o");
      const own = Float64Array.from({ length: C * D }, (_, i) => o[Math.floor(i / D) * C + head * D + i % D]);
      return matmulReference(own, rowsOf(of(layer, "v"), head >> 1), C, D, C);
    };
    const score = (x: Float64Array, y: Float64Array) => norm(matmulReference(x, y, C, C, C)) / (norm(x) * norm(y));
    const [later, earlier] = [3, 1];
    const at = { series: `with layer 0 head ${earlier}`, layer: 1, head: later };
    const right = {
      "Q-composition": score(transposed(qk(1, later), C, C), ov(0, earlier)),
      "K-composition": score(qk(1, later), ov(0, earlier)),
      "V-composition": score(ov(1, later), ov(0, earlier)),
    };
    for (const [quantity, value] of Object.entries(right)) {
      const found = values(rows, { ...at, quantity });
      assertEquals(found.length, 1);
      assertAlmostEquals(found[0], value, 1e-6, quantity);
    }
    assertEquals(values(rows, { quantity: "K-composition" }).length, 16);
    assertEquals(rows.filter(({ theory }) => theory === "random heads, 1/√C").map(({ value }) => value), [1 / 4]);
    const figure = JSON.parse(Deno.readTextFileSync(`${out}/figures/composition_heads.vl.json`));
    const drawn = figure.datasets.scores1.find((row: { later: string; earlier: string }) =>
      row.later === `1.${later}` && row.earlier === `0.${earlier}`
    );
    assertAlmostEquals(drawn.score, right["K-composition"], 1e-5);
  }));

Deno.test("measure: Ctrl-C leaves figures and change points of what was done", () =>
  inFolder(async (folder) => {
    const program = fromFileUrl(import.meta.resolve("../../../lib/tools/measure/main.ts"));
    // Enough to be still at work when the first numbers stand in the log.
    const data = Float32Array.from({ length: 768 ** 2 }, (_, index) => Math.sin(index ** 2));
    for (let step = 0; step < 40; step++) {
      writeSafetensors(`${folder}/step-${step}.safetensors`, [{ name: "mlp.W_in", shape: [768, 768], data }], {});
    }
    const args = ["run", "-A", "--no-check", program, folder, "--measures=effective-rank", `--out=${folder}/out`];
    const child = new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).spawn();
    const log = () => {
      try {
        return Deno.readTextFileSync(`${folder}/out/log.ndjson`);
      } catch {
        return "";
      }
    };
    for (let i = 0; i < 600 && !log().includes('"effective-rank"'); i++) {
      await new Promise((done) => setTimeout(done, 50));
    }
    child.kill("SIGINT");
    const { code } = await child.status;
    assertEquals(code, 130);
    assert(Array.isArray(JSON.parse(Deno.readTextFileSync(`${folder}/out/change_points.json`))));
    assert([...Deno.readDirSync(`${folder}/out/figures`)].some(({ name }) => /^effective_rank.*svg$/.test(name)));
  }));
