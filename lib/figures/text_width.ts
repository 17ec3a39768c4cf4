/**
 * Width of a text in the figures' type face, so that layout does not depend on which fonts a machine has.
 *
 * Without a canvas Vega assumes 0.8 em a character, which pushes axis titles and legends far away. These are the advance
 * widths of Inter 4.1 Regular for the printable ASCII characters from space to "~", in thousandths of the font size.
 */
// deno-fmt-ignore
const ADVANCES = [
  281, 288, 466, 633, 642, 982, 644, 300, 365, 365, 645, 662, 288, 460, 288, 360, 631, 407, 610, 618, 646, 593, 620, 566,
  619, 620, 288, 302, 662, 662, 662, 511, 966, 690, 654, 730, 722, 601, 590, 746, 743, 269, 571, 672, 565, 903, 753, 765,
  639, 765, 644, 642, 646, 744, 690, 985, 682, 679, 629, 365, 360, 365, 471, 456, 323, 562, 612, 571, 612, 583, 370, 613,
  591, 242, 242, 549, 242, 876, 591, 600, 612, 612, 376, 528, 327, 591, 562, 818, 546, 562, 552, 426, 333, 426, 662,
];

/** Means of what else figures use: raised and lowered digits; Greek letters and mathematical signs. */
const SCRIPT_ADVANCE = 445;
const OTHER_ADVANCE = 620;
const SCRIPT = /[¹²³\u2070-\u209f]/;

/** Width of SemiBold over that of Regular. */
const BOLD_FACTOR = 1.03;

/**
 * Width of a line of text set in Inter.
 *
 * @param text One line.
 * @param fontSize Pixels, ≥ 0.
 * @param bold Whether the line is SemiBold or bolder.
 * @returns Pixels, within a few per cent of the drawn width (kerning is not applied).
 *
 * @example
 * ```ts
 * import { textWidth } from "./text_width.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(textWidth("SGD", 10, false), 21.1, 1e-9);
 * ```
 */
export function textWidth(text: string, fontSize: number, bold: boolean): number {
  let thousandths = 0;
  for (const character of text) {
    thousandths += ADVANCES[character.charCodeAt(0) - 32] ??
      (SCRIPT.test(character) ? SCRIPT_ADVANCE : OTHER_ADVANCE);
  }
  return thousandths / 1000 * fontSize * (bold ? BOLD_FACTOR : 1);
}
