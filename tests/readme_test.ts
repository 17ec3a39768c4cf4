import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

const root = fromFileUrl(new URL("../", import.meta.url));

Deno.test("README: the experiment it shows is complete and runs with the permissions it names", async () => {
  const [, code] =
    /```ts ignore\n(\/\*\* Does a smaller initial scale[\s\S]*?)```/.exec(Deno.readTextFileSync(`${root}README.md`)) ??
      [];
  assert(code, "expected the example in README.md, found none");
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/initial_scale.ts`, code.replaceAll('"../mod.ts"', `"file://${root}mod.ts"`));
    const { code: exitCode, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        `--config=${root}deno.json`,
        "--check",
        "--allow-read",
        `--allow-write=${folder}`,
        `${folder}/initial_scale.ts`,
        "--preset=smoke",
        `--out=${folder}/run`,
      ],
    }).output();
    assertEquals(exitCode, 0, new TextDecoder().decode(stderr));
    assert(Deno.statSync(`${folder}/run/figures/loss.svg`).size > 1000);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("README: every file it links to exists", () => {
  const text = Deno.readTextFileSync(`${root}README.md`);
  for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
    assert(Deno.statSync(`${root}${target}`), target);
  }
});
