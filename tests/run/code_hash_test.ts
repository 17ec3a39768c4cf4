import { assertEquals, assertNotEquals } from "@std/assert";
import { codeHash } from "../../lib/run/code_hash.ts";

/** A workspace with an experiment in it, its helpers and what is no code. */
function withWorkspace(check: (root: string, write: (path: string, text: string) => void) => void) {
  const root = Deno.makeTempDirSync();
  const write = (path: string, text: string) => Deno.writeTextFileSync(`${root}/${path}`, text);
  try {
    for (const folder of ["lib", "kernels", "kernels/norm", "experiments", "experiments/mine"]) {
      Deno.mkdirSync(`${root}/${folder}`);
    }
    for (
      const path of ["mod.ts", "lib/a.ts", "kernels/norm/a.wgsl", "experiments/mine.ts", "experiments/mine/claims.ts"]
    ) {
      write(path, `// ${path}`);
    }
    check(root, write);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

Deno.test("an edit of the library, a kernel, the experiment or its helpers changes the hash, whether it is committed or not", () =>
  withWorkspace((root, write) => {
    const hash = () => codeHash(`${root}/experiments/mine.ts`, root);
    const seen = [hash()];
    assertEquals(hash(), seen[0]);
    for (
      const path of ["mod.ts", "lib/a.ts", "kernels/norm/a.wgsl", "experiments/mine.ts", "experiments/mine/claims.ts"]
    ) {
      write(path, "// changed");
      seen.push(hash());
    }
    write("lib/new.ts", "");
    seen.push(hash());
    assertEquals(new Set(seen).size, 7);
  }));

Deno.test("texts, other experiments and where the workspace lies say nothing about the code", () =>
  withWorkspace((root, write) => {
    const hash = codeHash(`${root}/experiments/mine.ts`, root);
    write("lib/README.md", "words");
    write("experiments/other.ts", "// another");
    assertEquals(codeHash(`${root}/experiments/mine.ts`, root), hash);
    assertNotEquals(codeHash(`${root}/experiments/other.ts`, root), hash);
    withWorkspace((elsewhere) => assertEquals(codeHash(`${elsewhere}/experiments/mine.ts`, elsewhere), hash));
  }));

Deno.test("no hash where there is no code to read", () => {
  assertEquals(codeHash(null, "/nowhere"), null);
  assertEquals(codeHash(null, null), null);
});
