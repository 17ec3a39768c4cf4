/**
 * The main experiment as a user starts it: a process that may read, and write below `results`, and nothing else.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { finished, type Said } from "../run/subprocess.ts";

/** Its file. */
export const program: string = fromFileUrl(import.meta.resolve("../../experiments/linear_icl.ts"));

/** Permissions of the experiment's first line. */
export const PERMISSIONS: readonly string[] = ["--allow-read", "--allow-write=results"];

/** Arguments of `deno` that start the smoke preset; `--no-prompt` because a terminal would be asked otherwise. */
export function denoArgs(args: readonly string[], permissions: readonly string[] = PERMISSIONS): string[] {
  return ["run", "--no-prompt", ...permissions, program, "--preset=smoke", ...args];
}

/** Without it Mesa adds a line of its own to stderr. */
export const ENV: Readonly<Record<string, string>> = { XDG_RUNTIME_DIR: "/tmp" };

/** Runs the smoke preset to its end. */
export function runIcl(
  args: readonly string[],
  cwd: string,
  { permissions, env = {} }: { permissions?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Said> {
  return finished(Deno.execPath(), denoArgs(args, permissions), cwd, { ...ENV, ...env });
}

/** A smoke run in progress, and what it has said on stderr so far. */
export interface Started {
  readonly child: Deno.ChildProcess;
  /** Resolves once stderr, or another sign, satisfies the condition; rejects after 20 s with what was said. */
  until(condition: (stderr: string) => boolean): Promise<void>;
  /** Waits for the end. */
  end(): Promise<Pick<Said, "code" | "stderr">>;
}

/** Starts the smoke preset. */
export function startIcl(args: readonly string[], cwd: string): Started {
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArgs(args),
    cwd,
    env: ENV,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  const read = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) stderr += chunk;
  })();
  return {
    child,
    async until(condition) {
      for (let wait = 0; !condition(stderr); wait++) {
        if (wait < 1000) await new Promise((resolve) => setTimeout(resolve, 20));
        else {
          child.kill("SIGKILL");
          throw new Error(`expected a sign of progress within 20 s, found on stderr: ${stderr}`);
        }
      }
    },
    async end() {
      const { code } = await child.status;
      await read;
      return { code, stderr };
    },
  };
}
