/**
 * A pretended machine to start `lab` on: its PATH holds only the tools named here and scripts that stand for the rest.
 *
 * @module
 */

/** Outcome of one start of `lab`. */
export interface Outcome {
  code: number;
  /** Standard output, one entry a line. */
  out: string[];
  /** Standard error, one entry a line. */
  messages: string[];
  /** Calls that scripts wrote to `$CALLS`, one entry a line. */
  calls: string[];
}

/** The commands besides the shell that `lab` relies on everywhere. */
const tools =
  "awk basename cat chmod cut dirname find grep gzip head ln ls mkdir mktemp mv paste readlink rm sh sed tar";

/** The machine unless a test says otherwise: a Linux user with the pinned Deno and a Vulkan driver. */
const usual: Record<string, string | undefined> = {
  deno: fakeDeno("2.9.6"),
  id: `echo 1000`,
  ldconfig: `echo "\tlibvulkan.so.1 (libc6,x86-64) => /lib/libvulkan.so.1"`,
  uname: `case $1 in -s) echo Linux ;; *) echo x86_64 ;; esac`,
};

/** A Deno that tells its version and prints its arguments, one a line. */
export function fakeDeno(version: string): string {
  return `if [ "$1" = --version ]; then echo "deno ${version} (stable)"; exit; fi
printf '%s\\n' "$@"
exit "\${FAKE_EXIT:-0}"`;
}

/** An npm that packs a Deno of the given version as the registry's package does, and notes how it was called. */
export function fakeNpm(version: string): string {
  return `echo "npm $*" >>"$CALLS"
mkdir package
cat >package/deno <<'END'
#!/bin/sh
${fakeDeno(version)}
END
chmod +x package/deno
tar -czf deno.tgz package
rm -r package`;
}

/** A machine in a temporary folder whose name holds a space; `using` removes it. */
export class Machine implements Disposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "lab machine " });
  readonly home: string = `${this.folder}/home`;
  /** The checkout: a copy of `lab` with two tasks and an experiment. */
  readonly checkout: string = `${this.folder}/checkout`;
  readonly cached: string = `${this.home}/.cache/icl-lab/deno-2.9.6/deno`;
  #calls = `${this.folder}/calls`;

  /** @param scripts Bodies of shell scripts by name; `undefined` leaves a usual one out. */
  constructor(scripts: Record<string, string | undefined> = {}) {
    for (const name of ["bin", "home", "checkout", "checkout/experiments"]) Deno.mkdirSync(`${this.folder}/${name}`);
    // A script that stands for a tool must not be written through a link to the machine's own.
    for (const tool of tools.split(" ").filter((name) => !(name in scripts))) {
      Deno.symlinkSync(findTool(tool), `${this.folder}/bin/${tool}`);
    }
    for (const [name, body] of Object.entries({ ...usual, ...scripts })) {
      if (body !== undefined) this.write(`bin/${name}`, `#!/bin/sh\n${body}\n`, 0o755);
    }
    this.write("driver.json", "{}");
    this.write("calls", "");
    Deno.copyFileSync(new URL("../../lab", import.meta.url), `${this.checkout}/lab`);
    this.write("checkout/experiments/walk.ts", "#!/usr/bin/env deno\n/**\n * Does it walk?\n *\n * Task …\n */\n");
    this.write("checkout/show.ts", "console.log(JSON.stringify(Deno.args), Deno.cwd()); Deno.exit(7);\n");
    const show = "deno run --allow-read show.ts";
    const task = (description: string) => ({ description, command: show });
    const tasks = { demo: task("Show the arguments"), check: task("Need no GPU") };
    this.write("checkout/deno.json", JSON.stringify({ name: "trial", tasks }, null, 2));
  }

  /** Writes a file in place of what was there; `path` is relative to the machine's folder. */
  write(path: string, text: string, mode = 0o644): void {
    const whole = `${this.folder}/${path}`;
    // Of a link this removes the link: writing must never reach through one to a file of the real machine.
    try {
      Deno.removeSync(whole);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    Deno.writeTextFileSync(whole, text, { mode, createNew: true });
  }

  /** Starts `lab` with the usual variables and `env`, from the checkout and by its own name unless told otherwise. */
  lab(args: string[], env: Record<string, string> = {}, from: { cwd?: string; as?: string } = {}): Outcome {
    const { code, stdout, stderr } = new Deno.Command(from.as ?? `${this.checkout}/lab`, {
      args,
      cwd: from.cwd ?? this.checkout,
      clearEnv: true,
      env: {
        PATH: `${this.folder}/bin`,
        HOME: this.home,
        TMPDIR: this.folder,
        CALLS: this.#calls,
        VK_DRIVER_FILES: `${this.folder}/driver.json`,
        ...env,
      },
    }).outputSync();
    const lines = (bytes: Uint8Array) => new TextDecoder().decode(bytes).split("\n").slice(0, -1);
    return { code, out: lines(stdout), messages: lines(stderr), calls: lines(Deno.readFileSync(this.#calls)) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** Path of a tool of the real machine. */
export function findTool(name: string): string {
  for (const folder of ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    try {
      Deno.statSync(`${folder}/${name}`);
      return `${folder}/${name}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`expected the tool ${name} in the system's folders, found none`);
}
