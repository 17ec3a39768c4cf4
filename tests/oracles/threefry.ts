/** Published outputs of the random number generator. */
import type { Words } from "../../lib/random/random.ts";

/** Random123's kat_vectors for threefry4x32 with 13 rounds: counter, key, result. */
export const KNOWN_ANSWERS: readonly [Words, Words, Words][] = [
  [[0, 0, 0, 0], [0, 0, 0, 0], [0x531c7e4f, 0x39491ee5, 0x2c855a92, 0x3d6abf9a]],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xc4189358, 0x1c9cc83a, 0xd5881c67, 0x6a0a89e0],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
    [0x4aa71d8f, 0x734738c2, 0x431fc6a8, 0xae6debf1],
  ],
];
