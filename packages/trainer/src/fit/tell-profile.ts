/** Writes the profile of `fit`, and its largest kernels on stderr. What goes wrong there is a warning. */
import { messageOf } from '@gradpool/storage'
import { kernelTable } from '../profile/kernel-times.js'
import { writeProfile } from '../profile/profile-file.js'
import type { TrainingProfile } from '../profile/training-profile.js'

export async function tellProfile(
  path: string,
  profiles: readonly TrainingProfile[],
  warn: (message: string) => void,
): Promise<void> {
  if (profiles.length === 0) {
    warn(`nothing was trained, so there is no profile, and '${path}' is not written`)
    return
  }
  try {
    await writeProfile(path, profiles)
    process.stderr.write(`${kernelTable(profiles)}\n`)
  } catch (error) {
    warn(messageOf(error))
  }
}
