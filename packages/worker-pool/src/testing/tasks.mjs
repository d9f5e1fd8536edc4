/** Tasks of a test's threads: numbers that are doubled, and what may befall a thread. */
import { setTimeout } from 'node:timers/promises'

export async function double(task) {
  if (task === 'throw') throw new Error('a fault of the task')
  if (task === 'exit') process.exit(7)
  if (task === 'hang') await setTimeout(60_000)
  if (task === 'loop') for (;;);
  return 2 * task
}
