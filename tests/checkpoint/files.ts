/**
 * Safetensors files by hand, good and bad.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** Path of a file that PyTorch has written, see make_fixtures.py. */
export function fixture(name: string): string {
  return fromFileUrl(import.meta.resolve(`./fixtures/${name}`));
}

/** Bytes of a file with this header and `dataBytes` zeros behind it. */
export function fileOf(header: string | Uint8Array, dataBytes = 0, claimed?: bigint): Uint8Array<ArrayBuffer> {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

/** Runs a test in a folder of its own. */
export async function inFolder(use: (root: string) => void | Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync();
  try {
    await use(root);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

/** Names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}
