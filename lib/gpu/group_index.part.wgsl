// What the engine adds to every kernel: the linear index of a workgroup in a grid that the host folded into two dimensions
// (at most 65 535 workgroups each). A kernel calls group_index(workgroup_id, num_workgroups).
//
// The last row of the grid may overshoot: callers compare the result with the number of groups they need.
fn group_index(group: vec3u, groups: vec3u) -> u32 {
  return group.y * groups.x + group.x;
}
