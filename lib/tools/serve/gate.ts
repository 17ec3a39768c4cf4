/**
 * A gate before a server: whoever begins a request and does not finish it is not held without end.
 *
 * The runtime's server waits for the rest of a request for ever, and a few hundred such clients would take every connection
 * there is. The gate passes bytes on as they are, and closes what stays half.
 *
 * @module
 */

/** Limits of a gate. */
export interface GateLimits {
  /** Time for a whole request, from its first byte or from the connection, in ms. */
  readonly requestMs: number;
  /** Time in which nothing moves in either direction, in ms. */
  readonly idleMs: number;
  /** Connections at a time. */
  readonly connections: number;
}

const LIMITS: GateLimits = { requestMs: 10_000, idleMs: 600_000, connections: 512 };
/** End of the head of a request; requests that only read have no body. */
const END = [0x0d, 0x0a, 0x0d, 0x0a];

/**
 * Passes connections on to a server on this machine.
 *
 * @param listener Where clients come.
 * @param port Port of the server.
 * @param limits Limits other than the usual ones.
 * @returns Resolves once the listener is closed.
 */
export async function gate(listener: Deno.Listener, port: number, limits: Partial<GateLimits> = {}): Promise<void> {
  const { requestMs, idleMs, connections } = { ...LIMITS, ...limits };
  let open = 0;
  for await (const client of listener) {
    if (open >= connections) {
      client.close();
      continue;
    }
    open++;
    pass(client, port, requestMs, idleMs).catch(() => {}).finally(() => open--);
  }
}

/** Joins a client with the server until one of them leaves, or a limit is reached. */
async function pass(client: Deno.Conn, port: number, requestMs: number, idleMs: number): Promise<void> {
  let server: Deno.Conn;
  try {
    server = await Deno.connect({ hostname: "127.0.0.1", port });
  } catch (error) {
    client.close();
    throw error;
  }
  let [matched, whole] = [0, false];
  let [begunAt, movedAt] = [performance.now(), performance.now()];
  const close = () => {
    for (const one of [client, server]) {
      try {
        one.close();
      } catch {
        // It has left already.
      }
    }
  };
  const timer = setInterval(() => {
    const now = performance.now();
    if (!whole && now - begunAt > requestMs || now - movedAt > idleMs) close();
  }, Math.min(1000, requestMs / 2));
  const watch = (bytes: Uint8Array) => {
    if (whole) begunAt = performance.now();
    for (const byte of bytes) {
      matched = byte === END[matched] ? matched + 1 : byte === END[0] ? 1 : 0;
      whole = matched === END.length;
      if (whole) matched = 0;
    }
  };
  const pump = async (from: Deno.Conn, to: Deno.Conn, seen?: (bytes: Uint8Array) => void) => {
    const buffer = new Uint8Array(64 << 10);
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      movedAt = performance.now();
      const bytes = buffer.subarray(0, count);
      seen?.(bytes);
      for (let done = 0; done < count;) done += await to.write(bytes.subarray(done));
    }
    await to.closeWrite();
  };
  try {
    await Promise.all([pump(client, server, watch), pump(server, client)]);
  } finally {
    clearInterval(timer);
    close();
  }
}
