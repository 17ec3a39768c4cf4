/** The README's questions, asked of a results folder as a shell would ask them. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { inFolder, queryCommand, writeSample } from "./sample.ts";

Deno.test("README: its questions run and give what the sample's makers know", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const readme = Deno.readTextFileSync(new URL("../../../lib/tools/query/README.md", import.meta.url));
    const [, block] = /```sh\n((?:(?!```)[\s\S])*?\.\/lab query[\s\S]*?)```/.exec(readme) ?? [];
    assert(block, "expected examples of ./lab query in README.md, found none");
    const asked = block.split(/\n(?=#)/).map((part) => part.trim());
    assertEquals(asked.length, 4);
    const answers: string[] = [];
    for (const question of asked) {
      const script = question.replaceAll("./lab query", queryCommand());
      const { code, stdout, stderr } = await new Deno.Command("sh", { args: ["-euc", script], cwd: folder }).output();
      assertEquals(code, 0, question + new TextDecoder().decode(stderr));
      answers.push(new TextDecoder().decode(stdout));
    }
    const [runs, modes] = answers;
    assertEquals(runs.trim().split("\n").length, 4);
    // Mode 1 jumps at the transition of each seed of both runs; mode 2 rises evenly and passes half of its end at step 150.
    const [head, ...rows] = modes.trim().split("\n").map((line) => line.trim().split(/\s+/));
    assertEquals(head, ["index", "seeds", "q25", "median", "q75"]);
    assertEquals(rows.map(([mode, seeds, , median]) => [mode, seeds, median]), [["1", "8", "165"], ["2", "8", "150"]]);
    const names = [...Deno.readDirSync(`${folder}/results`)].map(({ name }) => name).sort();
    assertEquals(names, ["depths", "measures.parquet", "modes.png", "modes.svg", "modes.vl.json", "widths"]);
    assertStringIncludes(Deno.readTextFileSync(`${folder}/results/modes.svg`), "value against step, by index");
  }));
