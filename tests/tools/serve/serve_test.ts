import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { UserError } from "../../../lib/io/errors.ts";
import { readCommand } from "../../../lib/tools/command.ts";
import { gate } from "../../../lib/tools/serve/gate.ts";
import { command, serve, serveOptions } from "../../../lib/tools/serve/serve.ts";
import { Results } from "./runs.ts";

const parseServeOptions = (args: string[]) => {
  const asked = readCommand(command, args);
  return asked && serveOptions(asked);
};

Deno.test("stays on this machine, and asks for a token elsewhere", () => {
  assertEquals(parseServeOptions([]), { results: "results", port: null, host: "127.0.0.1", token: false, base: "" });
  assertEquals(parseServeOptions(["runs", "--port=0", "--host=0.0.0.0"]), {
    results: "runs",
    port: 0,
    host: "0.0.0.0",
    token: true,
    base: "",
  });
  assertEquals(parseServeOptions(["--base=/node/host/8000/"])?.base, "/node/host/8000");
  assertEquals(parseServeOptions(["--host=localhost", "--token"])?.token, true);
  assertEquals(parseServeOptions(["--help"]), null);
});

Deno.test("says what is wrong with a command line", () => {
  const refused = (...args: string[]) => assertThrows(() => parseServeOptions(args), UserError).message;
  assertEquals(refused("--prot=1"), "unknown option --prot; did you mean --port?");
  assertEquals(refused("--port=70000"), 'expected --port to be an integer ≥ 0 and ≤ 65535, found "70000"');
  assertEquals(refused("--port="), "expected a value after --port, found none (write --port=VALUE)");
  assertEquals(refused("--host="), "expected a value after --host, found none (write --host=VALUE)");
  assertEquals(refused("--base=x"), 'expected --base to be a path as /node/host/8000, found "x"');
  assertEquals(refused("a", "b"), "expected FOLDER, as in: ./lab serve FOLDER; found a b");
});

Deno.test("half a request is not held: the connection is closed, and others are served", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const ms = Number(new URL(request.url).searchParams.get("ms"));
    await new Promise((resolve) => setTimeout(resolve, ms));
    return new Response("whole");
  });
  const open = gate(listener, server.addr.port, { requestMs: 200, connections: 3 });
  const { port } = listener.addr as Deno.NetAddr;
  const encoder = new TextEncoder();
  const half = async (text: string) => {
    const connection = await Deno.connect({ port, hostname: "127.0.0.1" });
    await connection.write(encoder.encode(text));
    return connection;
  };
  const started = performance.now();
  const held = await Promise.all([half(""), half("GET / HTTP/1.1\r\nhost: localhost\r\n")]);
  assertEquals(
    await (await fetch(`http://127.0.0.1:${port}/?ms=500`)).text(),
    "whole",
    "a slow answer is no half request",
  );
  for (const connection of held) {
    assertEquals(await connection.read(new Uint8Array(10)).catch(() => null), null);
    connection.close();
  }
  assert(performance.now() - started < 5000);
  // One after the other on a connection that is kept: the second is held to its own time.
  const kept = await half("GET /?ms=0 HTTP/1.1\r\nhost: localhost\r\n\r\n");
  const buffer = new Uint8Array(4096);
  const first = await kept.read(buffer);
  assertMatch(new TextDecoder().decode(buffer.subarray(0, first!)), /^HTTP\/1\.1 200/);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await kept.write(encoder.encode("GET /?ms=0 HTTP/1.1\r\n"));
  while (await kept.read(buffer).catch(() => null) !== null);
  kept.close();
  listener.close();
  await open;
});

Deno.test("serves on a free port, and refuses one that is taken", async () => {
  using results = new Results();
  results.run("made_up/a");
  const lines: string[] = [];
  const options = { results: results.path, port: 0, host: "127.0.0.1", token: true, base: "" };
  const server = serve(options, (line) => lines.push(line));
  try {
    const address = lines.find((line) => line.startsWith("open:"))!;
    assertMatch(address, /^open: {4}http:\/\/localhost:\d+\/\?token=[\da-f]{32}$/);
    const open = await fetch(`http://127.0.0.1:${server.addr.port}/api/runs`);
    assertEquals(open.status, 401);
    await open.body?.cancel();
    const token = address.split("=")[1];
    const runs = await fetch(`http://127.0.0.1:${server.addr.port}/api/runs`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert((await runs.text()).includes("made_up/a"));
    const port = server.addr.port;
    assertThrows(() => serve({ ...options, port }, () => {}), UserError, `expected a free port, found ${port} taken`);
  } finally {
    await server.shutdown();
  }
});
