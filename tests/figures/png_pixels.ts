/** Decoder for the PNG files that tests look at: 8 bits a channel, RGBA, not interlaced. */

import { assertEquals } from "@std/assert";

/** A decoded picture: `rgba` holds 4 bytes a pixel, row by row. */
export interface Pixels {
  width: number;
  height: number;
  rgba: Uint8Array;
}

/** Decode a PNG by its specification (W3C, third edition, sections 9.2 and 11.2). */
export async function decodePng(png: Uint8Array): Promise<Pixels> {
  assertEquals([...png.slice(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  assertEquals([...png.slice(24, 29)], [8, 6, 0, 0, 0], "8-bit RGBA without interlacing");
  const parts: BlobPart[] = [];
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at)) {
    if (new TextDecoder().decode(png.slice(at + 4, at + 8)) === "IDAT") {
      parts.push(png.slice(at + 8, at + 8 + view.getUint32(at)));
    }
  }
  const inflated = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  const filtered = new Uint8Array(await new Response(inflated).arrayBuffer());
  const stride = width * 4;
  assertEquals(filtered.length, (stride + 1) * height);
  const rgba = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x < 4 ? 0 : rgba[y * stride + x - 4];
      const up = y === 0 ? 0 : rgba[(y - 1) * stride + x];
      const corner = x < 4 || y === 0 ? 0 : rgba[(y - 1) * stride + x - 4];
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      rgba[y * stride + x] = filtered[y * (stride + 1) + 1 + x] + predicted;
    }
  }
  return { width, height, rgba };
}

/** Columns that hold a pixel darker than mid-grey, and the number of such pixels. */
export function ink({ width, rgba }: Pixels): { count: number; first: number; last: number } {
  let [count, first, last] = [0, Infinity, -Infinity];
  for (let at = 0; at < rgba.length; at += 4) {
    if (rgba[at] + rgba[at + 1] + rgba[at + 2] >= 384) continue;
    const column = at / 4 % width;
    count++;
    first = Math.min(first, column);
    last = Math.max(last, column);
  }
  return { count, first, last };
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(estimate - value));
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
