/** What a process ends with; design.md 3. Precedence where several hold: 130, 13, 12, 11, 2, 1, 10, 3, 0. */
export const EXIT = {
  healthy: 0,
  findings: 1,
  usage: 2,
  inconclusive: 3,
  planHasChanges: 10,
  stale: 11,
  undone: 12,
  needsPerson: 13,
  interrupted: 130,
} as const;
