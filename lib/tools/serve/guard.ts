/**
 * Who may ask: reading requests only, under a name that is this machine's, and with the token where one is asked for.
 *
 * @module
 */
import { type Cookie, getCookies } from "@std/http/cookie";
import { Refusal } from "./refusal.ts";

/** Port, token and base path that a request must bring. */
export interface Terms {
  /** The port, which tells the cookies of several servers on a machine apart. */
  readonly port: number;
  /** The token; `null` where none is asked for. */
  readonly token: string | null;
  /** Path that a proxy leaves before every address, as `/user/me/proxy/8000`; none unless given. */
  readonly base?: string;
}

/** A request that has shown the token in its address: the browser is sent on with a cookie instead. */
export interface Login {
  /** Address without the token, relative to the one asked for: a proxy may have put a path before it. */
  readonly location: string;
  /** The cookie that stands for the token, for the folder of the address. */
  readonly cookie: Cookie;
}

const IP = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/i;

/**
 * Checks a request before anything is looked up.
 *
 * Without a token, the name that the browser was led to must be `localhost` or an address: a page elsewhere that has its
 * own name point here (DNS rebinding) is refused. With a token there is nothing to rebind, as the cookie belongs to the
 * name it was given under.
 *
 * @param request The request.
 * @param terms What it must bring.
 * @returns A login where the token stands in the address, else `null`.
 * @throws {Refusal} 405, 421 or 401.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { guard } from "./guard.ts";
 *
 * const request = new Request("http://rebound.example:8000/", { headers: { host: "rebound.example:8000" } });
 * assertThrows(() => guard(request, { port: 8000, token: null }), Error, "expected localhost");
 * ```
 */
export function guard(request: Request, { port, token }: Terms): Login | null {
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new Refusal(405, `expected GET, found ${request.method}`);
  }
  const url = new URL(request.url);
  if (token === null) {
    const host = (request.headers.get("host") ?? url.host).replace(/:\d+$/, "").toLowerCase();
    if (host === "localhost" || host.endsWith(".localhost") || IP.test(host)) return null;
    throw new Refusal(421, "expected localhost or an address as the name of this server");
  }
  const shown = url.searchParams.get("token");
  const name = `icl-lab-${port}`;
  if (shown !== null && same(shown, token)) {
    url.searchParams.delete("token");
    // After ./ nothing is read as another server's name or as a scheme.
    const location = `./${url.pathname.split("/").at(-1)}${url.search}`;
    return { location, cookie: { name, value: token, httpOnly: true, sameSite: "Strict" } };
  }
  const bearer = request.headers.get("authorization")?.match(/^Bearer (.+)$/)?.[1];
  if (same(bearer ?? cookiesOf(request)[name] ?? "", token)) return null;
  throw new Refusal(401, "expected a token: open the address that was printed when this server started");
}

function cookiesOf({ headers }: Request): Record<string, string> {
  try {
    return getCookies(headers);
  } catch {
    return {}; // A header that is none.
  }
}

/** A token of 128 random bits. */
export function newToken(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Takes equally long whatever the first difference is. */
function same(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < b.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  return difference === 0;
}
