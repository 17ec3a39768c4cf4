/**
 * Names of file formats other than safetensors, from their first bytes.
 *
 * @module
 */

const BEGINNINGS: readonly (readonly [beginning: string, format: string])[] = [
  [
    "PK\x03\x04",
    "a zip archive, as torch.save writes; load it there and write it again with safetensors.torch.save_file",
  ],
  [
    "\x80\x02",
    "a pickle, as torch.save wrote before 1.6; load it there and write it again with safetensors.torch.save_file",
  ],
  ["\x93NUMPY", "a NumPy array; write it again with safetensors.numpy.save_file"],
  ["\x89HDF", "an HDF5 file"],
  ["GGUF", "a GGUF file"],
  ["\x1f\x8b", "a gzip archive; unpack it first"],
  ["version https://git-lfs", "a Git LFS pointer in place of the file; fetch it with git lfs pull"],
];

/**
 * Names the format of a file.
 *
 * @param start Its first bytes, some 30 of them.
 * @returns What it is, with what to do about it; `undefined` where the bytes say nothing.
 *
 * @example
 * ```ts
 * import { formatOf } from "./foreign_format.ts";
 *
 * if (formatOf(new TextEncoder().encode("<!DOCTYPE html>")) !== "an HTML or XML page") throw new Error("not known");
 * ```
 */
export function formatOf(start: Uint8Array): string | undefined {
  const text = String.fromCharCode(...start);
  if (/^\s*<[!?a-z]/i.test(text)) return "an HTML or XML page";
  return BEGINNINGS.find(([beginning]) => text.startsWith(beginning))?.[1];
}
