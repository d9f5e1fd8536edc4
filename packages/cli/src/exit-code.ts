/** What the process says at its end to whoever started it. */
export const exitCode = {
  done: 0,
  /** An experiment failed, or something that was asked for was not done. */
  failed: 1,
  /** Something the user can mend: an option, a name, a file. */
  userMistake: 2,
  /** The time that `--max-minutes` gave is over; as of timeout(1). */
  timeUp: 124,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const
