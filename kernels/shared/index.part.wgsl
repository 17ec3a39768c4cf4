// Linear index of a workgroup in a grid that the host folded into two dimensions (at most 65 535 groups each).
//
// The last row of the grid may overshoot: callers compare the result with the number of groups they need.
fn group_index(group: vec3u, groups: vec3u) -> u32 {
  return group.y * groups.x + group.x;
}
