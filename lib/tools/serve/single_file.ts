/**
 * Parts of pages that are one file: scripts without imports of each other, safe inside their element, and known by their hash.
 *
 * @module
 */
import { asset } from "./assets.ts";

/**
 * Text of an asset that must be there.
 *
 * @param name A bundle, or a file of `page/`.
 * @returns Its text.
 * @throws {Error} If there is no such asset.
 */
export function assetText(name: string): string {
  const found = asset(name);
  if (found === null) throw new Error(`expected an asset named ${name}, found none`);
  return found;
}

/** Modules of one page need no imports of each other. */
export function standalone(module: string): string {
  return module.replaceAll(/^import [^;]*;\n/gm, "").replaceAll(/^export /gm, "");
}

/** Escapes ends of script elements, and what hides them, so that they mean the same in a string. */
export function inScript(code: string): string {
  return code.replaceAll(/<\/(script)/gi, "<\\/$1").replaceAll("<!--", "<\\!--");
}

/**
 * Content security policy of a page that is one file: its own scripts and style, by their hashes, and pictures within it.
 *
 * @param scripts Code of its script elements.
 * @param style Its style sheet.
 * @param more A further directive, such as `worker-src blob:`.
 * @returns Content of the meta element.
 */
export async function policyOf(scripts: readonly string[], style: string, more?: string): Promise<string> {
  const hashes = await Promise.all(scripts.map(hashOf));
  return [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
    ...(more === undefined ? [] : [more]),
    `style-src ${await hashOf(style)}`,
    "img-src data: blob:",
  ].join("; ");
}

/** Source expression of a content security policy that admits this content alone. */
async function hashOf(content: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(content)));
  return `'sha256-${btoa(String.fromCharCode(...digest))}'`;
}
