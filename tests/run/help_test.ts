import { assertEquals, assertThrows } from "@std/assert";
import { docText, firstParagraph } from "../../lib/run/docstring.ts";
import { helpText } from "../../lib/run/help.ts";
import { choice, flag, numbers, text as words } from "../../lib/run/options.ts";

Deno.test("help states the question, options with domains and defaults, presets and where results go", () => {
  const options = {
    spectrum: numbers([2, 1], { above: 0, help: "eigenvalues of Σ" }),
    tasks: choice(["commuting", "dense"], { help: "law of the tasks" }),
    center: flag("centre inputs"),
    file: words("none", { help: "what to read" }),
    controls: flag("controls", true),
  };
  const text = helpText({ name: "demo", options, presets: { smoke: { spectrum: [1] } } }, "Does it learn?\n\nTask …");
  const lines = text.split("\n");
  assertEquals(lines.slice(0, 10), [
    "Does it learn?",
    "",
    "Task …",
    "",
    "Options",
    "  --spectrum=X,Y,…  eigenvalues of Σ; a comma-separated list of numbers > 0 [2,1]",
    "  --tasks=WORD      law of the tasks; one of commuting|dense [commuting]",
    "  --center          centre inputs",
    "  --file=TEXT       what to read; a text [none]",
    "  --no-controls     without controls",
  ]);
  assertEquals(lines.filter((line) => /^ {2}(--out|--preset|smoke)/.test(line)), [
    "  --preset=NAME   one of default|smoke; other options override it, a later one replaces it [default]",
    "  --out=DIR       run folder, new or empty [results/demo/<start>-<preset>-seed<seed>]",
    "  smoke    --spectrum=1",
  ]);
});

Deno.test("help names operands before options", () => {
  const operands = { name: "FILES…", help: "what to read" };
  const text = helpText({ name: "demo", options: {}, presets: {}, operands }, "Does it?");
  assertEquals(text.includes("Options\n  FILES…  what to read\n"), true);
});

Deno.test("help of a resumable experiment says how to resume it, that of others does not", () => {
  const plain = { name: "demo", options: {}, presets: {} };
  const of = (text: string) => text.split("\n").filter((line) => /resume|checkpoint/i.test(line));
  assertEquals(of(helpText(plain, "Does it?")), []);
  assertEquals(of(helpText({ ...plain, resumable: { every: 200 } }, "Does it?")), [
    "  --checkpoint-every=N  steps between checkpoints, 0 for none; an integer ≥ 0 [200]",
    '  --checkpoint-keep=N   newest checkpoints to keep; an integer ≥ 1 or "all" [all]',
    "  --resume=RUN          run folder to go on from, with its configuration, from its newest checkpoint",
    "Checkpoints: checkpoints/step-NNNNNNNN.safetensors in the run folder; a resumed run ends as if never interrupted.",
  ]);
  assertEquals(of(helpText({ ...plain, resumable: true }, "Does it?"))[0].endsWith("[1000]"), true);
});

Deno.test("the docstring of a file is its description, shebang or not", () => {
  const path = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(
      path,
      "#!/usr/bin/env -S deno run\n/**\n * Does it\n * learn?\n *\n * Task  y = w·x\n */\nexport {};\n",
    );
    const text = docText(new URL(`file://${path}`));
    assertEquals(text, "Does it\nlearn?\n\nTask  y = w·x");
    assertEquals(firstParagraph(text), "Does it learn?");
    Deno.writeTextFileSync(path, "export {};\n/** Late. */\n");
    assertThrows(() => docText(new URL(`file://${path}`)), Error, "to open with a docstring, found none");
  } finally {
    Deno.removeSync(path);
  }
});
