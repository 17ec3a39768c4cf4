/**
 * `deno task serve [RESULTS]`: a page over a folder of results, on this machine alone unless `--host` says otherwise.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { closestString } from "@std/text/closest-string";
import { reportError, UserError } from "../../io/errors.ts";
import { newToken } from "./guard.ts";
import { ResultsFolder } from "./results_folder.ts";
import { handlerFor } from "./server.ts";

const HELP = `Shows the runs of a folder in a browser, live while they train.

  deno task serve [RESULTS] [options]

  RESULTS        folder of results, or of one run [results]
  --port=N       port; 0 takes a free one [8000, or a free one where it is taken]
  --host=NAME    address to listen on, for other machines to reach; asks for a token [127.0.0.1]
  --token        ask for a token on this machine too, where others have accounts
  --help         this text

From another machine: ssh -N -L 8000:localhost:8000 SERVER, then open http://localhost:8000.`;

/** What the command line asks for. */
export interface ServeOptions {
  /** Folder of results. */
  readonly results: string;
  /** Port; `null` for the usual one or, where it is taken, a free one. */
  readonly port: number | null;
  /** Address to listen on. */
  readonly host: string;
  /** Whether to ask for a token. */
  readonly token: boolean;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
const USUAL_PORT = 8000;

/**
 * Reads the command line.
 *
 * @param args Arguments.
 * @returns What is asked for; `null` for help.
 * @throws {UserError} For an unknown option or a port out of range.
 */
export function parseServeOptions(args: readonly string[]): ServeOptions | null {
  const known = ["port", "host", "token", "help"];
  const parsed = parseArgs(args, {
    string: ["port", "host"],
    boolean: ["token", "help"],
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key === undefined) return true;
      throw new UserError(`unknown option ${arg.split("=")[0]}; did you mean --${closestString(key, known)}?`);
    },
  });
  if (parsed.help === true) return null;
  if (parsed._.length > 1) throw new UserError(`expected one folder of results, found ${parsed._.join(", ")}`);
  const port = parsed.port === undefined ? null : Number(parsed.port);
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port < 65536) || parsed.port === "") {
    throw new UserError(`expected --port to be an integer in [0, 65535], found ${JSON.stringify(parsed.port)}`);
  }
  if (parsed.host === "") throw new UserError("expected a value after --host, found none (write --host=NAME)");
  const host = String(parsed.host ?? LOOPBACK[0]);
  return {
    results: String(parsed._[0] ?? "results"),
    port,
    host,
    token: parsed.token === true || !LOOPBACK.includes(host),
  };
}

/**
 * Serves until it is told to stop.
 *
 * @param options What is asked for.
 * @param say Takes the lines that a user should see.
 * @returns The server.
 * @throws {UserError} If the folder is not there or the port is taken.
 */
export function serve(options: ServeOptions, say: (line: string) => void): Deno.HttpServer<Deno.NetAddr> {
  const folder = ResultsFolder.open(options.results);
  const token = options.token ? newToken() : null;
  let port = 0;
  const start = (wanted: number) =>
    Deno.serve(
      { port: wanted, hostname: options.host, onListen: () => {} },
      (request) => handle(request),
    );
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = start(options.port ?? USUAL_PORT);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    if (options.port !== null) throw new UserError(`expected a free port, found ${options.port} taken`);
    server = start(0);
  }
  port = server.addr.port;
  const handle = handlerFor(folder, { port, token });
  const anywhere = ["0.0.0.0", "::"].includes(options.host);
  const name = anywhere
    ? "NAME-OF-THIS-MACHINE"
    : options.host.includes(":")
    ? `[${options.host}]`
    : options.host.replace(/^127\.0\.0\.1$/, "localhost");
  say(`results: ${folder.root}`);
  say(`open:    http://${name}:${port}/${token === null ? "" : `?token=${token}`}`);
  if (token !== null) say("Whoever has this address sees the results; nothing is encrypted on the way.");
  return server;
}

if (import.meta.main) {
  try {
    const options = parseServeOptions(Deno.args);
    if (options === null) console.log(HELP);
    else {
      const server = serve(options, (line) => console.log(line));
      for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => Deno.exit(0));
      await server.finished;
    }
  } catch (error) {
    Deno.exit(reportError(error));
  }
}
