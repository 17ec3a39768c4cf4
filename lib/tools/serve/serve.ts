/**
 * `./lab serve [FOLDER]`: a page over a folder of results, on this machine alone unless `--host` says otherwise.
 *
 * @module
 */
import { UserError } from "../../io/errors.ts";
import { flag, integer, text } from "../../run/options.ts";
import { type Asked, defineCommand, optional, optionalText, runCommand } from "../command.ts";
import { gate } from "./gate.ts";
import { newToken } from "./guard.ts";
import { ResultsFolder } from "./results_folder.ts";
import { handlerFor } from "./server.ts";

/** Options of the server. */
export interface ServeOptions {
  /** Folder of results. */
  readonly results: string;
  /** Port; `null` for the usual one or, where it is taken, a free one. */
  readonly port: number | null;
  /** Address to listen on. */
  readonly host: string;
  /** Whether to ask for a token. */
  readonly token: boolean;
  /** Path that a proxy leaves before every address; empty for none. */
  readonly base: string;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
const USUAL_PORT = 8000;

/** The command. */
export const command = defineCommand({
  name: "serve",
  about: "Shows the runs of a folder in a browser, live while they train.",
  options: {
    port: optional(
      integer(USUAL_PORT, { min: 0, max: 65535, help: "port, 0 for a free one; 8000, or a free one, unless given" }),
    ),
    host: {
      ...text(LOOPBACK[0], { help: "address to listen on, for other machines to reach; asks for a token" }),
      placeholder: "NAME",
    },
    token: flag("ask for a token on this machine too, where others have accounts"),
    base: optionalText("PATH", "path that a proxy leaves before every address, as /node/host/8000; most need none"),
  },
  operands: { name: "FOLDER", help: "folder of results, or of one run; results unless given", most: 1 },
  notes: "From another machine: ssh -N -L 8000:localhost:8000 SERVER, then open http://localhost:8000.",
});

/**
 * Reads the command line; a token is required everywhere but on this machine.
 *
 * @param asked Options and operands as they were given.
 * @returns The same, checked.
 * @throws {UserError} If the base is no path.
 */
export function serveOptions(
  { options, operands: [results = "results"] }: Asked<typeof command.options>,
): ServeOptions {
  const { port = null, host, token } = options;
  const base = (options.base ?? "").replace(/\/+$/, "");
  if (options.base !== undefined && !/^(?:\/[\w.~%@:-]+)+$/.test(base)) {
    throw new UserError(`expected --base to be a path as /node/host/8000, found ${JSON.stringify(options.base)}`);
  }
  return { results, port, host, token: token || !LOOPBACK.includes(host), base };
}

/** A server that is up. */
export interface Serving {
  /** Where it listens. */
  readonly addr: Deno.NetAddr;
  /** Resolves once it is down. */
  readonly finished: Promise<void>;
  /** Lets requests end and takes it down. */
  shutdown(): Promise<void>;
}

/**
 * Serves until it is told to stop.
 *
 * @param options What is asked for.
 * @param say Takes the lines that a user should see.
 * @returns The server.
 * @throws {UserError} If the folder is not there or the port is taken.
 */
export function serve(options: ServeOptions, say: (line: string) => void): Serving {
  const folder = ResultsFolder.open(options.results);
  const token = options.token ? newToken() : null;
  const listen = (port: number) => Deno.listen({ port, hostname: options.host });
  let listener: Deno.TcpListener;
  try {
    listener = listen(options.port ?? USUAL_PORT);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    if (options.port !== null) throw new UserError(`expected a free port, found ${options.port} taken`);
    listener = listen(0);
  }
  const addr = listener.addr as Deno.NetAddr;
  const { port } = addr;
  const handle = handlerFor(folder, { port, token, base: options.base });
  const server = Deno.serve({ port: 0, hostname: LOOPBACK[0], onListen: () => {} }, handle);
  const open = gate(listener, server.addr.port);
  const anywhere = ["0.0.0.0", "::"].includes(options.host);
  const name = anywhere
    ? "NAME-OF-THIS-MACHINE"
    : options.host.includes(":")
    ? `[${options.host}]`
    : options.host.replace(/^127\.0\.0\.1$/, "localhost");
  say(`results: ${folder.root}`);
  say(`open:    http://${name}:${port}/${token === null ? "" : `?token=${token}`}`);
  if (token !== null) say("Whoever has this address sees the results; nothing is encrypted on the way.");
  return {
    addr,
    finished: Promise.all([open, server.finished]).then(() => {}),
    async shutdown() {
      listener.close();
      await server.shutdown();
      await open;
    },
  };
}

if (import.meta.main) {
  await runCommand(command, async (asked) => {
    const server = serve(serveOptions(asked), (line) => console.log(line));
    for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => Deno.exit(0));
    await server.finished;
  });
}
