/**
 * The characters that the figures' font has a glyph for, from its character map: any other is drawn as an empty box.
 *
 * Source: WOFF 2.0 (W3C), sections 3 to 5, and OpenType's `cmap`, formats 4 and 12.
 *
 * @module
 */
import { brotliDecompressSync } from "node:zlib";

// Files of a package resolve to a path only where the package is part of the program.
import "inter-ui/package.json" with { type: "json" };

/** Tables that the format numbers, up to the last one of which the place is needed here. */
const CMAP = 0, GLYF = 10, LOCA = 11, OTHER = 63;

/** All characters of the font's regular weight, as code points. */
export async function fontCharacters(): Promise<Set<number>> {
  const file = await Deno.readFile(new URL(import.meta.resolve("inter-ui/web/Inter-Regular.woff2")));
  return charactersOf(cmapOf(file));
}

/**
 * Characters of texts that have no glyph.
 *
 * @param node Text, or a specification with texts anywhere in it.
 * @param known Code points.
 * @returns Each once, with the text that has it.
 */
export function missingGlyphs(node: unknown, known: ReadonlySet<number>): { character: string; text: string }[] {
  if (typeof node === "string") {
    return [...new Set(node)].filter((character) => !known.has(character.codePointAt(0)!))
      .map((character) => ({ character, text: node }));
  }
  if (typeof node !== "object" || node === null) return [];
  return Object.values(node).flatMap((inner) => missingGlyphs(inner, known));
}

/** The table `cmap`, which WOFF 2.0 stores as it is among the compressed ones. */
function cmapOf(file: Uint8Array): DataView {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [tables, compressed] = [view.getUint16(12), view.getUint32(20)];
  let at = 48;
  const variable = () => {
    let value = 0;
    for (;;) {
      const byte = file[at++];
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
  };
  let start = 0;
  let found: { start: number; length: number } | undefined;
  for (let table = 0; table < tables; table++) {
    const flags = file[at++];
    const [tag, transform] = [flags & 63, flags >> 6];
    if (tag === OTHER) at += 4;
    const whole = variable();
    // Outlines are transformed unless they say 3, all else if it says something.
    const length = (tag === GLYF || tag === LOCA ? transform !== 3 : transform !== 0) ? variable() : whole;
    if (tag === CMAP) found = { start, length };
    start += length;
  }
  if (found === undefined) throw new Error("expected a font with a table cmap, found none");
  const data = brotliDecompressSync(file.subarray(at, at + compressed));
  return new DataView(data.buffer, data.byteOffset + found.start, found.length);
}

function charactersOf(cmap: DataView): Set<number> {
  const found = new Set<number>();
  for (let table = 0; table < cmap.getUint16(2); table++) {
    const at = cmap.getUint32(4 + 8 * table + 4);
    const format = cmap.getUint16(at);
    if (format === 12) {
      for (let group = 0; group < cmap.getUint32(at + 12); group++) {
        const [first, last] = [0, 4].map((offset) => cmap.getUint32(at + 16 + 12 * group + offset));
        for (let code = first; code <= last; code++) found.add(code);
      }
    } else if (format === 4) {
      const bytes = cmap.getUint16(at + 6);
      for (let offset = 0; offset < bytes; offset += 2) {
        const [last, first] = [cmap.getUint16(at + 14 + offset), cmap.getUint16(at + 16 + bytes + offset)];
        // Glyph 0 is none.
        const [delta, range] = [2, 3].map((row) => cmap.getUint16(at + 16 + row * bytes + offset));
        for (let code = first; code <= last && code < 0xffff; code++) {
          const place = at + 16 + 3 * bytes + offset + range + 2 * (code - first);
          const glyph = range === 0 ? (code + delta) & 0xffff : cmap.getUint16(place);
          if (glyph !== 0) found.add(code);
        }
      }
    }
  }
  return found;
}
