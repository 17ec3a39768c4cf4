import { assertEquals } from "@std/assert";
import { gitCommit } from "../../lib/run/git_commit.ts";

Deno.test("the commit is read from loose and packed refs, a detached head, and a linked worktree", () => {
  const root = Deno.makeTempDirSync();
  const [one, two, three] = ["1", "2", "3"].map((digit) => digit.repeat(40));
  try {
    Deno.mkdirSync(`${root}/repo/.git/refs/heads/topic`, { recursive: true });
    Deno.mkdirSync(`${root}/repo/deep/er`, { recursive: true });
    const git = `${root}/repo/.git`;
    Deno.writeTextFileSync(`${git}/HEAD`, "ref: refs/heads/topic/x\n");
    assertEquals(gitCommit(`${root}/repo/deep/er`), null);
    Deno.writeTextFileSync(`${git}/packed-refs`, `# pack-refs\n${two} refs/heads/topic/x\n^${three}\n`);
    assertEquals(gitCommit(`${root}/repo/deep/er`), two);
    Deno.writeTextFileSync(`${git}/refs/heads/topic/x`, `${one}\n`);
    assertEquals(gitCommit(`${root}/repo/deep/er`), one);

    Deno.mkdirSync(`${git}/worktrees/linked`, { recursive: true });
    Deno.mkdirSync(`${root}/linked`);
    Deno.writeTextFileSync(`${root}/linked/.git`, `gitdir: ${git}/worktrees/linked\n`);
    Deno.writeTextFileSync(`${git}/worktrees/linked/HEAD`, "ref: refs/heads/topic/x\n");
    Deno.writeTextFileSync(`${git}/worktrees/linked/commondir`, "../..\n");
    assertEquals(gitCommit(`${root}/linked`), one);

    Deno.writeTextFileSync(`${git}/HEAD`, `${three}\n`);
    assertEquals(gitCommit(`${root}/repo`), three);
    Deno.removeSync(git, { recursive: true });
    assertEquals(gitCommit(`${root}/linked`), null);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
