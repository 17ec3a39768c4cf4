/** Documents: what they show runs, what they link to exists, and what is generated is up to date. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl, join } from "@std/path";
import { collectBoard } from "../lib/tools/board/collect.ts";
import { experimentsList } from "../lib/tools/experiments_list.ts";
import { currentReference } from "../lib/tools/reference.ts";
import { assertResumes } from "./run/kills.ts";
import { finished, inFolder } from "./run/subprocess.ts";
import project from "../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("../", import.meta.url));
const text = (path: string) => Deno.readTextFileSync(`${root}${path}`);

/** Every document of the workspace, by path. */
const documents = [...markdownIn("")];

function* markdownIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${root}${folder}`)) {
    const path = `${folder}${name}`;
    if (isDirectory && !name.startsWith(".") && (folder !== "results/" || name === "gallery")) {
      yield* markdownIn(`${path}/`);
    } else if (name.endsWith(".md")) yield path;
  }
}

/** Code blocks of a document in a language. */
function blocks(path: string, language: string): string[] {
  return [...text(path).matchAll(/^```(\w+)[^\n]*\n([\s\S]*?)^```/gm)].filter(([, found]) => found === language)
    .map(([, , code]) => code);
}

/** Lines without what indents them. */
const flat = (code: string) => code.trim().split("\n").map((line) => line.trim()).join("\n");

Deno.test("README fits on a few screens, and no document has lines that a terminal cannot show", () => {
  assert(text("README.md").trimEnd().split("\n").length <= 150);
  const wide = documents.flatMap((path) =>
    text(path).split("\n").filter((line) => [...line].length > 200).map(() => path)
  );
  assertEquals(wide, []);
});

Deno.test("code in documents is that of a file", () => {
  const [example, ...more] = blocks("README.md", "ts");
  assertEquals([example, more.length], [text("experiments/examples/modes.ts"), 0]);
  assert(example.trimEnd().split("\n").length <= 30, "expected a complete experiment of at most 30 lines");
  const files = ["experiments/examples", "experiments", "lib/tools/new"].flatMap((folder) =>
    [...Deno.readDirSync(`${root}${folder}`)].filter(({ name }) => name.endsWith(".ts"))
      .map(({ name }) => flat(text(`${folder}/${name}`)))
  );
  // tests/kernels/readme_test.ts compares kernels/README.md with the file that it names before each block.
  for (const path of documents.filter((path) => path !== "README.md" && path !== "kernels/README.md")) {
    for (const code of blocks(path, "ts")) {
      assert(
        files.some((file) => file.includes(flat(code).replace(/;$/, ""))),
        `${path}: expected an excerpt of a file, found\n${code}`,
      );
    }
  }
});

Deno.test("every file that a document links to exists, and every task that it starts", () => {
  const tasks = Object.keys(project.tasks);
  for (const path of documents) {
    for (const [, target] of text(path).matchAll(/\]\((?!https?:|#)([^)\s#]+)[^)\s]*\)/g)) {
      const file = join(root, dirname(path), decodeURI(target));
      assert(exists(file), `${path}: expected ${target} to exist`);
    }
    for (const [, name] of text(path).matchAll(/(?:\.\/lab|deno task) ([a-z]+(?:-[a-z]+)*)/g)) {
      assert(tasks.includes(name), `${path}: expected a task, found ${name}`);
    }
  }
});

Deno.test("README lists the kept runs as the gallery has them", () => {
  const { entries, problems } = collectBoard(`${root}results/gallery`, { experiments: [] });
  assertEquals(problems, []);
  assertStringIncludes(text("README.md"), experimentsList(entries));
});

Deno.test("lib/README.md is what deno task reference writes", async () => {
  assertEquals(text("lib/README.md"), await currentReference());
});

Deno.test("every example runs, and writes its figure", () =>
  inFolder(async (folder) => {
    for (const { name } of Deno.readDirSync(`${root}experiments/examples`)) {
      const program = `${root}experiments/examples/${name}`;
      // The others, a notebook and a file of claims, are no programs; each has a test of its own.
      if (!Deno.readTextFileSync(program).includes("if (import.meta.main)")) continue;
      const args = ["run", "--no-prompt", "--allow-read", "--allow-write=results", program];
      const { code, stderr } = await finished(
        Deno.execPath(),
        [...args, "--preset=smoke", "--quiet", `--out=results/${name}`],
        folder,
        { XDG_RUNTIME_DIR: "/tmp" },
      );
      assertEquals([code, stderr], [0, ""], name);
      assert([...Deno.readDirSync(`${folder}/results/${name}/figures`)].length >= 2, name);
    }
  }));

Deno.test("the example with checkpoints, killed and resumed, ends with the same bytes", () =>
  inFolder(async (folder) => {
    const program = `${root}experiments/examples/copying.ts`;
    const options = ["--steps=60", "--replicas=2", "--checkpoint-every=7"];
    await assertResumes({ program, root: folder, options, kills: 2, slowest: 1500 });
  }));

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
