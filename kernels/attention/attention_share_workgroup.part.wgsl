// A block of rows of two matrices in workgroup memory, which the lanes load together.
const LANES: u32 = 64u;
const KEYS: u32 = 8u;
// Pieces that follow those of a left row.
const EXTRA: u32 = 0u;
const LEFT: u32 = PIECES + EXTRA;
var<workgroup> left: array<vec4f, KEYS * LEFT>;
var<workgroup> right: array<vec4f, KEYS * PIECES>;

fn share(head: Head, first: u32, lane: u32) {
  workgroupBarrier();
  for (var e = lane; e < KEYS * LEFT; e += LANES) {
    left[e] = left_piece(head, first + e / LEFT, e % LEFT);
  }
  for (var e = lane; e < KEYS * PIECES; e += LANES) {
    right[e] = right_piece(head, first + e / PIECES, e % PIECES);
  }
  workgroupBarrier();
}
